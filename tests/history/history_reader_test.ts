import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import * as z from "zod";
import { InvalidArchiveRecordError } from "../../src/archive/mod.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { encodeEvent, encodeSnappyFrames } from "../../src/codec/mod.ts";
import { CheckpointError, KinesisError } from "../../src/base/errors.ts";
import {
  HistoryGapError,
  HistoryReader,
  type HistoryReaderOptions,
  type HistoryRecord,
  openHistory,
} from "../../src/history/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { MemoryObjectStore, type ObjectStore } from "../../src/objects/mod.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { InvalidStreamRecordError } from "../../src/stream/mod.ts";
import { type FileSpec, keyOf, putFiles, shardId, START } from "../archive/chain_archives.ts";
import { wrongClock } from "../support/wrong_clock.ts";
import { RedeliveringKinesis, StrictKinesis } from "../support/odd_kinesis.ts";
import { Fixture, STREAM } from "../archiver/archiver_fixture.ts";
import { runUntil } from "../../src/testing/mod.ts";

const FROM = new Date(START);

/** Reads the history of these files, of shards that have left the stream, to its end. */
async function read(
  specs: readonly FileSpec[],
  options: Partial<HistoryReaderOptions> & { readonly store?: MemoryObjectStore } = {},
): Promise<number[]> {
  const clock = options.clock instanceof VirtualClock
    ? options.clock
    : new VirtualClock({ now: START + 1_000 });
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks");
  const { store = new MemoryObjectStore() } = options;
  await putFiles(store, ...specs);
  const more = { from: FROM, clock, idle: true, ...options };
  await using history = new HistoryReader({ kinesis, store }, "clicks", more);
  const records = await runUntil(clock, Array.fromAsync(history));
  return records.map(({ data }) => data["record"] as number);
}

/** Archives what the fixture's stream holds. */
async function archive(fixture: Fixture): Promise<void> {
  const worker = fixture.start();
  await fixture.clock.advance(3_000);
  await worker.stop();
}

function open(fixture: Fixture, options: Partial<HistoryReaderOptions> = {}): HistoryReader {
  const { kinesis, store, clock } = fixture;
  return new HistoryReader({ kinesis, store }, STREAM, {
    from: FROM,
    clock,
    idle: true,
    ...options,
  });
}

function numbersOf(records: readonly HistoryRecord[]): number[] {
  return records.map(({ data }) => data["number"] as number).sort((a, b) => a - b);
}

async function drain(fixture: Fixture, options: Partial<HistoryReaderOptions> = {}) {
  await using history = open(fixture, options);
  return await runUntil(fixture.clock, Array.fromAsync(history));
}

Deno.test("HistoryReader reads the archive, then the stream, and tells which", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  await archive(fixture);
  await fixture.put(10);
  const records = await drain(fixture);
  deepEqual(numbersOf(records), fixture.expected);
  deepEqual(records.map((record) => "key" in record), [
    ...Array(20).fill(true),
    ...Array(10).fill(false),
  ]);
});

Deno.test("HistoryReader follows the chain of a shard, not the order of keys", async () => {
  const skewed = [
    { shards: { 7: [2, 3, 4] }, at: 100 },
    { shards: { 7: [undefined, 1, 2] }, at: 200 },
    { shards: { 7: [4, 5] }, at: 50 },
  ] as const;
  deepEqual(await read(skewed), [1, 2, 3, 4, 5]);
  const cutOff = [{ shards: { 7: [6, 7] }, at: 100 }, {
    shards: { 7: [4, 5, 6] },
    at: 200,
  }] as const;
  deepEqual(await read(cutOff), [5, 6, 7], "without the shard's first file");
});

Deno.test("HistoryReader passes over files whose records all arrived before", async () => {
  const files = [
    { shards: { 7: [undefined, 1, 2], 8: [undefined, 1] }, at: 100 },
    { shards: { 7: [2, 3, 4] }, at: 200 },
    { shards: { 7: [4, 5], 8: [1, 6] }, at: 300 },
  ] as const;
  const from = (record: number) => read(files, { from: new Date(START + record) });
  deepEqual(await from(1), [1, 2, 1, 3, 4, 5, 6]);
  deepEqual(await from(3), [3, 4, 5, 6]);
  deepEqual(await from(4), [3, 4, 5, 6], "a file is read whole");
  deepEqual(await from(6), [5, 6]);
  deepEqual(await from(7), []);
  deepEqual(await read(files, { from: "2026-01-01" }), [1, 2, 1, 3, 4, 5, 6]);
});

