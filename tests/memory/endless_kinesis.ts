/**
 * A Kinesis whose shards never end, for measurements: started as a process of its own.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";

/** What its shards hold. */
export interface EndlessOptions {
  /** How many shards there are. */
  readonly shards: number;
  /** Size of a record, in bytes. */
  readonly recordBytes: number;
  /** Records of one answer. */
  readonly records: number;
  /** Whether records are events, not bytes that go into quarantine. */
  readonly isEvent: boolean;
  /** Chance that an answer is cut somewhere. */
  readonly cuts: number;
}

/** A running server. */
export interface EndlessKinesis extends AsyncDisposable {
  /** What clients set as their endpoint. */
  readonly url: string;
  /** How long nobody has taken a record, in milliseconds; infinite before the first. */
  readonly idleMs: number;
}

/** Starts the server. */
export function startEndlessKinesis(options: EndlessOptions): EndlessKinesis {
  const text = eventOf(options).toString("base64");
  let takenAt = -Infinity;
  const onRecord = () => void (takenAt = performance.now());
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const operation = request.headers.get("x-amz-target")!.split(".")[1]!;
    const input = await request.json();
    if (operation === "GetRecords") {
      return records(input.ShardIterator, text, { ...options, onRecord });
    }
    return Response.json(answerOf(operation, input, options));
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    get idleMs() {
      return performance.now() - takenAt;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function eventOf({ recordBytes, isEvent }: EndlessOptions): Buffer {
  const bytes = randomBytes(recordBytes);
  if (!isEvent) return bytes.fill(0xc1, 0, 1); // which no MessagePack begins with
  Buffer.from([0x81, 0xa1, 0x64, 0xc6]).copy(bytes);
  bytes.writeUInt32BE(recordBytes - 8, 4);
  return bytes;
}

const shardOf = (n: number) => `shardId-${String(n).padStart(12, "0")}`;
const numberOf = (shard: number, n: number) =>
  `496${String(shard).padStart(13, "0")}${String(n).padStart(40, "0")}`;

// deno-lint-ignore no-explicit-any
function answerOf(operation: string, input: any, { shards }: EndlessOptions): unknown {
  switch (operation) {
    case "DescribeStreamSummary":
      return {
        StreamDescriptionSummary: {
          StreamName: input.StreamName,
          StreamStatus: "ACTIVE",
          StreamCreationTimestamp: 1.7e9,
          RetentionPeriodHours: 8760,
          OpenShardCount: shards,
        },
      };
    case "ListShards":
      return {
        Shards: Array.from({ length: shards }, (_, n) => ({
          ShardId: shardOf(n),
          HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" },
          SequenceNumberRange: { StartingSequenceNumber: numberOf(n, 0) },
        })),
      };
    default: {
      const shard = Number(input.ShardId.slice(-12));
      const after = Number(input.StartingSequenceNumber?.slice(-40) ?? 0);
      return { ShardIterator: `${shard}/${after}` };
    }
  }
}

function records(
  iterator: string,
  data: string,
  options: EndlessOptions & { readonly onRecord: () => void },
): Response {
  const [shard, after] = iterator.split("/").map(Number) as [number, number];
  const seconds = Date.now() / 1000;
  const record = (n: number) =>
    `{"SequenceNumber":"${numberOf(shard, n)}","ApproximateArrivalTimestamp":${seconds},` +
    `"Data":"${data}","PartitionKey":"key"}`;
  const next = after + options.records;
  const end = `],"NextShardIterator":"${shard}/${next}","MillisBehindLatest":60000}`;
  let left = Math.random() < options.cuts ? Math.random() * options.records : Infinity;
  let n = after;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (n === after) controller.enqueue(encoder.encode('{"Records":['));
      if (left-- <= 0) return controller.error("an answer is cut, as is meant");
      if (n === next) {
        controller.enqueue(encoder.encode(end));
        return controller.close();
      }
      n++;
      options.onRecord();
      controller.enqueue(encoder.encode(record(n) + (n === next ? "" : ",")));
    },
  }, { highWaterMark: 1 });
  return new Response(body, { headers: { "content-type": "application/x-amz-json-1.1" } });
}
