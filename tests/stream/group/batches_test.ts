import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CheckpointError } from "../../../src/base/errors.ts";
import type { StreamRecord } from "../../../src/base/record.ts";
import type { MemoryTransaction } from "../../../src/shards/group/mod.ts";
import { commitIn, type GroupBatch } from "../../../src/stream/mod.ts";
import { packRecords } from "../../support/kpl_message.ts";
import { encodeEvent } from "../../../src/codec/mod.ts";
import { GroupWorld, STREAM } from "./group_world.ts";

type Tx = MemoryTransaction<number>;

function numbers(records: readonly StreamRecord[]): number[] {
  return records.map(({ data }) => data.n as number);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** Puts aggregated records, as the Kinesis Producer Library does. */
async function putAggregate(world: GroupWorld, from: number, to: number): Promise<void> {
  const records = range(from, to).map((n) => ({ partitionKey: "a", data: encodeEvent({ n }) }));
  await world.kinesis.putRecords(STREAM, [{ partitionKey: "a", data: packRecords(records) }]);
}

Deno.test("runBatches() passes at most maxRecords, and waits for maxWaitMs after the first one", async () => {
  const world = new GroupWorld();
  await world.put(25);
  const batches: number[][] = [];
  const times: number[] = [];
  void world.member().group.runBatches(({ records }) => {
    batches.push(numbers(records));
    times.push(world.clock.now());
  }, { maxRecords: 10, maxWaitMs: 5_000 });
  const startedAt = world.clock.now();
  await world.untilSo(() => batches.length === 3);
  deepEqual(batches, [range(0, 10), range(10, 20), range(20, 25)]);
  ok(times[1]! - startedAt < 1_000);
  ok(times[2]! - times[1]! >= 5_000 && times[2]! - times[1]! < 5_300);
});

Deno.test("runBatches() ends a batch where a Kinesis record ends", async () => {
  const world = new GroupWorld();
  await world.put(2);
  await putAggregate(world, 2, 12);
  await putAggregate(world, 12, 14);
  const batches: number[][] = [];
  void world.member().group.runBatches(({ records, previous, last }) => {
    batches.push(numbers(records));
    equal(last, records.at(-1)!.sequenceNumber);
    equal(previous === undefined, batches.length === 1);
  }, { maxRecords: 5 });
  await world.untilSo(() => batches.length === 2);
  deepEqual(batches, [range(0, 12), range(12, 14)]);
});

Deno.test("runBatches() processes shards side by side, and the batches of one shard in order", async () => {
  const world = new GroupWorld(3);
  await world.put(90);
  const running = new Map<string, number>();
  let most = 0;
  const { group, process } = world.member();
  void group.runBatches(async ({ shardId }) => {
    running.set(shardId, (running.get(shardId) ?? 0) + 1);
    equal(running.get(shardId), 1);
    most = Math.max(most, [...running.values()].reduce((a, b) => a + b));
    await process.sleep(1_000);
    running.set(shardId, 0);
  }, { maxRecords: 5, concurrency: 2 });
  await world.clock.advance(20_000);
  equal(most, 2);
});

Deno.test("runBatches() retries a batch, then its records one by one, and leaves poison to onPoison", async () => {
  const world = new GroupWorld();
  await world.put(6);
  const calls: number[][] = [];
  const poison: [unknown, number[]][] = [];
  const { group } = world.member({
    retries: 1,
    onPoison: (error, { records }) => void poison.push([error, numbers(records)]),
  });
  void group.runBatches(({ records }) => {
    calls.push(numbers(records));
    if (numbers(records).includes(3)) throw new Error("not 3");
  }, { maxRecords: 6 });
  await world.put(1);
  await world.untilSo(() => calls.some(([n]) => n === 6));
  deepEqual(calls, [range(0, 6), range(0, 6), [0], [1], [2], [3], [4], [5], [6]]);
  deepEqual(poison, [[new Error("not 3"), [3]]]);
});

Deno.test("runBatches() stops at poison, and continues there; with skip it counts it", async () => {
  const world = new GroupWorld();
  await world.put(6);
  const seen: number[] = [];
  const handler = ({ records }: GroupBatch) => {
    if (numbers(records).includes(3)) throw new Error("not 3");
    seen.push(...numbers(records));
  };
  const first = world.member({ retries: 0 }).group;
  await rejects(world.until(first.runBatches(handler)), { message: "not 3" });
  deepEqual(seen, [0, 1, 2]);
  const { group } = world.member({ retries: 0, onPoison: "skip" });
  void group.runBatches(handler);
  await world.untilSo(() => seen.length === 5);
  deepEqual(seen, [0, 1, 2, 4, 5]);
  equal(group.status().skipped, 1);
});

Deno.test("runBatches() retries failures that may pass for as long as it takes, whatever `retries` is", async () => {
  const world = new GroupWorld();
  await world.put(1);
  let calls = 0;
  const { group } = world.member({ retries: 0 });
  void group.runBatches(() => {
    if (++calls < 20) throw new CheckpointError("busy", { code: "40001", retryable: true });
  });
  await world.untilSo(() => calls === 19);
  equal(group.status().lastError, "busy");
  equal((await world.table.members())[0]!.lastError, "busy");
  await world.untilSo(() => calls === 20);
  await world.clock.advance(1_000);
  equal(group.status().lastError, undefined);
  equal((await world.table.members())[0]!.lastError, undefined);
});

Deno.test("runBatches() aborts the signal of a batch whose shard is lost, and saves nothing of it", async () => {
  const world = new GroupWorld();
  await world.put(5);
  const first = world.member({ leaseMs: 10_000 });
  let signal: AbortSignal | undefined;
  void first.group.runBatches(async (batch) => {
    signal = batch.signal;
    await first.process.sleep(60_000);
  });
  await world.untilSo(() => signal !== undefined);
  first.process.pause(30_000);
  const seen: number[] = [];
  const second = world.member({ leaseMs: 10_000 });
  void second.group.runBatches(({ records }) => void seen.push(...numbers(records)));
  await world.untilSo(() => seen.length === 5);
  await world.untilSo(() => signal!.aborted, 40_000);
  equal((await world.table.shards())[0]!.epoch, 2);
  await world.clock.advance(120_000);
  deepEqual(seen, range(0, 5));
});

Deno.test("commitIn() commits a batch in the user's transaction, and runBatches() saves nothing more", async () => {
  const world = new GroupWorld();
  await world.put(9);
  const { group, effects } = world.member();
  let calls = 0;
  void group.runBatches(async (batch) => {
    const tx: Tx = effects.begin();
    for (const n of numbers(batch.records)) tx.add(n);
    await commitIn(tx, batch);
    // The second one rolls back, and says nothing; the third one fails after its commit.
    if (++calls === 2) return;
    await effects.commit(tx);
    if (calls === 3) throw new Error("the answer was lost");
  }, { maxRecords: 3 });
  await world.untilSo(() => calls === 4);
  await world.clock.advance(1_000);
  deepEqual(world.table.effects, range(0, 9));
  equal(calls, 4);
});

Deno.test("commitIn() refuses what is no batch of runBatches()", async () => {
  const world = new GroupWorld();
  await world.put(1);
  const { group } = world.member({ retries: 0 });
  const committing = group.transact<Tx>(async (tx, batch) => await commitIn(tx, batch));
  await rejects(world.until(committing), TypeError);
  deepEqual(world.table.effects, []);
});

Deno.test("transact() rolls back what a handler throws for, and retries the same batch", async () => {
  const world = new GroupWorld();
  await world.put(5);
  const batches: GroupBatch[] = [];
  const { group } = world.member();
  void group.transact<Tx>((tx, batch) => {
    batches.push(batch);
    for (const n of numbers(batch.records)) tx.add(n);
    if (batches.length < 3) throw new Error("not yet");
  });
  await world.untilSo(() => batches.length === 3);
  await world.clock.advance(100);
  deepEqual(world.table.effects, range(0, 5));
  ok(batches.every((batch) => batch === batches[0]));
  equal((await world.table.shards())[0]!.position, batches[0]!.last);
});

Deno.test("transact() undoes only the records that are poison, and commits their dead letters with the rest", async () => {
  const world = new GroupWorld();
  await putAggregate(world, 0, 4);
  const { group } = world.member({ retries: 0 });
  void group.transact<Tx>((tx, { records }) => {
    for (const n of numbers(records)) {
      tx.add(n);
      if (n === 2) throw new Error("not 2");
    }
  }, { onPoison: (_error, { records }, tx) => tx!.add(-numbers(records)[0]!) });
  await world.untilSo(() => world.table.effects.length > 0);
  deepEqual(world.table.effects, [0, 1, -2, 3]);
});

Deno.test("transact() starts a whole transaction again after a failure in a savepoint that may pass", async () => {
  const world = new GroupWorld();
  await world.put(3);
  const { group } = world.member({ retries: 0, onPoison: "skip" });
  let conflicts = 0;
  void group.transact<Tx>((tx, { records }) => {
    if (records.length > 1) throw new Error("not all at once");
    for (const n of numbers(records)) tx.add(n);
    if (records[0]!.data.n === 1 && conflicts++ < 3) {
      throw Object.assign(new Error("could not serialize"), { code: "40001" });
    }
  });
  await world.untilSo(() => world.table.effects.length > 0);
  deepEqual(world.table.effects, [0, 1, 2]);
  equal(group.status().skipped, 0);
});

Deno.test("transact() commits nothing of a handler that is cut off at a hand-over", async () => {
  const world = new GroupWorld();
  await world.put(3);
  const stop = new AbortController();
  const { group, process } = world.member({ drainMs: 2_000, signal: stop.signal });
  let isRunning = false;
  const running = group.transact<Tx>(async (tx, { records, signal }) => {
    isRunning = true;
    for (const n of numbers(records)) tx.add(n);
    await process.sleep(60_000);
    equal(signal.aborted, true);
  });
  await world.untilSo(() => isRunning);
  stop.abort();
  await world.until(running);
  await world.clock.advance(120_000);
  deepEqual(world.table.effects, []);
  equal((await world.table.shards())[0]!.position, undefined);
});

Deno.test("transact() passes over skipped records, and saves their positions at the end of their shard", async () => {
  const world = new GroupWorld();
  await world.put(1);
  await world.kinesis.putRecords(STREAM, [{ partitionKey: "a", data: new Uint8Array([0xc1]) }]);
  const [shard] = await Array.fromAsync(world.kinesis.listShards(STREAM));
  world.kinesis.splitShard(STREAM, shard!.id);
  await world.put(4);
  const { group } = world.member({ onInvalid: "skip" });
  void group.transact<Tx>((tx, { records }) => {
    for (const n of numbers(records)) tx.add(n);
  }, { maxRecords: 1 });
  await world.untilSo(() => world.table.effects.length === 5);
  equal(group.status().skipped, 1);
  deepEqual((await world.table.shards("ended")).map(({ shardId }) => shardId), [shard!.id]);
});

Deno.test("transact() processes again what a database has forgotten that was set back, without new records", async () => {
  const world = new GroupWorld();
  await world.put(5);
  const { group } = world.member({ leaseMs: 10_000 });
  let batches = 0;
  void group.transact<Tx>((tx, { records }) => {
    for (const n of numbers(records)) tx.add(n);
    batches++;
  }, { maxRecords: 3 });
  let restore: (() => void) | undefined;
  await world.untilSo(() => {
    if (world.table.effects.length === 3) restore ??= world.table.snapshot();
    return world.table.effects.length === 5;
  });
  await world.clock.advance(60_000);
  equal(batches, 2, "nothing is taken for forgotten that is not");
  restore!();
  deepEqual(world.table.effects, [0, 1, 2]);
  await world.untilSo(() => world.table.effects.length === 5, 20_000);
  deepEqual(world.table.effects, range(0, 5));
});

Deno.test("transact() and transactSqlite() need their databases", async () => {
  const { group } = new GroupWorld().member();
  await rejects(group.transactSqlite(() => {}), {
    name: "TypeError",
    message: /transactSqlite\(\) needs SQLite, and the group has memory/,
  });
});
