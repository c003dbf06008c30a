import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { START_ROW } from "../../src/checkpoint/rows.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import {
  KinesisError,
  MemoryKinesis,
  type MemoryKinesisOptions,
  type TrimmedPosition,
} from "../../src/kinesis/mod.ts";
import type { SequenceNumber, ShardId, StreamRecord } from "../../src/base/record.ts";
import {
  InvalidStreamRecordError,
  openStream,
  StreamReader,
  type StreamReaderOptions,
} from "../../src/stream/mod.ts";
import { collect, putEvents, runUntil } from "../../src/testing/mod.ts";
import { wrongClock } from "../support/wrong_clock.ts";
import { RedeliveringKinesis, StrictKinesis } from "../support/odd_kinesis.ts";

/** A stream "s" on a virtual clock, whose records are `{ n }`. */
function setUp(shardCount = 1, options: MemoryKinesisOptions = {}) {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock, ...options });
  const shardIds = kinesis.createStream("s", shardCount);
  const checkpointer = new MemoryCheckpointer({ clock });
  const put = async (...numbers: number[]) => {
    for (const n of numbers) {
      const data = encodeEvent({ n });
      const [result] = await kinesis.putRecords("s", [{ partitionKey: `key ${n}`, data }]);
      ok(result?.ok);
    }
  };
  const putRaw = (...bytes: number[]) =>
    kinesis.putRecords("s", [{ partitionKey: "raw", data: new Uint8Array(bytes) }]);
  const open = (more: StreamReaderOptions = {}) =>
    new StreamReader(kinesis, "s", { clock, checkpointer, ...more });
  const take = (reader: StreamReader, count: number) => runUntil(clock, collect(reader, count));
  return { clock, kinesis, shardIds, checkpointer, put, putRaw, open, take };
}

