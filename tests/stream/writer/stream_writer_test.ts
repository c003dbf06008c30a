import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { VirtualClock } from "../../../src/base/clock.ts";
import { decodeEvent, encodeEvent } from "../../../src/codec/mod.ts";
import { ArchiveFormatError } from "../../../src/base/errors.ts";
import {
  KinesisError,
  MemoryKinesis,
  type MemoryKinesisOptions,
  type PutEntry,
  type PutResult,
  type RetryEvent,
} from "../../../src/kinesis/mod.ts";
import type { EventData, ShardId } from "../../../src/base/record.ts";
import { PutRecordError, StreamWriter, type StreamWriterOptions } from "../../../src/stream/mod.ts";
import { runUntil } from "../../../src/testing/mod.ts";

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

Deno.test("StreamWriter sends 5 MiB at once also where a single record may have 10", async () => {
  const maxRecordBytes = 10 * 2 ** 20;
  const { open, sizes } = setUp({ maxRecordBytes });
  await using writer = open({ maxRecordBytes });
  await putAll(writer, range(0, 12).map((value) => entry(value, 2 ** 20 - 5)));
  deepEqual(sizes, [5, 5, 2]);
});

Deno.test("StreamWriter heeds its own limits", async () => {
  const { sizes, open } = setUp();
  await using writer = open({ maxBatchRecords: 2 });
  await putAll(writer, range(0, 5).map((value) => entry(value)));
  deepEqual(sizes, [2, 2, 1]);
  for (const maxBatchRecords of [0, 501, NaN]) throws(() => open({ maxBatchRecords }), RangeError);
  for (const maxBatchBytes of [0, 2 ** 23, NaN]) throws(() => open({ maxBatchBytes }), RangeError);
  for (const maxDelayMs of [-1, NaN]) throws(() => open({ maxDelayMs }), RangeError);
});

Deno.test("StreamWriter sends batches of so many bytes, and a larger record alone", async () => {
  const { sizes, open, values } = setUp();
  await using writer = open({ maxBatchBytes: 30 });
  // Keys of five bytes: 7, 7, 7, 7; 10, 20 (full); 45 alone; 7.
  const lengths = [2, 2, 2, 2, 5, 15, 40, 2];
  await putAll(writer, lengths.map((size, value) => entry(value, size)));
  deepEqual(sizes, [4, 2, 1, 1]);
  deepEqual(await values(), range(0, 8));
});

Deno.test("StreamWriter sends what has waited for maxDelayMs", async () => {
  const { clock, sizes, open, values } = setUp();
  const writer = open();
  await writer.put(entry(0));
  await clock.advance(60);
  await writer.put(entry(1));
  await clock.advance(39);
  deepEqual(sizes, [], "the first has waited for 99 ms");
  await clock.advance(1);
  deepEqual([sizes, await values(), writer.written], [[2], [0, 1], 2]);
  await writer.put(entry(2));
  await clock.advance(100);
  deepEqual(sizes, [2, 1]);
  equal(clock.nextWake, undefined, "an empty batch waits for nothing");
});

Deno.test("StreamWriter waits for no more where a batch is sent before its time", async () => {
  const { clock, sizes, open } = setUp();
  const writer = open({ maxBatchRecords: 2, maxDelayMs: 1_000 });
  await putAll(writer, [entry(0), entry(1), entry(2)]);
  deepEqual([sizes, clock.nextWake], [[2, 1], undefined]);
  const patient = open({ maxDelayMs: Infinity });
  await patient.put(entry(3));
  equal(clock.nextWake, undefined);
  await patient.flush();
});

Deno.test("StreamWriter gathers what is due while another batch is on its way", async () => {
  const held = Promise.withResolvers<void>();
  const { clock, sizes, open, values } = setUp({
    intercept: (operation, _, phase) =>
      operation === "putRecords" && phase === "before" ? held.promise : undefined,
  });
  const writer = open();
  for (const value of range(0, 5)) {
    await writer.put(entry(value));
    await clock.advance(150);
  }
  deepEqual(sizes, [1], "one at a time, or batches would pile up");
  held.resolve();
  await clock.advance(0);
  deepEqual(sizes, [1, 4], "the others at once: they have waited long enough");
  deepEqual(await values(), range(0, 5));
});

/** Takes some of each request and refuses the others for now, as a seed has it. */
class FlakyKinesis extends MemoryKinesis {
  readonly #random: VirtualClock;

  constructor(clock: VirtualClock, seed: number) {
    super({ clock });
    this.#random = new VirtualClock({ seed });
  }

  override async putRecords(stream: string, entries: readonly PutEntry[]): Promise<PutResult[]> {
    const results: PutResult[] = [];
    for (const entry of entries) {
      results.push(
        this.#random.random() < 0.4
          ? { ok: false, code: "ProvisionedThroughputExceededException", message: "slow down" }
          : (await super.putRecords(stream, [entry]))[0]!,
      );
    }
    return results;
  }
}

