import { deepEqual, equal } from "node:assert/strict";
import type { SequenceNumber, ShardId } from "../../../src/base/record.ts";
import { LeaseLostError } from "../../../src/shards/lease.ts";
import { HeldShard } from "../../../src/stream/group/held_shard.ts";
import { ShardQueue } from "../../../src/stream/shard_queue.ts";

const SHARD = "shardId-0" as ShardId;

function setUp(position?: string) {
  const over = new AbortController();
  const lease = { shardId: SHARD, epoch: 1, signal: over.signal };
  const queue = new ShardQueue(lease, 10);
  return { over, shard: new HeldShard(lease, queue, position as SequenceNumber | undefined) };
}

Deno.test("isBehind() needs two reads of the table, the second one begun after the position was saved", () => {
  const { shard } = setUp("1");
  equal(shard.isBehind(true, 5), false);
  equal(shard.isBehind(true, 6), false, "that read may have begun before");
  shard.commit("2" as SequenceNumber);
  equal(shard.isBehind(true, 7), false, "another position was saved meanwhile");
  equal(shard.isBehind(true, 8), false);
  equal(shard.isBehind(false, 9), false);
  equal(shard.isBehind(true, 10), false);
  equal(shard.isBehind(true, 11), false);
  equal(shard.isBehind(true, 12), true);
});

Deno.test("HeldShard may be saved while it is revoked, and not when it is lost", () => {
  for (const reason of [undefined, new LeaseLostError(SHARD)]) {
    const { over, shard } = setUp("1");
    over.abort(reason);
    shard.advance("2" as SequenceNumber);
    deepEqual(
      [shard.isReadable, shard.isOver, shard.processed],
      [false, reason !== undefined, reason === undefined ? "2" : "1"],
    );
  }
});