Deno.test("HistoryReader begins at its moment in the stream, too, if the archive ends before", async () => {
  const fixture = new Fixture(2);
  await fixture.put(10);
  await archive(fixture);
  await fixture.clock.advance(60_000);
  await fixture.put(10);
  await fixture.clock.advance(60_000);
  const from = new Date(fixture.clock.now());
  await fixture.put(10);
  const wanted = fixture.expected.slice(20);
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  deepEqual(numbersOf(await drain(fixture, { from, checkpointer, autoCheckpoint: true })), wanted);
  await fixture.put(5);
  const more = await drain(fixture, { from, checkpointer, autoCheckpoint: true });
  deepEqual(numbersOf(more), fixture.expected.slice(30));
});

Deno.test("HistoryReader throws where a file is missing, or tells onGap and goes on", async () => {
  const files = [
    { shards: { 7: [undefined, 1, 2], 8: [undefined, 1] }, at: 100 },
    { shards: { 7: [4, 5], 8: [1, 2] }, at: 200 },
    { shards: { 8: [2, 3] }, at: 300 },
  ] as const;
  await rejects(() => read(files), (error) => {
    ok(error instanceof HistoryGapError);
    deepEqual([error.stream, error.shardId, error.after, error.reason], [
      "clicks",
      shardId(7),
      "2",
      "archive",
    ]);
    ok(error.message.includes(keyOf(files[1])) && error.message.includes("follows on record 4"));
    return true;
  });
  const gaps: HistoryGapError[] = [];
  const found = await read(files, { onGap: (gap) => void gaps.push(gap) });
  deepEqual(found, [1, 2, 1, 5, 2, 3]);
  deepEqual(gaps.map((gap) => [gap.shardId, gap.after]), [[shardId(7), "2"]]);
});

Deno.test("HistoryReader tells of a chain that begins anew", async () => {
  const files = [
    { shards: { 7: [undefined, 1, 2] }, at: 100 },
    { shards: { 7: [undefined, 8, 9] }, at: 200 },
  ] as const;
  await rejects(() => read(files), HistoryGapError);
  deepEqual(await read(files, { onGap: () => {} }), [1, 2, 8, 9]);
});

Deno.test("HistoryReader finds a file that the first listing did not show", async () => {
  const files = [
    { shards: { 7: [undefined, 1] }, at: 100 },
    { shards: { 7: [1, 2] }, at: 200 },
    { shards: { 7: [2, 3] }, at: 300 },
  ] as const;
  for (const hidden of files) {
    let listings = 0;
    const store = new MemoryObjectStore();
    const list = store.list.bind(store);
    store.list = async function* (prefix, options): ReturnType<ObjectStore["list"]> {
      const isFirst = prefix.startsWith("20260101") && listings++ === 0;
      for await (const info of list(prefix, options)) {
        if (!isFirst || info.key !== keyOf(hidden)) yield info;
      }
    };
    deepEqual(await read(files, { store }), [1, 2, 3]);
    ok(listings > 1);
  }
});

Deno.test("HistoryReader reads records that are archived twice once, or says that it cannot", async () => {
  const twice = [
    { shards: { 7: [undefined, 1, 2] }, at: 100 },
    { shards: { 7: [undefined, 1, 2] }, at: 200 },
    { shards: { 7: [2, 3] }, at: 300 },
  ] as const;
  deepEqual(await read(twice), [1, 2, 3]);
  const overlap = [
    { shards: { 7: [undefined, 1, 2] }, at: 100 },
    { shards: { 7: [1, 2, 3] }, at: 200 },
  ] as const;
  await rejects(() => read(overlap), { name: "TritonError", message: /repeats records.*verify/ });
});

Deno.test("HistoryReader wants one client's archives", async () => {
  const files = [
    { shards: { 7: [undefined, 1] }, at: 100 },
    { shards: { 7: [undefined, 1, 2] }, at: 200, client: "other" },
  ] as const;
  await rejects(() => read(files), { message: /"store" and "other".*name one/ });
  deepEqual(await read(files, { client: "other" }), [1, 2]);
});