/** Puts 40 records of 7 keys into a stream that refuses many; returns them as the stream has them. */
async function putFlaky(seed: number, options: StreamWriterOptions): Promise<number[]> {
  const clock = new VirtualClock();
  const kinesis = new FlakyKinesis(clock, seed);
  const [shardId] = kinesis.createStream("s");
  await using writer = new StreamWriter(kinesis, "s", { clock, maxBatchRecords: 15, ...options });
  await runUntil(clock, putAll(writer, range(0, 40).map((value) => entry(value))));
  equal(writer.written, 40);
  const values = await read(kinesis, shardId!);
  deepEqual([...values].sort((a, b) => a - b), range(0, 40), "each once");
  return values;
}

/** Whether the records of each key, which are those of one remainder by 7, stand in order. */
function isOrdered(values: readonly number[]): boolean {
  return range(0, 7).every((key) => {
    const own = values.filter((value) => value % 7 === key);
    return own.every((value, i) => i === 0 || value > own[i - 1]!);
  });
}

Deno.test("StreamWriter keeps each key in order with `ordered`, whatever is refused", async () => {
  for (const seed of range(1, 60)) ok(isOrdered(await putFlaky(seed, { ordered: true })));
  const unordered = await Promise.all(range(1, 60).map((seed) => putFlaky(seed, {})));
  ok(unordered.some((values) => !isOrdered(values)), "else the option would be good for nothing");
});

Deno.test("StreamWriter with `ordered` sends one record of each key in a request", async () => {
  const { sizes, open, values } = setUp();
  await using writer = open({ ordered: true });
  await putAll(writer, range(0, 20).map((value) => entry(value)));
  deepEqual(sizes, [7, 7, 6]);
  deepEqual(await values(), range(0, 20));
});

Deno.test("StreamWriter.addEvent() waits only when there is no room, and throws what is wrong at once", async () => {
  const { kinesis, sizes, open } = setUp();
  await using writer = open({ partitionKey: "id", maxBatchRecords: 2, maxDelayMs: Infinity });
  equal(writer.addEvent({ id: 1 }), undefined);
  throws(() => writer.addEvent({ page: "/" }), { name: "PartitionKeyError" });
  throws(() => writer.addEvent({ id: "" }), RangeError);
  const room = writer.addEvent({ id: 2 });
  ok(room instanceof Promise);
  await room;
  equal(writer.addEvent({ id: 3 }), undefined);
  await writer.flush();
  deepEqual([sizes, writer.written], [[2, 1], 3]);
  kinesis.deleteStream("s");
  writer.addEvent({ id: 4 });
  await rejects(writer.flush(), { code: "ResourceNotFoundException" });
  throws(() => writer.addEvent({ id: 5 }), { code: "ResourceNotFoundException" });
});

