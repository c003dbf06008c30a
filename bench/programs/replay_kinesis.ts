/**
 * A Kinesis whose shards repeat one page of events: it serves any amount at almost no cost, while a
 * real local server would have to store everything. Shards are closed, so a reader reaches their end;
 * only streams whose names begin with `quiet` are open and have no records. It accepts records, too,
 * and forgets them.
 *
 * `deno run -A replay_kinesis.ts SHARDS RECORDS_PER_SHARD` prints its URL, and exits when its standard
 * input ends.
 *
 * @module
 */

import { makeEvents } from "../support/events.ts";
import { serveWhileWanted } from "./serve.ts";

/** The most records per response, as in the real service. */
const MAX_RECORDS = 10_000;

/** How the names of streams begin in which nothing arrives; their iterator. */
const QUIET = "quiet";

const [shardCount, recordsPerShard] = Deno.args.map(Number) as [number, number];
const encoder = new TextEncoder();
const createdAt = Date.now() / 1000;

/** A page of records as JSON, and where the sequence number and the end of each record are. */
interface Page {
  readonly bytes: Uint8Array;
  readonly numbers: readonly number[];
  readonly ends: readonly number[];
}

const page = makePage();

function makePage(): Page {
  const parts: string[] = [];
  const numbers: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const [n, event] of makeEvents(MAX_RECORDS).entries()) {
    const head = `${n === 0 ? "" : ","}{"ApproximateArrivalTimestamp":${createdAt},` +
      `"Data":"${event.toBase64()}","PartitionKey":"user-${n}","SequenceNumber":"`;
    parts.push(head, sequenceNumber(0), '"}');
    numbers.push(at + head.length);
    at += head.length + sequenceNumber(0).length + 2;
    ends.push(at);
  }
  return { bytes: encoder.encode(parts.join("")), numbers, ends };
}

/** The sequence number of a record: 56 digits, as in the real service. */
function sequenceNumber(index: number): string {
  return `49${String(index + 1).padStart(54, "0")}`;
}

/** The response with the records from `from` on. */
function recordsAnswer(shard: number, from: number, limit: number): Uint8Array {
  const count = Math.min(limit, MAX_RECORDS, recordsPerShard - from);
  const next = from + count;
  const more = next < recordsPerShard ? `,"NextShardIterator":"${shard}:${next}"` : "";
  const behind = next < recordsPerShard ? 60_000 : 0;
  const head = encoder.encode('{"Records":[');
  const tail = encoder.encode(`],"MillisBehindLatest":${behind}${more}}`);
  const length = count === 0 ? 0 : page.ends[count - 1]!;
  const body = new Uint8Array(head.length + length + tail.length);
  body.set(head);
  body.set(page.bytes.subarray(0, length), head.length);
  body.set(tail, head.length + length);
  for (let n = 0; n < count; n++) {
    encoder.encodeInto(sequenceNumber(from + n), body.subarray(head.length + page.numbers[n]!));
  }
  return body;
}

/** The response of a quiet stream. */
const NOTHING = JSON.stringify({
  Records: [],
  MillisBehindLatest: 0,
  NextShardIterator: QUIET,
});

function shardId(n: number): string {
  return `shardId-${String(n).padStart(12, "0")}`;
}

/** Whether nothing ever arrives in a stream. */
function isQuiet(stream: unknown): boolean {
  return String(stream).startsWith(QUIET);
}

function shardsAnswer(stream: unknown): unknown {
  const end = isQuiet(stream) ? {} : { EndingSequenceNumber: sequenceNumber(recordsPerShard) };
  const Shards = Array.from({ length: shardCount }, (_, n) => ({
    ShardId: shardId(n),
    HashKeyRange: { StartingHashKey: String(n), EndingHashKey: String(n) },
    SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(-1), ...end },
  }));
  return { Shards };
}

function answer(operation: string, input: Record<string, unknown>): unknown {
  switch (operation) {
    case "DescribeStreamSummary":
      return {
        StreamDescriptionSummary: {
          StreamName: input.StreamName,
          StreamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/replay",
          StreamStatus: "ACTIVE",
          RetentionPeriodHours: 24,
          StreamCreationTimestamp: createdAt,
          EnhancedMonitoring: [],
          OpenShardCount: 0,
        },
      };
    case "ListShards":
      return shardsAnswer(input.StreamName);
    case "PutRecords": {
      const Records = (input.Records as unknown[]).map(() => ({
        ShardId: shardId(0),
        SequenceNumber: sequenceNumber(0),
      }));
      return { FailedRecordCount: 0, Records };
    }
    case "GetShardIterator":
      if (isQuiet(input.StreamName)) return { ShardIterator: QUIET };
      return { ShardIterator: `${Number(String(input.ShardId).slice(8))}:0` };
    default:
      throw new TypeError(`Cannot do "${operation}"`);
  }
}

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  async (request) => {
    const operation = request.headers.get("x-amz-target")!.split(".")[1]!;
    const input = await request.json();
    const headers = { "content-type": "application/x-amz-json-1.1" };
    if (operation !== "GetRecords") {
      return new Response(JSON.stringify(answer(operation, input)), { headers });
    }
    if (input.ShardIterator === QUIET) return new Response(NOTHING, { headers });
    const [shard, from] = String(input.ShardIterator).split(":").map(Number) as [number, number];
    const body = recordsAnswer(shard, from, input.Limit ?? MAX_RECORDS);
    return new Response(body as BodyInit, { headers });
  },
);
await serveWhileWanted(`http://127.0.0.1:${server.addr.port}`);