Deno.test("HistoryReader throws what is damaged, and names it", async () => {
  const store = new MemoryObjectStore();
  const key = keyOf({ shards: {}, at: 50 });
  await store.put(key, Uint8Array.of(1, 2, 3));
  await rejects(() => read([], { store }), {
    name: "ArchiveFormatError",
    message: new RegExp(key),
  });
});

/** Puts an archive as go-triton writes it: without a manifest. */
async function putUnprovable(store: ObjectStore, stream: string, at: number): Promise<string> {
  const frames = await Array.fromAsync(encodeSnappyFrames(encodeEvent({ number: -1 })));
  const key = keyOf({ shards: {}, at, stream });
  await store.put(key, new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer()));
  return key;
}

Deno.test("HistoryReader goes on from files without a manifest where newer ones have one", async () => {
  const fixture = new Fixture(2);
  await putUnprovable(fixture.store, STREAM, 0);
  await fixture.clock.advance(60_000);
  await fixture.put(20);
  await archive(fixture);
  await fixture.put(5);
  deepEqual(numbersOf(await drain(fixture)), [-1, ...fixture.expected]);
});

Deno.test("HistoryReader reads files of go-triton that the writer's time zone put a day early", async () => {
  const utc = new MemoryObjectStore();
  const key = await putUnprovable(utc, "clicks", 3 * 3_600);
  const store = new MemoryObjectStore();
  await store.put(key.replace("20260101", "20251231"), await (await utc.get(key)).bytes());
  const clock = new VirtualClock({ now: START + 3 * 86_400_000 });
  const onGap = () => {};
  const since = (hour: number) =>
    read([], { store, clock, onGap, from: new Date(START + hour * 3_600_000) });
  equal((await since(1)).length, 1);
  equal((await since(3)).length, 1);
  equal((await since(4)).length, 0);
});

Deno.test("HistoryReader follows chains also around files without a manifest", async () => {
  const store = new MemoryObjectStore();
  await putUnprovable(store, "clicks", 150);
  const files = [
    { shards: { 7: [undefined, 1, 2] }, at: 100 },
    { shards: { 7: [6, 7, 8] }, at: 200 },
    { shards: { 7: [4, 5, 6] }, at: 250 },
  ] as const;
  const gaps: string[] = [];
  const clock = new VirtualClock({ now: START + 3 * 86_400_000 });
  const onGap = ({ reason }: HistoryGapError) => void gaps.push(reason);
  const records = await read(files, { store, clock, onGap });
  deepEqual(records, [1, 2, undefined, 5, 6, 7, 8]);
  deepEqual(gaps, ["retention"], "what lies between may be in the file without a manifest");
});

Deno.test("HistoryReader refuses to guess where files without a manifest end", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  await archive(fixture);
  await fixture.clock.advance(60_000);
  const key = await putUnprovable(fixture.store, STREAM, 90);
  await rejects(() => drain(fixture), {
    name: "TritonError",
    message: new RegExp(`${key}" has no manifest.*shardId-00000000000[01]" ends`),
  });
  // Two days later nothing of it can be in the stream any more.
  await fixture.clock.advance(49 * 3_600_000);
  const gaps: HistoryGapError[] = [];
  await fixture.put(3);
  const records = await drain(fixture, { onGap: (gap) => void gaps.push(gap) });
  deepEqual(numbersOf(records), [-1, ...fixture.expected]);
  deepEqual(gaps.map(({ reason }) => reason), ["retention", "retention"]);
});

Deno.test("HistoryReader says so when the stream dropped what was not archived", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  await archive(fixture);
  await fixture.put(10);
  await fixture.clock.advance(25 * 3_600_000);
  await fixture.put(5);
  await rejects(() => drain(fixture), (error) => {
    ok(error instanceof HistoryGapError);
    deepEqual([error.shardId, error.reason], [fixture.shards[0], "retention"]);
    return true;
  });
  const numbers = numbersOf(await drain(fixture, { onGap: () => {} }));
  deepEqual(numbers, fixture.expected.filter((n) => n < 10 || n >= 20));
});

Deno.test("HistoryReader says so when there is no archive, and the stream does not reach back", async () => {
  const fixture = new Fixture(1);
  await fixture.put(1);
  deepEqual(numbersOf(await drain(fixture)), [0]);
  const from = new Date(START - 2 * 86_400_000);
  await rejects(() => drain(fixture, { from }), { message: /nothing is archived/ });
});

