import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { VirtualClock } from "../../src/clock.ts";
import {
  KinesisError,
  MemoryKinesis,
  type MemoryKinesisOptions,
  type PutEntry,
  type PutResult,
  type RetryEvent,
} from "../../src/kinesis/mod.ts";
import type { ShardId } from "../../src/record.ts";
import { PutRecordError, StreamWriter, type StreamWriterOptions } from "../../src/stream/mod.ts";
import { runUntil } from "../../src/testing/mod.ts";

/** A stream "s" of one shard on a virtual clock, with the sizes of all PutRecords. */
function setUp(options: MemoryKinesisOptions = {}) {
  const clock = new VirtualClock();
  const sizes: number[] = [];
  const kinesis = new MemoryKinesis({
    clock,
    ...options,
    intercept(operation, args, phase) {
      if (operation === "putRecords" && phase === "before") {
        sizes.push((args[1] as PutEntry[]).length);
      }
      return options.intercept?.(operation, args, phase);
    },
  });
  const shardId = kinesis.createStream("s")[0]!;
  const open = (more: StreamWriterOptions = {}) =>
    new StreamWriter(kinesis, "s", { clock, ...more });
  return { clock, kinesis, sizes, open, values: () => read(kinesis, shardId) };
}

async function read(kinesis: MemoryKinesis, shardId: ShardId): Promise<number[]> {
  const open = { stream: "s", shardId };
  const iterator = await kinesis.getShardIterator(open, { type: "trim-horizon" });
  return (await kinesis.getRecords(iterator)).records.map(({ data }) =>
    new DataView(data.buffer, data.byteOffset).getUint16(0)
  );
}

