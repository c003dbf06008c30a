import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { GetRecordsCommand, Kinesis } from "@aws-sdk/client-kinesis";
import fc from "fast-check";
import {
  AnswerParser,
  type ReceivedAnswer,
  sendGetRecords,
} from "../../src/kinesis/get_records.ts";
import { SdkKinesis } from "../../src/kinesis/mod.ts";
import type { SequenceNumber } from "../../src/record.ts";

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

/** What the SDK makes of a body. */
async function bySdk(body: string): Promise<ReceivedAnswer> {
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

function byParser(body: string | Uint8Array, chunkSize: number, piece: number): ReceivedAnswer {
  const parser = new AnswerParser(piece);
  const bytes = Buffer.from(body as string);
  for (let at = 0; at < bytes.length; at += chunkSize) {
    parser.push(bytes.subarray(at, at + chunkSize));
  }
  return parser.end();
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

Deno.test("AnswerParser reads what the SDK reads, however it comes and is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      body,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 1_000 }),
      async (body, chunkSize, piece) =>
        deepEqual(byParser(body, chunkSize, piece), await bySdk(body)),
    ),
    { numRuns: 500 },
  );
});

Deno.test("AnswerParser refuses what is damaged, in any piece", () => {
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
      throws(() => byParser(body, 7, piece), SyntaxError, `${piece} ${body}`);
    }
  }
});

Deno.test("AnswerParser reads of each damaged answer what JSON.parse reads of it", () => {
  const record = {
    ...{ SequenceNumber: "12", PartitionKey: "\\é", Data: "AAAAAAAAAAAAAAAAAAAAAA==" },
    ApproximateArrivalTimestamp: 1.5,
  };
  const records = [record, { ...record, EncryptionType: "KMS" }, record];
  const whole = Buffer.from(JSON.stringify({ Records: records, MillisBehindLatest: 0 }));
  const read = (bytes: Uint8Array, piece: number) => {
    try {
      return byParser(bytes, 50, piece);
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
    if (byJson !== "refused") good++;
  }
  ok(good > 500);
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.subarray(0, length);
    deepEqual(read(cut, 1), read(cut, Infinity));
  }
});

Deno.test("AnswerParser looks for records in the answer itself, not in a part of it", () => {
  const record = (name: string) => ({
    ...{ SequenceNumber: "1", PartitionKey: name, Data: "" },
    ApproximateArrivalTimestamp: 1,
  });
  const inner = ["a", "b", "c"].map(record);
  const outer = ["d", "e", "f"].map(record);
  for (const Other of [{ Records: inner }, [{ Records: inner }]]) {
    for (const body of [{ Other, Records: outer }, { Records: outer, Other }]) {
      const { Records } = byParser(JSON.stringify(body), 7, 1);
      deepEqual(Records?.map(({ partitionKey }) => partitionKey), ["d", "e", "f"]);
    }
  }
});

Deno.test("sendGetRecords() gives the SDK's answer, of an answer of many pieces too", async () => {
  const records = Array.from({ length: 5_000 }, (_, i) => ({
    SequenceNumber: `${i}`,
    PartitionKey: `key ${i} },{" é`,
    Data: Buffer.alloc(i % 700, i).toString("base64"),
    ApproximateArrivalTimestamp: 1_795_415_430.123 + i / 1_000,
  }));
  const body = JSON.stringify({ MillisBehindLatest: 5, NextShardIterator: "n", Records: records });
  const command = new GetRecordsCommand({ ShardIterator: "i" });
  const { serverTime, ...answer } = await sendGetRecords(answering(body, 65_536), command, {});
  deepEqual([serverTime, answer], [undefined, await bySdk(body)]);
});

Deno.test("SdkKinesis.getRecords() says that a record is damaged", async () => {
  const damaged = { SequenceNumber: "1", PartitionKey: "a", Data: "?" };
  await rejects(new SdkKinesis(answering(JSON.stringify({ Records: [damaged] }))).getRecords("i"), {
    code: "InvalidAnswer",
    retryable: true,
    message: "Cannot read from a shard: the answer with status 200 cannot be read " +
      "(Cannot read a record's data: it is not base64)",
  });
  equal(
    (await new SdkKinesis(answering('{"Records":[],"MillisBehindLatest":0}')).getRecords("i"))
      .records.length,
    0,
  );
});