Deno.test("HistoryReader begins at its moment in shards that were never archived", async () => {
  const fixture = new Fixture(2);
  await fixture.put(10);
  await fixture.clock.advance(3_600_000);
  const from = new Date(fixture.clock.now());
  await fixture.put(10);
  deepEqual(numbersOf(await drain(fixture, { from })), fixture.expected.slice(10));
});

Deno.test("HistoryReader.checkpoint() saves whole files in the archive, and a restart goes on there", async () => {
  const fixture = new Fixture(1);
  for (let i = 0; i < 3; i++) {
    await fixture.put(10);
    await archive(fixture);
  }
  const [first] = await fixture.files();
  const [shard] = fixture.shards;
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  {
    await using history = open(fixture, { checkpointer });
    let count = 0;
    for await (const _record of history) if (++count === 15) break;
    await history.checkpoint();
    equal(history.isLive, false);
  }
  equal(await checkpointer.load(STREAM, shard!), first!.manifest.shards.get(shard!)!.last);
  const inStream = await drain(fixture, { checkpointer });
  deepEqual(numbersOf(inStream), fixture.expected.slice(10));
  ok(inStream.every((record) => !("key" in record)), "the stream still holds what follows");
  await fixture.clock.advance(25 * 3_600_000);
  const archived = await drain(fixture, { checkpointer, onGap: () => {} });
  deepEqual(numbersOf(archived), fixture.expected.slice(10));
  ok(archived.every((record) => "key" in record));
});

Deno.test("HistoryReader goes on where the archive ends, not where an earlier run saved", async () => {
  const fixture = new Fixture(1);
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  await fixture.put(10);
  await archive(fixture);
  {
    await using history = open(fixture, { checkpointer });
    await runUntil(fixture.clock, Array.fromAsync(history));
    await history.checkpoint();
  }
  for (const hours of [20, 4.5]) {
    await fixture.put(10);
    await archive(fixture);
    await fixture.clock.advance(hours * 3_600_000);
  }
  // The stream holds the third file's records, and no longer the second's.
  const records = await drain(fixture, { checkpointer });
  deepEqual(numbersOf(records), fixture.expected.slice(10));
  ok(records.every((record) => "key" in record));
});

Deno.test("HistoryReader does not read files without a manifest again after a restart", async () => {
  const fixture = new Fixture(1);
  await putUnprovable(fixture.store, STREAM, 0);
  for (let i = 0; i < 2; i++) {
    await fixture.clock.advance(60_000);
    await fixture.put(10);
    await archive(fixture);
  }
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  {
    await using history = open(fixture, { checkpointer });
    let count = 0;
    for await (const _record of history) if (++count === 15) break;
    await history.checkpoint();
  }
  await fixture.clock.advance(50 * 3_600_000);
  const records = await drain(fixture, { checkpointer, onGap: () => {} });
  deepEqual(numbersOf(records), fixture.expected.slice(10));
  const afresh = await drain(fixture, { onGap: () => {} });
  deepEqual(numbersOf(afresh), [-1, ...fixture.expected]);
});

Deno.test("HistoryReader with autoCheckpoint saves as it goes, and goes on live", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  await archive(fixture);
  await fixture.put(6);
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  const options = { checkpointer, autoCheckpoint: true } as const;
  deepEqual(numbersOf(await drain(fixture, options)), fixture.expected);
  await fixture.put(4);
  deepEqual(numbersOf(await drain(fixture, options)), fixture.expected.slice(26));
});

Deno.test("HistoryReader goes on with the next record when it is iterated again", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  await archive(fixture);
  await fixture.put(10);
  await using history = open(fixture);
  const records: HistoryRecord[] = [];
  while (records.length < 30) {
    const reading = (async () => {
      for await (const record of history) {
        records.push(record);
        if (records.length % 7 === 0) break;
      }
    })();
    await runUntil(fixture.clock, reading);
  }
  deepEqual(numbersOf(records), fixture.expected);
});

