import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { Kinesis } from "@aws-sdk/client-kinesis";
import fc from "fast-check";
import { KinesisError, type PutEntry, SdkKinesis } from "../../../src/kinesis/mod.ts";

/** A request as it is sent. */
interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

/** A client that gets `body` as the answer to everything, and what it has sent. */
function answering(body: string | Uint8Array | Readable, status = 200) {
  const sent: Sent[] = [];
  const client = new Kinesis({
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: Sent) => {
        sent.push(request);
        const bytes = typeof body === "string" ? Buffer.from(body) : body;
        return Promise.resolve({ response: { statusCode: status, headers: {}, body: bytes } });
      },
    } as never,
  });
  return { client, sent };
}

const entry = fc.record({
  partitionKey: fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom('"', "\\", "\u0000\n\u2028", "\ud800", "</script>", "é😀"),
  ),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    // A part of a larger memory.
    fc.uint8Array({ minLength: 9, maxLength: 50 }).map((bytes) => bytes.subarray(3, -3)),
  ),
});

const GOOD = { ShardId: "shardId-0", SequenceNumber: "1" };

/** An answer with a result for each of a number of records. */
function answerTo(count: number): string {
  return JSON.stringify({ FailedRecordCount: 0, Records: Array(count).fill(GOOD) });
}

/** The headers that are the same for equal records; those of the body must fit it. */
function headersOf({ headers, body }: Sent): Record<string, string> {
  const { authorization, ...others } = headers;
  for (const name of ["amz-sdk-invocation-id", "x-amz-content-sha256", "x-amz-date"]) {
    delete others[name];
  }
  equal(headers["x-amz-content-sha256"], createHash("sha256").update(body).digest("hex"));
  equal(headers["content-length"], String(Buffer.byteLength(body)));
  return { ...others, signed: /SignedHeaders=([^,]+)/.exec(authorization!)![1]! };
}

Deno.test("SdkKinesis.putRecords() sends what the SDK sends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.stringMatching(/^[\w.-]{1,128}$/),
      fc.array(entry, { minLength: 1, maxLength: 20 }),
      async (stream, entries) => {
        const { client, sent } = answering(answerTo(entries.length));
        const Records = entries.map(({ partitionKey, data }) => ({
          PartitionKey: partitionKey,
          Data: data,
        }));
        await client.putRecords({ StreamName: stream, Records });
        const results = await new SdkKinesis(client).putRecords(stream, entries);
        equal(results.length, entries.length);
        const [bySdk, byUs] = sent as [Sent, Sent];
        deepEqual(JSON.parse(String(Buffer.from(byUs.body))), JSON.parse(String(bySdk.body)));
        deepEqual(headersOf(byUs), headersOf(bySdk));
        deepEqual([byUs.method, byUs.path], [bySdk.method, bySdk.path]);
      },
    ),
    { numRuns: 200 },
  );
});

const result = fc.oneof(
  fc.record({ ShardId: fc.string(), SequenceNumber: fc.stringMatching(/^\d{1,56}$/) }),
  fc.record({
    ErrorCode: fc.constantFrom("InternalFailure", "ProvisionedThroughputExceededException"),
    ErrorMessage: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
  }),
  fc.constant({ ...GOOD, ErrorCode: null, ErrorMessage: null, EncryptionType: "KMS" }),
);

Deno.test("SdkKinesis.putRecords() reads of each result what the SDK reads", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(result, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 300 }),
      async (Records, size) => {
        const text = Buffer.from(JSON.stringify({ FailedRecordCount: 1, Records }));
        const { Records: expected = [] } = await answering(text).client.putRecords({
          StreamName: "clicks",
          Records: [],
        });
        const pieces = Array.from(
          { length: Math.ceil(text.length / size) },
          (_, i) => text.subarray(i * size, (i + 1) * size),
        );
        for (const body of [text, Readable.from(pieces)]) {
          const kinesis = new SdkKinesis(answering(body).client);
          const results = await kinesis.putRecords("clicks", entriesOf(Records.length));
          deepEqual(
            results,
            expected.map(({ ErrorCode: code, ErrorMessage: message = "", ...accepted }) =>
              code ? { ok: false, code, message } : {
                ok: true,
                shardId: accepted.ShardId,
                sequenceNumber: accepted.SequenceNumber,
              }
            ),
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});

function entriesOf(count: number): PutEntry[] {
  return Array.from({ length: count }, () => ({ partitionKey: "a", data: Uint8Array.of(0x80) }));
}

Deno.test("SdkKinesis.putRecords() takes no part of an answer for what it is not", async () => {
  const bodies = [
    ...["", "{}", "null", "5", '"Records"', '{"Records":null}', '{"Records":""}'],
    ...['{"Records":{}}', '{"Records":[]}', '{"Records":[null]}', '{"Records":[5]}'],
    ...[
      '{"Records":[{}]}',
      '{"Records":[{"ShardId":"1"}]}',
      '{"Records":[{"SequenceNumber":"1"}]}',
    ],
    answerTo(2),
  ];
  for (const body of bodies) {
    const kinesis = new SdkKinesis(answering(body).client);
    await rejects(kinesis.putRecords("clicks", entriesOf(1)), (error) => {
      ok(error instanceof KinesisError);
      deepEqual([error.code, error.retryable], ["InvalidAnswer", true], body);
      ok(error.message.startsWith('Cannot put 1 records into stream "clicks": the response lacks'));
      return true;
    });
  }
});

Deno.test("SdkKinesis.putRecords() reports an answer that cannot be read, with its status", async () => {
  for (const body of ["<html>", answerTo(1).slice(0, -1), "\ufeff"]) {
    const kinesis = new SdkKinesis(answering(body).client);
    await rejects(kinesis.putRecords("clicks", entriesOf(1)), (error) => {
      ok(error instanceof KinesisError);
      deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
      ok(error.message.startsWith(
        'Cannot put 1 records into stream "clicks": the response with status 200 cannot be read (',
      ));
      return true;
    });
  }
});

Deno.test("SdkKinesis.putRecords() leaves refusals to the SDK", async () => {
  const body = '{"__type":"ResourceNotFoundException","message":"Stream clicks not found."}';
  const kinesis = new SdkKinesis(answering(body, 400).client);
  await rejects(kinesis.putRecords("clicks", entriesOf(1)), {
    name: "KinesisError",
    code: "ResourceNotFoundException",
    retryable: false,
    message: 'Cannot put 1 records into stream "clicks": ResourceNotFoundException: ' +
      "Stream clicks not found",
  });
});