function entry(value: number, size = 2): PutEntry {
  const data = new Uint8Array(size);
  new DataView(data.buffer).setUint16(0, value);
  return { partitionKey: `key ${value % 7}`, data };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

async function putAll(writer: StreamWriter, entries: readonly PutEntry[]): Promise<void> {
  for (const entry of entries) await writer.put(entry);
  await writer.flush();
}

Deno.test("StreamWriter sends batches of 500, and the rest on flush()", async () => {
  const { sizes, open, values } = setUp();
  await using writer = open();
  await putAll(writer, range(0, 1_234).map((value) => entry(value)));
  deepEqual(sizes, [500, 500, 234]);
  deepEqual(await values(), range(0, 1_234));
  equal(writer.written, 1_234);
});

Deno.test("StreamWriter sends a batch before it has more than 5 MiB, keys included", async () => {
  const { sizes, open } = setUp();
  await using writer = open();
  // A key of five bytes: five such records are exactly 5 MiB.
  await putAll(writer, range(0, 11).map((value) => entry(value, 2 ** 20 - 5)));
  deepEqual(sizes, [5, 5, 1]);
});

Deno.test("StreamWriter heeds its own limits", async () => {
  const { sizes, open } = setUp();
  await using writer = open({ maxBatchRecords: 2 });
  await putAll(writer, range(0, 5).map((value) => entry(value)));
  deepEqual(sizes, [2, 2, 1]);
  for (const maxBatchRecords of [0, 501, NaN]) throws(() => open({ maxBatchRecords }), RangeError);
});

Deno.test("StreamWriter.flush() without records asks nothing", async () => {
  const { sizes, open } = setUp();
  await using writer = open();
  await writer.flush();
  deepEqual(sizes, []);
});

Deno.test("StreamWriter sends what is left when it is disposed", async () => {
  const { open, values } = setUp();
  {
    await using writer = open();
    await writer.put(entry(1));
  }
  deepEqual(await values(), [1]);
});

Deno.test("StreamWriter.put() waits while one batch is on its way and the next is full", async () => {
  const held = Promise.withResolvers<void>();
  const { open, sizes } = setUp({
    intercept: (_, __, phase) => phase === "before" ? held.promise : undefined,
  });
  const writer = open({ maxBatchRecords: 2 });
  await writer.put(entry(0));
  await writer.put(entry(1));
  await writer.put(entry(2));
  let room = false;
  const waiting = writer.put(entry(3)).then(() => room = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  deepEqual([room, sizes], [false, [2]]);
  held.resolve();
  await waiting;
  await writer.flush();
  deepEqual(sizes, [2, 2]);
});

Deno.test("StreamWriter sends only what was refused again, before anything newer", async () => {
  const { clock, sizes, open, values } = setUp({ putsPerSecond: 300 });
  const events: RetryEvent[] = [];
  await using writer = open({ onRetry: (event) => events.push(event) });
  await runUntil(clock, putAll(writer, range(0, 1_000).map((value) => entry(value))));
  deepEqual(await values(), range(0, 1_000));
  equal(sizes.slice(0, 2).join(), "500,200");
  ok(events.length >= 2);
  ok(events.every(({ operation, stream }) => operation === "PutRecords" && stream === "s"));
});

Deno.test("StreamWriter retries requests that fail as a whole", async () => {
  let faults = 10;
  const { clock, open, values } = setUp({
    intercept() {
      if (faults-- > 0) {
        throw new KinesisError("Cannot put: away", { code: "ECONNRESET", retryable: true });
      }
    },
  });
  await using writer = open();
  await runUntil(clock, putAll(writer, [entry(1), entry(2)]));
  deepEqual(await values(), [1, 2]);
});

Deno.test("StreamWriter.put() refuses what Kinesis would, and goes on", async () => {
  const { open, values } = setUp();
  await using writer = open();
  await writer.put(entry(1));
  const data = new Uint8Array(2);
  const refused: readonly (readonly [PutEntry, RegExp])[] = [
    [
      { partitionKey: "", data },
      /^Cannot put record 1 into stream "s": its partition key is empty$/,
    ],
    [{ partitionKey: "k".repeat(257), data }, /record 2 .*key has 257 characters, more than 256$/],
    [entry(9, 2 ** 20), /record 3 .*it has 1048581 bytes with its key, more than 1048576$/],
  ];
  for (const [wrong, message] of refused) {
    await rejects(() => writer.put(wrong), { name: "RangeError", message });
  }
  await writer.put({ partitionKey: "ü".repeat(256), data: entry(2).data });
  await writer.put(entry(3, 2 ** 20 - 5));
  await writer.flush();
  deepEqual(await values(), [1, 2, 3]);
});

Deno.test("StreamWriter takes records of 10 MiB where the stream does", async () => {
  const maxRecordBytes = 10 * 2 ** 20;
  const { open, sizes } = setUp({ maxRecordBytes });
  await using writer = open({ maxRecordBytes });
  await putAll(writer, [entry(1), entry(2, maxRecordBytes - 5), entry(3)]);
  deepEqual(sizes, [1, 1, 1]);
});

/** A service that refuses one record of each request for good. */
class RefusingKinesis extends MemoryKinesis {
  override async putRecords(stream: string, entries: readonly PutEntry[]): Promise<PutResult[]> {
    const results = await super.putRecords(stream, entries);
    results[1] = { ok: false, code: "KMSAccessDeniedException", message: "no key" };
    return results;
  }
}

Deno.test("StreamWriter names the record that was refused for good, and sends no more", async () => {
  const kinesis = new RefusingKinesis();
  kinesis.createStream("s");
  const writer = new StreamWriter(kinesis, "s", { maxBatchRecords: 3 });
  const refused = (error: unknown) => {
    ok(error instanceof PutRecordError && error instanceof KinesisError);
    deepEqual([error.index, error.code, error.retryable], [1, "KMSAccessDeniedException", false]);
    equal(
      error.message,
      'Cannot put record 1 into stream "s": KMSAccessDeniedException: no key',
    );
    return true;
  };
  for (const value of [0, 1, 2]) await writer.put(entry(value));
  await rejects(() => writer.flush(), refused);
  await rejects(() => writer.put(entry(3)), refused);
  equal(writer.written, 2);
  await writer[Symbol.asyncDispose]();
});

Deno.test("StreamWriter throws when it is disposed what nobody was told before", async () => {
  const kinesis = new MemoryKinesis();
  const writer = new StreamWriter(kinesis, "missing");
  await writer.put(entry(1));
  await rejects(
    async () => await writer[Symbol.asyncDispose](),
    (error: unknown) => error instanceof KinesisError && error.code === "ResourceNotFoundException",
  );
});

Deno.test("StreamWriter stops asking when it is aborted", async () => {
  const { clock, open } = setUp({
    intercept() {
      throw new KinesisError("Cannot put: away", { code: "ECONNRESET", retryable: true });
    },
  });
  const stop = new AbortController();
  const writer = open({ signal: stop.signal });
  await writer.put(entry(1));
  const flushed = rejects(() => writer.flush(), { message: "enough" });
  await clock.advance(60_000);
  stop.abort(new Error("enough"));
  await flushed;
  equal(writer.written, 0);
});