Deno.test("HistoryReader ends quietly when it is aborted or disposed of", async () => {
  const fixture = new Fixture(1);
  await fixture.put(20);
  await archive(fixture);
  for (const count of [1, 25]) {
    if (count > 20) await fixture.put(20);
    const stop = new AbortController();
    await using history = open(fixture, { signal: stop.signal, idle: false });
    const records: HistoryRecord[] = [];
    const reading = (async () => {
      for await (const record of history) if (records.push(record) === count) stop.abort();
    })();
    await runUntil(fixture.clock, reading);
    equal(records.length, count);
  }
  const history = open(fixture, { idle: false });
  const reading = Array.fromAsync(history);
  await fixture.clock.advance(5_000);
  await history[Symbol.asyncDispose]();
  equal((await reading).length, 40);
});

Deno.test("HistoryReader can be disposed of by its callbacks, which are called no more then", async () => {
  for (const part of ["archive", "live", "gap"] as const) {
    const fixture = new Fixture(1);
    await fixture.put(20);
    if (part !== "live") await archive(fixture);
    if (part === "gap") await fixture.clock.advance(72 * 3_600_000);
    let called = 0;
    const dispose = async () => {
      called++;
      await history[Symbol.asyncDispose]();
    };
    const history: HistoryReader<unknown> = new HistoryReader<unknown>(fixture, STREAM, {
      ...{ from: FROM, clock: fixture.clock },
      ...part === "gap" ? { onGap: dispose } : { schema: z.never(), onInvalid: dispose },
    });
    deepEqual(
      (await runUntil(fixture.clock, Array.fromAsync(history))).length,
      part === "gap" ? 20 : 0,
    );
    equal(called, 1, part);
  }
});

Deno.test("HistoryReader types and checks the records of both parts", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  await archive(fixture);
  await fixture.put(10);
  const { kinesis, store, clock } = fixture;
  const schema = z.object({ number: z.number().refine((n) => n % 10 !== 3) });
  const invalid: unknown[] = [];
  await using history = new HistoryReader({ kinesis, store }, STREAM, {
    ...{ from: FROM, clock, idle: true, schema },
    onInvalid: (error) => void invalid.push(error.constructor),
  });
  const numbers: number[] = [];
  const reading = (async () => {
    for await (const { data } of history) numbers.push(data.number);
  })();
  await runUntil(clock, reading);
  deepEqual(numbers, fixture.expected.filter((n) => n % 10 !== 3));
  deepEqual(invalid, [InvalidArchiveRecordError, InvalidStreamRecordError]);
  await using skipping = new HistoryReader({ kinesis, store }, STREAM, {
    ...{ from: FROM, clock, idle: true, schema, onInvalid: "skip" },
  });
  equal((await runUntil(clock, Array.fromAsync(skipping))).length, 18);
  equal(skipping.skipped, 2);
});

Deno.test("HistoryReader asks Kinesis and the database for as long as it takes, whatever maxAttempts says", async () => {
  const fixture = new Fixture();
  await fixture.put(3);
  await archive(fixture);
  await fixture.put(3);
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  const failing = (what: object, name: string, ErrorType: typeof KinesisError) => {
    const answer = Reflect.get(what, name).bind(what);
    let failures = 5;
    Reflect.set(what, name, (...args: unknown[]) => {
      if (failures-- <= 0) return answer(...args);
      return Promise.reject(new ErrorType("Cannot", { code: "Throttling", retryable: true }));
    });
  };
  failing(fixture.kinesis, "getRecords", KinesisError);
  failing(checkpointer, "list", CheckpointError);
  failing(checkpointer, "save", CheckpointError);
  const records = await drain(fixture, { checkpointer, autoCheckpoint: true, maxAttempts: 2 });
  deepEqual(numbersOf(records), fixture.expected);
});

Deno.test("openHistory() refuses what cannot be before anything is asked", () => {
  const bucket = "memory:";
  throws(() => openHistory("s", { bucket, from: "2026-02-30" }), RangeError);
  throws(() => openHistory("s", { bucket, from: FROM, autoCheckpoint: true }), TypeError);
});

Deno.test("HistoryReader yields records once that Kinesis delivers again", async () => {
  const fixture = new Fixture(1, RedeliveringKinesis);
  await fixture.put(10);
  await archive(fixture);
  await fixture.put(10);
  deepEqual(numbersOf(await drain(fixture)), fixture.expected);
});