function numbers(records: readonly StreamRecord[]): number[] {
  return records.map(({ data }) => data["n"] as number);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** A service whose listing hides shards that come from others until it is told to show them. */
function withLateListing(kinesis: MemoryKinesis) {
  let hidden = true;
  const late = Object.create(kinesis) as MemoryKinesis;
  late.listShards = async function* (stream) {
    for await (const shard of kinesis.listShards(stream)) {
      if (shard.parents.length === 0 || !hidden) yield shard;
    }
  };
  for (const name of ["getRecords", "getShardIterator"] as const) {
    late[name] = kinesis[name].bind(kinesis) as never;
  }
  return { kinesis: late, showChildren: () => void (hidden = false) };
}

Deno.test("StreamReader yields records with all their fields", async () => {
  const { clock, shardIds, put, open, take } = setUp();
  await put(7);
  await using reader = open();
  const [record] = await take(reader, 1);
  deepEqual(record!.data, { n: 7 });
  equal(record!.data, record!.data, "decoded once");
  deepEqual(record!.raw, encodeEvent({ n: 7 }));
  equal(record!.shardId, shardIds[0]);
  equal(record!.partitionKey, "key 7");
  equal(record!.arrivedAt.getTime(), clock.now());
  equal(record!.sequenceNumber.length, 56);
});

Deno.test("StreamReader reads all shards, each in order", async () => {
  const { shardIds, put, open, take } = setUp(4);
  await put(...range(0, 200));
  await using reader = open();
  const records = await take(reader, 200);
  deepEqual(numbers(records).sort((a, b) => a - b), range(0, 200));
  for (const id of shardIds) {
    const own = numbers(records.filter(({ shardId }) => shardId === id));
    ok(own.length > 20);
    deepEqual(own, [...own].sort((a, b) => a - b));
  }
});

Deno.test("StreamReader lets shards take turns", async () => {
  const { put, open, take } = setUp(2);
  await put(...range(0, 1_000));
  await using reader = open();
  const first = await take(reader, 300);
  const counts = Map.groupBy(first, ({ shardId }) => shardId);
  deepEqual([...counts.values()].map(({ length }) => length).sort(), [100, 200]);
});

Deno.test("StreamReader begins at the horizon, at the latest, or at a time", async () => {
  const { clock, put, open, take } = setUp();
  await put(1);
  await clock.advance(60_000);
  const time = new Date(clock.now());
  await put(2);
  await using oldest = open();
  deepEqual(numbers(await take(oldest, 2)), [1, 2]);
  for (const from of [time, { type: "at-timestamp", timestamp: time } as const]) {
    await using later = open({ from, checkpointer: undefined });
    deepEqual(numbers(await take(later, 1)), [2]);
  }
  await using latest = open({ from: "latest", checkpointer: undefined });
  const pending = take(latest, 1);
  await clock.advance(1_500);
  await put(3);
  deepEqual(numbers(await pending), [3]);
});

Deno.test("StreamReader begins a shard without a checkpoint after a restart where the first run began", async () => {
  for (const offset of [-48, -1, 0, 1, 48]) {
    for (const from of ["latest", "now", "an hour ago"] as const) {
      const { clock, put, open } = setUp(2);
      const machine = wrongClock(clock, () => offset * 3_600_000);
      await put(1);
      await clock.advance(2 * 3_600_000);
      const start = {
        "latest": () => "latest" as const,
        "now": () => new Date(clock.now() + 100), // by a machine whose clock is a little ahead
        "an hour ago": () => new Date(clock.now() - 3_600_000),
      }[from];
      const run = async () => {
        await using reader = open({ idle: true, from: start(), clock: machine });
        return numbers(await runUntil(clock, collect(reader)));
      };
      deepEqual(await run(), []);
      for (let n = 2; n <= 3; n++) {
        await put(n);
        await clock.advance(3 * 3_600_000);
      }
      deepEqual((await run()).sort(), [2, 3], `${from}, off by ${offset} h`);
    }
  }
});

Deno.test("StreamReader begins at the start that it wrote down also in the first run", async () => {
  let isAway = true;
  const { clock, put, open } = setUp(1, {
    intercept(operation) {
      if (operation !== "getShardIterator" || !isAway) return;
      throw new KinesisError("Cannot: slow down", { code: "SlowDown", retryable: true });
    },
  });
  await put(1);
  await clock.advance(60_000);
  await using reader = open({ from: "latest" });
  const reading = collect(reader, 1);
  await clock.advance(60_000);
  await put(2);
  isAway = false;
  deepEqual(numbers(await runUntil(clock, reading)), [2]);
});

Deno.test("StreamReader writes its start down once, as its checkpointer lists no position", async () => {
  const { clock, checkpointer, put, open, kinesis } = setUp();
  const read = async (from: StreamReaderOptions["from"]) => {
    await using reader = open({ idle: true, autoCheckpoint: true, from });
    return numbers(await runUntil(clock, collect(reader)));
  };
  await read("trim-horizon");
  equal(await checkpointer.load("s", START_ROW), undefined);
  await read("latest");
  const start = await checkpointer.load("s", START_ROW);
  equal(start, `${clock.now() - 1_000}`);
  await clock.advance(60_000);
  await put(1);
  deepEqual(await read("latest"), [1]);
  deepEqual((await checkpointer.list()).map(({ sequenceNumber }) => sequenceNumber.length), [56]);
  // A shard whose lineage has left the stream begins at the start, not at the latest.
  let [shard] = (await Array.fromAsync(kinesis.listShards("s"))).map(({ id }) => id);
  for (let generation = 0; generation < 3; generation++) {
    [shard] = kinesis.splitShard("s", shard!);
    await clock.advance(25 * 3_600_000);
  }
  await put(2, 3, 4);
  deepEqual((await read("latest")).sort(), [2, 3, 4]);
  equal(await checkpointer.load("s", START_ROW), start);
});

Deno.test("StreamReader writes its start down by the machine's clock where it may not ask for the time", async () => {
  const { clock, checkpointer, open } = setUp(1, {
    intercept(operation) {
      if (operation !== "describeStream") return;
      throw new KinesisError("Cannot: denied", { code: "AccessDeniedException", retryable: false });
    },
  });
  await using reader = open({ idle: true, from: "latest" });
  await runUntil(clock, collect(reader));
  equal(Number(await checkpointer.load("s", START_ROW)) <= clock.now() - 1_000, true);
});

Deno.test("StreamReader goes on with the oldest record if the stream dropped what followed", async () => {
  const { clock, put, open, take } = setUp();
  await put(1, 2);
  {
    await using reader = open({ autoCheckpoint: true, idle: true });
    await take(reader, 1);
    await reader.checkpoint();
  }
  await clock.advance(25 * 3_600_000);
  await put(3);
  await using reader = open({ idle: true });
  deepEqual(numbers(await runUntil(clock, collect(reader))), [3]);
});

Deno.test("StreamReader.checkpoint() saves only what was yielded, the current one included", async () => {
  const { shardIds, checkpointer, put, open, take } = setUp();
  await put(1, 2, 3);
  await using reader = open();
  const records = await take(reader, 2);
  await reader.checkpoint();
  equal(await checkpointer.load("s", shardIds[0]!), records[1]!.sequenceNumber);
  await using again = open();
  deepEqual(numbers(await take(again, 1)), [3]);
});

Deno.test("StreamReader.checkpoint() saves only the shards that have moved", async () => {
  const { checkpointer, put, open, take } = setUp(4);
  await put(...range(0, 50));
  await using reader = open();
  await take(reader, 50);
  const saves: number[] = [];
  const save = checkpointer.save.bind(checkpointer);
  checkpointer.save = (stream, positions) => (saves.push(positions.size), save(stream, positions));
  await reader.checkpoint();
  await reader.checkpoint();
  await put(50);
  await take(reader, 1);
  await reader.checkpoint();
  deepEqual(saves, [4, 1]);
});

Deno.test("StreamReader.checkpoint() that failed saves the same again", async () => {
  const { shardIds, checkpointer, put, open, take } = setUp();
  await put(1);
  await using reader = open();
  const [record] = await take(reader, 1);
  const save = checkpointer.save.bind(checkpointer);
  checkpointer.save = () => Promise.reject(new Error("no space"));
  await rejects(() => reader.checkpoint(), { message: "no space" });
  checkpointer.save = save;
  await reader.checkpoint();
  equal(await checkpointer.load("s", shardIds[0]!), record!.sequenceNumber);
});

Deno.test("StreamReader.checkpoint() waits for a database that is away, until it is aborted", async () => {
  const { clock, shardIds, checkpointer, put, open, take } = setUp();
  await put(1);
  const stop = new AbortController();
  await using reader = open({ signal: stop.signal });
  await take(reader, 1);
  let tries = 0;
  const save = checkpointer.save.bind(checkpointer);
  checkpointer.save = () => {
    tries++;
    throw new KinesisError("Cannot save: away", { code: "away", retryable: true });
  };
  const saving = reader.checkpoint();
  await clock.advance(60_000);
  ok(tries > 3);
  checkpointer.save = save;
  stop.abort();
  await saving;
  ok(await checkpointer.load("s", shardIds[0]!));
});

Deno.test("StreamReader.checkpoint() needs a checkpointer", async () => {
  const { open } = setUp();
  await using reader = open({ checkpointer: undefined });
  await rejects(() => reader.checkpoint(), TypeError);
});

Deno.test("StreamReader goes on with the next record when it is iterated again", async () => {
  const { put, open, take } = setUp();
  await put(...range(0, 5));
  await using reader = open();
  deepEqual(numbers(await take(reader, 2)), [0, 1]);
  deepEqual(numbers(await take(reader, 3)), [2, 3, 4]);
});

Deno.test("StreamReader refuses to be iterated twice at the same time", async () => {
  const { put, open } = setUp();
  await put(1);
  await using reader = open();
  const first = reader[Symbol.asyncIterator]();
  const pending = first.next();
  await rejects(() => reader[Symbol.asyncIterator]().next(), TypeError);
  equal((await pending).done, false);
});

Deno.test("StreamReader reads children after their parents, from their oldest record", async () => {
  const { clock, kinesis, shardIds, put, open, take } = setUp();
  await using reader = open({ from: "latest" });
  const pending = take(reader, 50);
  await clock.advance(1_500);
  await put(...range(0, 10));
  const [low, high] = kinesis.splitShard("s", shardIds[0]!);
  await put(...range(10, 20));
  kinesis.mergeShards("s", low!, high!);
  await put(...range(20, 50));
  const records = await pending;
  const found = numbers(records);
  deepEqual(found.slice(0, 10), range(0, 10));
  deepEqual(found.slice(10, 20).sort((a, b) => a - b), range(10, 20));
  deepEqual(found.slice(20), range(20, 50));
});

Deno.test("StreamReader goes on after a split that happened while it was stopped", async () => {
  const { clock, kinesis, shardIds, put, open, take } = setUp();
  await put(1, 2);
  await clock.advance(1_500);
  {
    await using reader = open({ from: "latest" });
    const pending = take(reader, 1);
    await clock.advance(1_500);
    await put(3);
    await pending;
    await reader.checkpoint();
  }
  await put(4);
  kinesis.splitShard("s", shardIds[0]!);
  await put(5, 6, 7);
  await using reader = open({ from: "latest" });
  const records = await take(reader, 4);
  deepEqual(numbers(records).sort(), [4, 5, 6, 7]);
  equal(records[0]!.shardId, shardIds[0]);
});

Deno.test("StreamReader finds children that the listing shows late", async () => {
  const { clock, kinesis, shardIds, put } = setUp();
  const late = withLateListing(kinesis);
  kinesis.splitShard("s", shardIds[0]!);
  await put(1);
  await using reader = new StreamReader(late.kinesis, "s", { clock });
  const pending = collect(reader, 1);
  await clock.advance(30_000);
  late.showChildren();
  deepEqual(numbers(await runUntil(clock, pending)), [1]);
});

Deno.test("StreamReader does not fetch without end what nobody reads", async () => {
  let reads = 0;
  const { clock, kinesis, open, take } = setUp(2, {
    intercept(operation, _, phase) {
      if (operation === "getRecords" && phase === "before") reads++;
    },
  });
  for (let i = 0; i < 200; i++) {
    const data = encodeEvent({ n: i, padding: new Uint8Array(10_000) });
    await kinesis.putRecords("s", [{ partitionKey: `key ${i}`, data }]);
  }
  await using reader = open({ maxBufferedBytes: 200_000, limit: 5 });
  await take(reader, 1);
  await clock.advance(600_000);
  // Two shards, each with 100,000 bytes for itself: two answers of 5 x 10,400 bytes fill that, and
  // the record that was taken makes room for one more.
  equal(reads, 5);
  equal(new Set(numbers(await take(reader, 199))).size, 199);
});

Deno.test("StreamReader holds answers of many shards within its budget, and reads them all", async () => {
  const { clock, kinesis, shardIds, open } = setUp(16);
  const payload = new Uint8Array(1_000_000);
  const entries = shardIds.flatMap((_, n) =>
    range(0, 6).map((i) => ({ partitionKey: `${n} ${i}`, data: encodeEvent({ payload }) }))
  );
  for (const entry of entries) await kinesis.putRecords("s", [entry]);
  const asked = new Set<string>();
  const getRecords = kinesis.getRecords.bind(kinesis);
  kinesis.getRecords = (iterator, options) => {
    asked.add(iterator);
    return getRecords(iterator, options);
  };
  await using reader = open();
  let count = 0;
  const reading = (async () => {
    for await (const _ of reader) {
      if (count++ === 0) {
        await clock.sleep(10_000);
        ok(asked.size < shardIds.length, `${asked.size} answers at once`);
      }
      if (count === entries.length) break;
    }
  })();
  await runUntil(clock, reading);
  equal(count, entries.length);
});

Deno.test("StreamReader.millisBehindLatest tells how far reading is behind, not fetching", async () => {
  const { clock, shardIds, put, open, take } = setUp(1);
  await put(1);
  await clock.advance(5_000);
  await put(2);
  await clock.advance(1_000);
  await put(3);
  await using reader = open();
  equal(reader.millisBehindLatest, undefined);
  await take(reader, 1);
  equal(reader.millisBehindLatest, 6_000);
  deepEqual([...reader.millisBehindLatestByShard], [[shardIds[0], 6_000]]);
  await take(reader, 1);
  equal(reader.millisBehindLatest, 1_000);
  await take(reader, 1);
  equal(reader.millisBehindLatest, 0);
});

Deno.test("StreamReader.millisBehindLatest is unknown while a shard has not been asked", async () => {
  const held = Promise.withResolvers<void>();
  const { clock, shardIds, put, open, take } = setUp(2, {
    async intercept(operation, args, phase) {
      if (operation !== "getShardIterator" || phase === "after") return;
      if ((args[0] as { shardId: ShardId }).shardId === shardIds[1]) await held.promise;
    },
  });
  await put(...range(0, 20));
  await using reader = open();
  await take(reader, 1);
  equal(reader.millisBehindLatest, undefined);
  held.resolve();
  await clock.advance(0);
  equal(reader.millisBehindLatest, 0);
});

Deno.test("StreamReader throws a record that is not an event, again and again, and keeps its place", async () => {
  const { clock, shardIds, checkpointer, put, putRaw, open, take } = setUp();
  await put(1);
  const [result] = await putRaw(0xc1, 1, 2);
  await put(2);
  await using reader = open();
  const [record] = await take(reader, 1);
  for (let i = 0; i < 2; i++) {
    await rejects(() => runUntil(clock, collect(reader, 1)), (error: unknown) => {
      ok(error instanceof InvalidStreamRecordError);
      deepEqual([error.stream, error.shardId, error.partitionKey], ["s", shardIds[0], "raw"]);
      equal(error.sequenceNumber, result!.ok && result!.sequenceNumber);
      deepEqual([...error.raw], [0xc1, 1, 2]);
      ok(error.message.includes(error.sequenceNumber) && error.message.includes(shardIds[0]!));
      ok(error.cause instanceof Error);
      return true;
    });
  }
  await reader.checkpoint();
  equal(await checkpointer.load("s", shardIds[0]!), record!.sequenceNumber);
});

Deno.test("StreamReader gives a record that is not an event to onInvalid, and goes on", async () => {
  const { put, putRaw, open, take, shardIds, checkpointer } = setUp();
  await put(1);
  const [result] = await putRaw();
  await using early = open({ onInvalid: () => {} });
  const invalid: InvalidStreamRecordError[] = [];
  await using reader = open({ onInvalid: (error) => void invalid.push(error) });
  await put(2);
  deepEqual(numbers(await take(reader, 2)), [1, 2]);
  deepEqual(invalid.map(({ raw }) => raw.length), [0]);
  await put(3);
  await take(early, 3);
  await early.checkpoint();
  const saved = await checkpointer.load("s", shardIds[0]!);
  ok(saved! > (result!.ok ? result!.sequenceNumber : ""));
});

Deno.test("StreamReader stops at once and quietly when it is aborted", async () => {
  const { clock, put, open } = setUp(2);
  const stop = new AbortController();
  await using reader = open({ signal: stop.signal });
  await put(1);
  const records: StreamRecord[] = [];
  const reading = (async () => {
    for await (const record of reader) records.push(record);
  })();
  await clock.advance(10_000);
  stop.abort(new Error("enough"));
  await reading;
  deepEqual(numbers(records), [1]);
  await clock.advance(0);
  equal(clock.nextWake, undefined);
});

Deno.test("StreamReader drops what it has fetched when it is aborted", async () => {
  const { put, open } = setUp();
  await put(1, 2, 3);
  const stop = new AbortController();
  await using reader = open({ signal: stop.signal });
  const records: StreamRecord[] = [];
  for await (const record of reader) {
    records.push(record);
    stop.abort();
  }
  deepEqual(numbers(records), [1]);
});

Deno.test("StreamReader stops when it is disposed, also while it is read", async () => {
  const { clock, open } = setUp();
  const reader = open();
  const reading = Array.fromAsync(reader);
  await clock.advance(5_000);
  await reader[Symbol.asyncDispose]();
  deepEqual(await reading, []);
  equal(clock.nextWake, undefined);
});

Deno.test("StreamReader asks nothing before it is iterated", async () => {
  const calls: string[] = [];
  const { open } = setUp(1, { intercept: (operation) => void calls.push(operation) });
  {
    await using _reader = open();
  }
  deepEqual(calls, []);
});

Deno.test("StreamReader throws what a shard failed with for good, and stops the others", async () => {
  const denied = new KinesisError("Cannot read: denied", {
    code: "AccessDenied",
    retryable: false,
  });
  let deny = false;
  const { clock, put, open, take } = setUp(3, {
    intercept(operation) {
      if (deny && operation === "getRecords") throw denied;
    },
  });
  await put(1);
  await using reader = open();
  await take(reader, 1);
  deny = true;
  await rejects(() => runUntil(clock, collect(reader, 1)), denied);
  await rejects(() => runUntil(clock, collect(reader, 1)), denied);
  await clock.advance(0);
  equal(clock.nextWake, undefined);
});

Deno.test("StreamReader throws for a stream that is not there, or no longer", async () => {
  const { clock, kinesis, put, open, take } = setUp();
  const gone = (error: unknown) =>
    error instanceof KinesisError && error.code === "ResourceNotFoundException";
  await using other = new StreamReader(kinesis, "other", { clock });
  await rejects(() => runUntil(clock, collect(other, 1)), gone);
  await put(1);
  await using reader = open();
  await take(reader, 1);
  kinesis.deleteStream("s");
  await rejects(() => runUntil(clock, collect(reader, 1)), gone);
});

Deno.test("StreamReader goes on with the children of a shard that left the stream unread", async () => {
  const { clock, kinesis, shardIds, put, open, take } = setUp();
  await put(1);
  await using reader = open({ maxBufferedBytes: 1 });
  deepEqual(numbers(await take(reader, 1)), [1]);
  await put(2);
  kinesis.splitShard("s", shardIds[0]!);
  // The reader sleeps between two requests while the parent is trimmed away.
  kinesis.setRetention("s", 0);
  await clock.advance(1);
  equal((await Array.fromAsync(kinesis.listShards("s"))).length, 2);
  kinesis.setRetention("s", 24);
  await put(3);
  deepEqual(numbers(await take(reader, 1)), [3]);
});

Deno.test("StreamReader begins each shard where it is told, and after its checkpoint if it has one", async () => {
  const { clock, shardIds, checkpointer, put, open } = setUp(4);
  await put(...range(0, 100));
  await using first = open({ checkpointer: undefined, idle: true });
  const all = Map.groupBy(await runUntil(clock, Array.fromAsync(first)), (r) => r.shardId);
  const own = shardIds.map((id) => all.get(id)!);
  await checkpointer.save("s", new Map([[shardIds[0]!, own[0]!.at(-2)!.sequenceNumber]]));
  await clock.advance(1_500);
  await using reader = open({
    idle: true,
    from: {
      shards: {
        [shardIds[0]!]: "trim-horizon",
        [shardIds[1]!]: { type: "after", sequenceNumber: own[1]!.at(-4)!.sequenceNumber },
        [shardIds[2]!]: "trim-horizon",
      },
      otherwise: "latest",
    },
  });
  const found = await runUntil(clock, Array.fromAsync(reader));
  const counts = Map.groupBy(found, ({ shardId }) => shardId);
  deepEqual(
    shardIds.map((id) => counts.get(id)?.length ?? 0),
    [1, 3, own[2]!.length, 0],
  );
});

Deno.test("StreamReader with idle ends when it has caught up, and goes on when it is iterated again", async () => {
  const { clock, put, open } = setUp(3);
  await using reader = open({ idle: true });
  const drain = async () => numbers(await runUntil(clock, Array.fromAsync(reader)));
  deepEqual(await drain(), []);
  for (const count of [50, 0, 70]) {
    await put(...range(0, count));
    deepEqual((await drain()).sort((a, b) => a - b), range(0, count));
  }
});

Deno.test("StreamReader with idle reads what splits and merges left, to the last child", async () => {
  const { clock, kinesis, shardIds, put, open } = setUp(2);
  await put(...range(0, 40));
  const [low, high] = kinesis.splitShard("s", shardIds[0]!);
  await put(...range(40, 80));
  kinesis.splitShard("s", kinesis.mergeShards("s", low!, high!));
  await put(...range(80, 120));
  await using reader = open({ idle: true, limit: 7 });
  const records = await runUntil(clock, Array.fromAsync(reader));
  deepEqual(numbers(records).sort((a, b) => a - b), range(0, 120));
});

Deno.test("StreamReader with idle waits for children that the listing shows late", async () => {
  const { clock, kinesis, shardIds, put } = setUp();
  const late = withLateListing(kinesis);
  await put(1);
  kinesis.splitShard("s", shardIds[0]!);
  await put(2);
  await using reader = new StreamReader(late.kinesis, "s", { clock, idle: true });
  const reading = Array.fromAsync(reader);
  await clock.advance(300_000);
  late.showChildren();
  deepEqual(numbers(await runUntil(clock, reading)), [1, 2]);
});

Deno.test("StreamReader with idle does not take a full answer for the last", async () => {
  const { clock, kinesis, put } = setUp();
  // Some servers never tell their lag.
  const silent = Object.create(kinesis) as MemoryKinesis;
  for (const name of ["listShards", "getShardIterator"] as const) {
    silent[name] = kinesis[name].bind(kinesis) as never;
  }
  silent.getRecords = async (iterator, options) => ({
    ...await kinesis.getRecords(iterator, options),
    millisBehindLatest: 0,
  });
  await put(...range(0, 25));
  await using reader = new StreamReader(silent, "s", { clock, idle: true, limit: 5 });
  deepEqual(numbers(await runUntil(clock, Array.fromAsync(reader))), range(0, 25));
});

Deno.test("StreamReader with idle.afterMs ends when no record has come for that long", async () => {
  const { clock, put, open } = setUp();
  await using reader = open({ idle: { afterMs: 10_000 } });
  const start = clock.now();
  let ended: number | undefined;
  const reading = Array.fromAsync(reader).then((records) => {
    ended = clock.now() - start;
    return records;
  });
  await clock.advance(6_000);
  await put(1);
  await clock.advance(8_000);
  await put(2);
  await clock.advance(9_000);
  equal(ended, undefined);
  await clock.advance(3_000);
  ok(ended! >= 24_000 && ended! <= 26_000, String(ended));
  deepEqual(numbers(await reading), [1, 2]);
});

Deno.test("StreamReader with idle does not end while a shard cannot be asked", async () => {
  let away = true;
  const { clock, put, open } = setUp(2, {
    intercept(operation, args, phase) {
      if (!away || operation !== "getRecords" || phase === "after") return;
      if (atob(String(args[0])).includes("shardId-000000000001")) {
        throw new KinesisError("Cannot read: away", { code: "away", retryable: true });
      }
    },
  });
  await put(...range(0, 30));
  await using reader = open({ idle: true });
  const reading = Array.fromAsync(reader);
  await clock.advance(120_000);
  away = false;
  equal((await runUntil(clock, reading)).length, 30);
});

Deno.test("StreamReader goes on after checkpoints of other streams and clients", async () => {
  const { checkpointer, shardIds, put, open, take } = setUp();
  const foreign = new Map([[shardIds[0]!, "99999" as SequenceNumber]]);
  await checkpointer.save("other", foreign);
  await put(1);
  await using reader = open();
  deepEqual(numbers(await take(reader, 1)), [1]);
});

Deno.test("openStream() tells of a missing region when it is read, not before", async () => {
  const names = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE"];
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of names) Deno.env.delete(name);
  Deno.env.set("AWS_CONFIG_FILE", "/nonexistent");
  try {
    await using reader = openStream("s");
    await rejects(() => collect(reader, 1), {
      name: "ConfigError",
      message: /no region is set/,
    });
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
});

Deno.test("StreamReader yields records once that Kinesis delivers again, also after a restart", async () => {
  const { clock, checkpointer } = setUp();
  const kinesis = new RedeliveringKinesis({ clock });
  kinesis.createStream("s");
  const seen: number[] = [];
  for (let n = 0; n < 9; n += 3) {
    await putEvents(kinesis, "s", [{ n }, { n: n + 1 }, { n: n + 2 }]);
    const options = { clock, checkpointer, autoCheckpoint: true, idle: true };
    await using reader = new StreamReader(kinesis, "s", options);
    seen.push(...numbers(await runUntil(clock, Array.fromAsync(reader))));
  }
  deepEqual(seen, range(0, 9));
});

Deno.test("StreamReader goes on with the oldest record, and says so, where Kinesis refuses its position for its age", async () => {
  const { clock, checkpointer } = setUp();
  const kinesis = new StrictKinesis({ clock });
  kinesis.createStream("s");
  const trimmed: TrimmedPosition[] = [];
  const read = async () => {
    const options = { clock, checkpointer, autoCheckpoint: true, idle: true };
    const onTrimmed = (position: TrimmedPosition) => void trimmed.push(position);
    await using reader = new StreamReader(kinesis, "s", { ...options, onTrimmed });
    return numbers(await runUntil(clock, Array.fromAsync(reader)));
  };
  await putEvents(kinesis, "s", [{ n: 0 }]);
  deepEqual(await read(), [0]);
  await clock.advance(25 * 3_600_000);
  await putEvents(kinesis, "s", [{ n: 1 }]);
  deepEqual(await read(), [1]);
  deepEqual(trimmed.map(({ stream, shardId }) => [stream, shardId]), [[
    "s",
    "shardId-000000000000",
  ]]);
  // One of another stream of that name is no position that could be too old.
  await checkpointer.save(
    "s",
    new Map([["shardId-000000000000" as ShardId, "9" as SequenceNumber]]),
  );
  await rejects(read(), { code: "StreamRecreated" });
});

/** A service that reports a lag with each answer, whatever it holds. */
function withLag(clock: VirtualClock, lag: () => number): MemoryKinesis {
  return new class extends MemoryKinesis {
    override async getRecords(...args: Parameters<MemoryKinesis["getRecords"]>) {
      const batch = await super.getRecords(...args);
      return { ...batch, millisBehindLatest: batch.millisBehindLatest + lag() };
    }
  }({ clock });
}

Deno.test("StreamReader with idle ends a minute after the last record where the lag never gets to 0", async () => {
  const { clock } = setUp();
  const kinesis = withLag(clock, () => 5_000 + Math.floor(clock.random() * 3_000));
  kinesis.createStream("s", 2);
  await putEvents(kinesis, "s", [{ n: 0 }, { n: 1 }, { n: 2 }]);
  await using reader = new StreamReader(kinesis, "s", { clock, idle: true });
  for (let again = 0; again < 2; again++) {
    const startedAt = clock.now();
    const records = await runUntil(clock, Array.fromAsync(reader));
    deepEqual(records.length, again === 0 ? 3 : 0);
    const took = clock.now() - startedAt;
    ok(took >= 60_000 && took < 90_000, `${took} ms`);
  }
});

Deno.test("StreamReader with idle does not end while it gets nearer to the newest record, however long that takes", async () => {
  const { clock } = setUp();
  let lag = 3_600_000;
  const kinesis = withLag(clock, () => Math.max(0, lag -= 1_000));
  kinesis.createStream("s");
  await using reader = new StreamReader(kinesis, "s", { clock, idle: true });
  const startedAt = clock.now();
  deepEqual(await runUntil(clock, Array.fromAsync(reader)), []);
  ok(clock.now() - startedAt > 600_000);
});