Deno.test("StreamWriter.putEvent() takes the partition key from the event", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const [shardId] = kinesis.createStream("s");
  await using writer = new StreamWriter(kinesis, "s", { clock, partitionKey: "id" });
  const events = [{ id: "a", n: 1 }, { id: 2 }, { id: false }, { id: 2n ** 63n }];
  for (const event of events) await writer.putEvent(event);
  await writer.putEvent(encodeEvent({ n: 5, id: "b" }));
  const wrong: readonly (readonly [EventData, RegExp])[] = [
    [{ n: 1 }, /^Cannot pick a shard: field "id", the stream's partition_key, is missing$/],
    [{ id: null }, /field "id".* is not a string, number or boolean$/],
    [Object.create({ id: "inherited" }), /field "id".* is missing$/],
  ];
  for (const [event, message] of wrong) {
    await rejects(() => writer.putEvent(event), { name: "PartitionKeyError", message });
  }
  await rejects(() => writer.putEvent(new Uint8Array([0xc1])), ArchiveFormatError);
  await rejects(() => writer.putEvent({ id: 1, bad: () => {} }), TypeError);
  await writer.flush();
  const iterator = await kinesis.getShardIterator(
    { stream: "s", shardId: shardId! },
    { type: "trim-horizon" },
  );
  const { records } = await kinesis.getRecords(iterator);
  const keys = ["a", "2", "false", "9223372036854775808", "b"];
  deepEqual(records.map(({ partitionKey }) => partitionKey), keys);
  deepEqual(records.map(({ data }) => decodeEvent(data)), [...events, { n: 5, id: "b" }]);
  const keyless = new StreamWriter(kinesis, "s", { clock });
  await rejects(() => keyless.putEvent({ id: 1 }), {
    name: "TypeError",
    message: /set partitionKey of the writer/,
  });
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

Deno.test("StreamWriter.put() takes nothing once the writer is disposed of", async () => {
  const { open, values } = setUp();
  const writer = open({ partitionKey: "user" });
  await writer.put(entry(1));
  const disposed = writer[Symbol.asyncDispose]();
  const refused = {
    name: "TypeError",
    message: 'Cannot put into stream "s": the writer is disposed',
  };
  await rejects(() => writer.put(entry(2)), refused);
  await disposed;
  await rejects(() => writer.putEvent({ user: "ada" }), refused);
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

Deno.test("StreamWriter sends what was refused again before anything newer of its key", async () => {
  const { clock, sizes, open, values } = setUp({ putsPerSecond: 300 });
  const events: RetryEvent[] = [];
  await using writer = open({ onRetry: (event) => events.push(event) });
  await runUntil(clock, putAll(writer, range(0, 1_000).map((value) => entry(value))));
  deepEqual(await values(), range(0, 1_000));
  equal(sizes[0], 500);
  ok(events.length >= 2);
  ok(events.every(({ operation, stream }) => operation === "PutRecords" && stream === "s"));
});

/** Takes few records of the key "hot" from each request, and all others. */
class HotKinesis extends MemoryKinesis {
  requests = 0;
  /** How many hot records are taken, of each request or of each third one. */
  room = 1;
  everyThird = false;
  #hotRequests = 0;

  override async putRecords(stream: string, entries: readonly PutEntry[]): Promise<PutResult[]> {
    this.requests++;
    if (entries.some(({ partitionKey }) => partitionKey === "hot")) this.#hotRequests++;
    let room = this.everyThird && this.#hotRequests % 3 > 0 ? 0 : this.room;
    const results: PutResult[] = [];
    for (const entry of entries) {
      const isTaken = entry.partitionKey !== "hot" || room-- > 0;
      results.push(
        isTaken
          ? (await super.putRecords(stream, [entry]))[0]!
          : { ok: false, code: "ProvisionedThroughputExceededException", message: "slow down" },
      );
    }
    return results;
  }
}

/** Record number `value`; every 50th has the key "hot". */
function hotEntry(value: number): PutEntry {
  const { data } = entry(value);
  return { partitionKey: value % 50 === 7 ? "hot" : `key ${value % 11}`, data };
}

for (const ordered of [false, true]) {
  Deno.test(`StreamWriter does not wait for a throttled key, ordered: ${ordered}`, async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const kinesis = new HotKinesis({ clock });
    kinesis.everyThird = ordered; // else none would be refused
    const [shardId] = kinesis.createStream("s");
    const events: RetryEvent[] = [];
    await using writer = new StreamWriter(kinesis, "s", {
      ...{ clock, ordered, onRetry: (event) => events.push(event) },
    });
    for (const value of range(0, 3_000)) await writer.put(hotEntry(value));
    // No time passes: all that then waits is of the throttled key.
    const flushed = writer.flush();
    await clock.advance(0);
    equal(clock.now(), start);
    const hot = range(0, 3_000).filter((value) => value % 50 === 7);
    ok(writer.unwritten.every((index) => index % 50 === 7), "no other key waits");
    ok(writer.unwritten.length > 40);
    await runUntil(clock, flushed);
    deepEqual([writer.written, writer.unwritten], [3_000, []]);
    const values = await read(kinesis, shardId!);
    deepEqual([...values].sort((a, b) => a - b), range(0, 3_000), "each once");
    deepEqual(values.filter((value) => value % 50 === 7), hot, "and the key in order");
    ok(events.every(({ attempt, delayMs }) => attempt <= 3 && delayMs <= 800), "progress");
    ok(clock.now() - start < 60 * 900);
  });
}

Deno.test("StreamWriter pauses for longer while nothing of a key is taken in, and waits at last", async () => {
  const clock = new VirtualClock();
  const kinesis = new HotKinesis({ clock });
  kinesis.createStream("s");
  kinesis.room = 0;
  const attempts: number[] = [];
  await using writer = new StreamWriter(kinesis, "s", {
    ...{ clock, maxBatchRecords: 5, onRetry: ({ attempt }) => attempts.push(attempt) },
  });
  let given = 0;
  const putting = (async () => {
    for (; given < 100; given++) await writer.put({ ...entry(given), partitionKey: "hot" });
  })();
  await clock.advance(60_000);
  deepEqual(attempts, range(1, attempts.length + 1));
  ok(given < 50, `${given} records are held: memory is bounded`);
  kinesis.room = Infinity;
  await runUntil(clock, putting.then(() => writer.flush()));
  equal(writer.written, 100);
});

Deno.test("StreamWriter gives up a throttled key after maxAttempts without progress", async () => {
  const clock = new VirtualClock();
  const kinesis = new HotKinesis({ clock });
  kinesis.createStream("s");
  kinesis.room = 0;
  const writer = new StreamWriter(kinesis, "s", { clock, maxAttempts: 3 });
  for (const value of range(0, 10)) await writer.put(hotEntry(value));
  await rejects(
    () => runUntil(clock, writer.flush()),
    { name: "KinesisError", message: /^Cannot put record 7 into stream "s": Provisioned/ },
  );
  deepEqual([writer.written, writer.unwritten, writer.given, kinesis.requests], [9, [7], 10, 3]);
  await rejects(() => writer.put(hotEntry(11)), { name: "KinesisError" });
  await writer[Symbol.asyncDispose]();
  equal(clock.nextWake, undefined);
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
    [entry(9, 2 ** 20), /record 3 .*it has 1048581 bytes with its key "key 2", more than 1048576$/],
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
  deepEqual([writer.written, writer.unwritten], [2, [1]]);
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
