import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { Kinesis } from "@aws-sdk/client-kinesis";
import fc from "fast-check";
import { type ReceivedResponse, ResponseParser } from "../../../src/kinesis/sdk/response_parser.ts";
import {
  type GetRecordsOptions,
  type KinesisRecord,
  SdkKinesis,
} from "../../../src/kinesis/mod.ts";
import type { ReceivedRecord } from "../../../src/kinesis/sdk/received_record.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";

/** A client that gets `body` as the answer to everything, in pieces of `size` bytes. */
function answering(body: string, size = 1_000): Kinesis {
  const bytes = Buffer.from(body);
  const chunks = Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, i) => bytes.subarray(i * size, (i + 1) * size),
  );
  const response = { statusCode: 200, headers: {} };
  return new Kinesis({
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
    requestHandler: {
      handle: () => Promise.resolve({ response: { ...response, body: Readable.from(chunks) } }),
    } as never,
  });
}

/** An answer with its records. */
type WholeAnswer = ReceivedResponse & { readonly Records?: readonly ReceivedRecord[] };

/** What the SDK makes of a body. */
async function bySdk(body: string): Promise<WholeAnswer> {
  const { $metadata: _, Records, ...output } = await answering(body).getRecords({
    ShardIterator: "i",
  });
  if (Records === undefined) return output;
  const records = Records.map((record) => ({
    sequenceNumber: record.SequenceNumber as SequenceNumber,
    partitionKey: record.PartitionKey,
    data: record.Data,
    arrivedAt: record.ApproximateArrivalTimestamp,
  }));
  return { ...output, Records: records };
}

function byParser(
  body: string | Uint8Array,
  chunkSize: number,
  options: { readonly piece: number; readonly window?: number },
): WholeAnswer {
  const parser = new ResponseParser(options);
  const bytes = Buffer.from(body as string);
  const records: ReceivedRecord[] = [];
  const take = () => {
    for (let next = parser.next(); next !== undefined; next = parser.next()) records.push(...next);
  };
  for (let at = 0; at < bytes.length; at += chunkSize) {
    parser.push(bytes.subarray(at, at + chunkSize));
    take();
  }
  parser.end();
  take();
  const { hasRecords, ...rest } = parser.rest!;
  return hasRecords ? { ...rest, Records: records } : rest;
}

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  // What a piece might be cut at, or records be looked for.
  fc.constantFrom('},{"', '"}],[{"', '"Records":[', '\\"Records\\":[{"', "[", "]", "\\", ""),
);
const record = fc.record({
  SequenceNumber: fc.stringMatching(/^\d{1,56}$/),
  PartitionKey: text,
  Data: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  ApproximateArrivalTimestamp: fc.double({ min: 0, max: 4e9, noNaN: true }),
  EncryptionType: fc.option(fc.constantFrom("NONE", "KMS"), { nil: undefined }),
});
const shard = fc.record({
  ShardId: text,
  ParentShards: fc.array(text),
  HashKeyRange: fc.record({ StartingHashKey: text, EndingHashKey: text }),
});
/** Bodies whose parts come in any order, some of them missing. */
const body = fc.record({
  Records: fc.array(record, { maxLength: 30 }),
  NextShardIterator: fc.option(text, { nil: undefined }),
  MillisBehindLatest: fc.nat(),
  ChildShards: fc.option(fc.array(shard), { nil: undefined }),
  order: fc.shuffledSubarray(["Records", "NextShardIterator", "MillisBehindLatest", "ChildShards"]),
  spaces: fc.constantFrom(0, 0, 0, 1),
}).map(({ order, spaces, ...parts }) =>
  JSON.stringify(
    Object.fromEntries(order.map((name) => [name, parts[name as keyof typeof parts]])),
    null,
    spaces,
  )
);

Deno.test("ResponseParser reads what the SDK reads, however it comes and is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      body,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 500 }),
      async (body, chunkSize, piece, window) =>
        deepEqual(byParser(body, chunkSize, { piece, window }), await bySdk(body)),
    ),
    { numRuns: 500 },
  );
});

Deno.test("ResponseParser refuses what is damaged, in any piece", () => {
  const good = {
    ...{ SequenceNumber: "1", PartitionKey: "a", Data: "AAAA" },
    ApproximateArrivalTimestamp: 1,
  };
  const bodyOf = (bad: unknown) => JSON.stringify({ Records: [good, bad, good, good] });
  const bodies = [
    ...["AAA", "AA=A", "A AA", "AAA\n", "é", "====", "A==="].map((Data) =>
      bodyOf({ ...good, Data })
    ),
    bodyOf({ ...good, ApproximateArrivalTimestamp: "soon" }),
    bodyOf({ ...good, ApproximateArrivalTimestamp: 1e13 }), // no Date goes so far
    bodyOf({ ...good, ApproximateArrivalTimestamp: -1e300 }),
    bodyOf(good).slice(0, -1),
    `${bodyOf(good)}]`,
    bodyOf(good).replace("},{", "}{"),
    "<html>",
  ];
  for (const body of bodies) {
    for (const piece of [1, 60, 1_000]) {
      for (const window of [100, 262_144]) {
        throws(() => byParser(body, 7, { piece, window }), SyntaxError, `${piece} ${body}`);
      }
    }
  }
});

