import { deepStrictEqual } from "node:assert/strict";
import { MemoryKinesis, MemoryLedger, type NewShard, VirtualClock } from "@triton/triton";
import { StreamShards } from "../../src/archiver/stream_shards.ts";
import { shard } from "../checkpoint/contract.ts";

/** A ledger to which another worker tells the first shards in the last moment. */
class ContestedLedger extends MemoryLedger {
  rival: readonly NewShard[] = [];

  override async addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    await super.addFirstShards(this.rival);
    return await super.addFirstShards(shards);
  }
}

Deno.test("StreamShards begins where the first worker said, though a shard was split since", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks");
  await using ledger = new ContestedLedger("clicks", { clock });
  const start = { type: "at-timestamp", timestamp: new Date(clock.now()) } as const;
  ledger.rival = [{ shardId: shard(0), parents: [], start }];
  kinesis.splitShard("clicks", shard(0));
  const services = { kinesis, ledger, clock };
  await new StreamShards(services, { type: "latest" }).refresh();
  deepStrictEqual(
    (await ledger.shards()).map(({ shardId, start: { type } }) => [shardId, type]),
    [[shard(0), "at-timestamp"], [shard(1), "trim-horizon"], [shard(2), "trim-horizon"]],
  );
});
