import { deepEqual, equal, rejects } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import { KinesisError } from "../../src/base/errors.ts";
import type { ShardId } from "../../src/base/record.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { AllShards } from "../../src/shards/all_shards.ts";
import type { Lease } from "../../src/shards/lease.ts";

/** A stream, its shards, and the leases that were yielded so far. */
function setUp(shardCount = 1) {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const ids = kinesis.createStream("s", shardCount);
  const stop = new AbortController();
  const shards = new AllShards(kinesis, "s", { clock, signal: stop.signal });
  const leases: Lease[] = [];
  const read = async () => {
    for await (const lease of shards) leases.push(lease);
  };
  return { clock, kinesis, ids, stop, shards, leases, read };
}

const idsOf = (leases: readonly Lease[]): ShardId[] => leases.map(({ shardId }) => shardId);

Deno.test("AllShards leases the children of a shard once it has ended, and looks for them at once", async () => {
  const { clock, kinesis, ids, stop, shards, leases, read } = setUp();
  await shards.list();
  const reading = read();
  await clock.advance(0);
  deepEqual([idsOf(leases), shards.isComplete], [ids, true]);
  const children = kinesis.splitShard("s", ids[0]!);
  shards.end(leases[0]!);
  equal(shards.isComplete, false); // its children are not known yet
  await clock.advance(0);
  deepEqual([idsOf(leases), shards.isComplete], [[...ids, ...children], true]);
  stop.abort();
  await reading;
  equal(leases.every(({ signal }) => signal.aborted), true);
});

Deno.test("AllShards lists the shards at an interval, and holds children back until their parents end", async () => {
  const { clock, kinesis, ids, stop, shards, leases, read } = setUp(2);
  await shards.list();
  const reading = read();
  await clock.advance(0);
  const merged = kinesis.mergeShards("s", ids[0]!, ids[1]!);
  await clock.advance(60_000);
  deepEqual([idsOf(leases), shards.waiting], [ids, 1]);
  shards.end(leases[0]!);
  await clock.advance(0);
  deepEqual(idsOf(leases), ids);
  shards.end(leases[1]!);
  await clock.advance(0);
  deepEqual([idsOf(leases), shards.waiting], [[...ids, merged], 0]);
  stop.abort();
  await reading;
});

Deno.test("AllShards.pass() leases the children in place of the shard", async () => {
  const { clock, kinesis, ids, stop, shards, leases, read } = setUp();
  const children = kinesis.splitShard("s", ids[0]!);
  await shards.list();
  shards.pass(ids[0]!);
  const reading = read();
  await clock.advance(0);
  deepEqual([idsOf(leases), shards.isComplete], [children, true]);
  stop.abort();
  await reading;
});

Deno.test("AllShards.hasLeft() waits for no children of a shard that has left the stream", async () => {
  const { clock, ids, stop, shards, leases, read } = setUp();
  await shards.list();
  const reading = read();
  await clock.advance(0);
  equal(await shards.hasLeft(ids[0]!), false);
  const gone = { ...leases[0]!, shardId: "shardId-000000000009" as ShardId };
  equal(await shards.hasLeft(gone.shardId), true);
  shards.end(gone);
  equal(shards.isComplete, true);
  stop.abort();
  await reading;
});

Deno.test("AllShards throws what a listing fails with for good", async () => {
  const { clock, kinesis, shards, read } = setUp();
  await shards.list();
  const reading = read();
  await clock.advance(0);
  kinesis.deleteStream("s");
  const failing = rejects(reading, KinesisError);
  await clock.advance(60_000);
  await failing;
});