Deno.test("HistoryReader says so when Kinesis refuses the archive's end, which is past the retention", async () => {
  const fixture = new Fixture(1, StrictKinesis);
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  const from = new Date(fixture.clock.now());
  await fixture.put(10);
  deepEqual(
    numbersOf(await drain(fixture, { from, checkpointer, autoCheckpoint: true })).length,
    10,
  );
  await fixture.clock.advance(23 * 3_600_000);
  await fixture.put(10);
  await fixture.clock.advance(2 * 3_600_000);
  const gaps: HistoryGapError[] = [];
  const onGap = (gap: HistoryGapError) => void gaps.push(gap);
  deepEqual(
    numbersOf(await drain(fixture, { from, checkpointer, onGap })),
    fixture.expected.slice(10),
  );
  ok(gaps.some(({ message }) => message.endsWith("the stream has dropped what followed")));
});

const HOUR = 3_600_000;

/** A consumer of one hour's history, away for three days in which its shard is split and leaves. */
async function awayForDays(fixture: Fixture, options: Partial<HistoryReaderOptions>) {
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  const read = () =>
    drain(fixture, {
      from: new Date(fixture.clock.now() - HOUR),
      checkpointer,
      autoCheckpoint: true,
      ...options,
    });
  await fixture.put(5);
  await fixture.clock.advance(1_000);
  const first = await read();
  fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  for (let hour = 0; hour < 72; hour++) {
    await fixture.put(1);
    await fixture.clock.advance(HOUR);
  }
  return numbersOf([...first, ...await read()]);
}

Deno.test("HistoryReader with checkpoints and a moving `from` begins where the first run did", async () => {
  const fixture = new Fixture(1);
  const worker = fixture.start({ rotateMs: 600_000 });
  deepEqual(await awayForDays(fixture, {}), fixture.expected);
  await worker.stop();
});

Deno.test("HistoryReader with a moving `from` tells what was neither archived nor read in time", async () => {
  const fixture = new Fixture(1);
  const gaps: HistoryGapError[] = [];
  const seen = await awayForDays(fixture, { onGap: (gap) => void gaps.push(gap) });
  ok(seen.length < fixture.expected.length);
  const children = (await Array.fromAsync(fixture.kinesis.listShards(STREAM))).map(({ id }) => id);
  deepEqual(gaps.map(({ shardId }) => shardId), [fixture.shards[0], ...children]);
  ok(gaps[0]!.after !== undefined);
  await rejects(awayForDays(new Fixture(1), {}), HistoryGapError);
});

Deno.test("HistoryReader reads all that follows a checkpoint, though it arrived before `from`", async () => {
  const clock = new VirtualClock({ now: START + 48 * HOUR });
  const checkpointer = new MemoryCheckpointer({ clock });
  // Triton 0.1.0 saved positions, and not when reading began.
  await checkpointer.save("clicks", new Map([[shardId(7), "2" as SequenceNumber]]));
  const files = [
    { shards: { 7: [undefined, 1, 2] }, at: 100 },
    { shards: { 7: [2, 3, 4], 8: [undefined, 1] }, at: 200 },
  ] as const;
  const from = new Date(START + 47 * HOUR);
  deepEqual(await read(files, { clock, checkpointer, from }), [3, 4, 1]);
});

Deno.test("HistoryReader without an archive has no gap after what an earlier run has read in time", async () => {
  const fixture = new Fixture(1);
  const checkpointer = new MemoryCheckpointer({ clock: fixture.clock });
  const from = new Date(fixture.clock.now());
  const seen: HistoryRecord[] = [];
  for (let run = 0; run < 5; run++) {
    await fixture.put(5);
    seen.push(...await drain(fixture, { from, checkpointer, autoCheckpoint: true }));
    await fixture.clock.advance(12 * HOUR);
  }
  deepEqual(numbersOf(seen), fixture.expected);
});

Deno.test("HistoryReader reads all there is on a machine with any clock", async () => {
  for (const days of [-3, 3]) {
    const fixture = new Fixture(1);
    const machine = wrongClock(fixture.clock, () => days * 24 * HOUR);
    for (let round = 0; round < 3; round++) {
      await fixture.put(5);
      await archive(fixture);
    }
    await fixture.put(5);
    deepEqual(numbersOf(await drain(fixture, { clock: machine })), fixture.expected);
  }
});