Deno.test("ResponseParser reads of each damaged answer what JSON.parse reads of it", () => {
  const record = {
    ...{ SequenceNumber: "12", PartitionKey: "\\é", Data: "AAAAAAAAAAAAAAAAAAAAAA==" },
    ApproximateArrivalTimestamp: 1.5,
  };
  const records = [record, { ...record, EncryptionType: "KMS" }, record];
  const whole = Buffer.from(JSON.stringify({ Records: records, MillisBehindLatest: 0 }));
  const read = (bytes: Uint8Array, piece: number, window?: number) => {
    try {
      return byParser(bytes, 50, { piece, window });
    } catch (error) {
      ok(error instanceof SyntaxError, String(error));
      return "refused";
    }
  };
  let good = 0;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const byJson = read(flipped, Infinity);
    deepEqual(read(flipped, 1), byJson, `${flipped}`);
    deepEqual(read(flipped, 1, 100), byJson, `${flipped}`);
    if (byJson !== "refused") good++;
  }
  ok(good > 500);
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.subarray(0, length);
    deepEqual(read(cut, 1), read(cut, Infinity));
    deepEqual(read(cut, 1, 100), read(cut, Infinity));
  }
});

Deno.test("ResponseParser looks for records in the answer itself, not in a part of it", () => {
  const record = (name: string) => ({
    ...{ SequenceNumber: "1", PartitionKey: name, Data: "" },
    ApproximateArrivalTimestamp: 1,
  });
  const inner = ["a", "b", "c"].map(record);
  const outer = ["d", "e", "f"].map(record);
  for (const Other of [{ Records: inner }, [{ Records: inner }]]) {
    for (const body of [{ Other, Records: outer }, { Records: outer, Other }]) {
      const { Records } = byParser(JSON.stringify(body), 7, { piece: 1 });
      deepEqual(Records?.map(({ partitionKey }) => partitionKey), ["d", "e", "f"]);
    }
  }
});

/** A body of many pieces, some of whose records are of several pieces themselves. */
function longBody(count = 5_000): string {
  const records = Array.from({ length: count }, (_, i) => ({
    SequenceNumber: `${i}`,
    PartitionKey: `key ${i} },{" é`,
    Data: Buffer.alloc(i % 1_000 === 999 ? 900_000 + i : i % 700, i).toString("base64"),
    ApproximateArrivalTimestamp: 1_795_415_430 + i / 8,
  }));
  return JSON.stringify({ MillisBehindLatest: 5, NextShardIterator: "n", Records: records });
}

Deno.test("SdkKinesis.getRecords() gives the SDK's answer, of an answer of many pieces too", async () => {
  const body = longBody();
  const { records, ...batch } = await new SdkKinesis(answering(body, 65_536)).getRecords("i");
  const { Records } = await bySdk(body);
  deepEqual(records, Records);
  deepEqual(batch, { nextIterator: "n", millisBehindLatest: 5, serverTime: undefined });
});

Deno.test("SdkKinesis.getRecords() hands records over while they come, and frees their data", async () => {
  const body = longBody();
  const seen: KinesisRecord[] = [];
  const copies: KinesisRecord[] = [];
  const kinesis = new SdkKinesis(answering(body, 65_536));
  const { records } = await kinesis.getRecords("i", {
    onRecords: (piece) => {
      const records = [...piece.records];
      seen.push(...records);
      copies.push(...records.map((record) => ({ ...record, data: record.data.slice() })));
      const size = records.reduce((sum, { data }) => sum + data.length, 0);
      ok(size < 2_200_000, `${size} bytes at once`);
      return Promise.resolve();
    },
  });
  deepEqual(records, []);
  deepEqual(copies, (await bySdk(body)).Records);
  const held = seen.reduce((sum, { data }) => sum + data.length, 0);
  ok(held < 1_000, `${held} bytes are still there`);
});

Deno.test("SdkKinesis.getRecords() throws what the taker of records throws, as it is", async () => {
  const kinesis = new SdkKinesis(answering(longBody(100), 65_536));
  const refusal = new TypeError("enough");
  const seen: KinesisRecord[] = [];
  const onRecords: GetRecordsOptions["onRecords"] = ({ records }) => {
    seen.push(...records);
    return Promise.reject(refusal);
  };
  await rejects(kinesis.getRecords("i", { onRecords }), (error) => error === refusal);
  ok(seen.length > 0);
  deepEqual(seen.filter(({ data }) => data.length > 0), [], "their data is freed");
});

Deno.test("SdkKinesis.getRecords() decodes two answers at a time", async () => {
  const kinesis = new SdkKinesis(answering(longBody(10), 65_536));
  const calls = Array.from({ length: 4 }, () => ({
    begun: Promise.withResolvers<void>(),
    taken: Promise.withResolvers<void>(),
  }));
  let begun = 0;
  const answers = calls.map((call) => {
    let hasBegun = false;
    return kinesis.getRecords("i", {
      onRecords: () => {
        if (!hasBegun) begun++;
        hasBegun = true;
        call.begun.resolve();
        return call.taken.promise;
      },
    });
  });
  for (const [n, { taken }] of calls.entries()) {
    const expected = Math.min(n + 2, calls.length);
    await calls[expected - 1]!.begun.promise;
    equal(begun >= expected && begun <= expected + 1, true);
    taken.resolve();
    await answers[n];
  }
});

Deno.test("SdkKinesis.getRecords() says that a record is damaged", async () => {
  const damaged = { SequenceNumber: "1", PartitionKey: "a", Data: "?" };
  await rejects(new SdkKinesis(answering(JSON.stringify({ Records: [damaged] }))).getRecords("i"), {
    code: "InvalidAnswer",
    retryable: true,
    message: "Cannot read from a shard: the response with status 200 cannot be read " +
      "(Cannot read a record's data: it is not base64)",
  });
  equal(
    (await new SdkKinesis(answering('{"Records":[],"MillisBehindLatest":0}')).getRecords("i"))
      .records.length,
    0,
  );
});
