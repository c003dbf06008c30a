import { deepStrictEqual, equal, ok } from "node:assert/strict";
import {
  MemoryKinesis,
  MemoryLedger,
  type NewShard,
  ServiceTime,
  VirtualClock,
} from "@triton/triton";
import { ArchiverMonitor } from "../../src/archiver/mod.ts";
import { StreamShards } from "../../src/shards/stream_shards.ts";
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
  const services = { kinesis, table: ledger, clock, time: new ServiceTime(clock) };
  await new StreamShards(services, { from: { type: "latest" } }).refresh();
  deepStrictEqual(
    (await ledger.shards()).map(({ shardId, start: { type } }) => [shardId, type]),
    [[shard(0), "at-timestamp"], [shard(1), "trim-horizon"], [shard(2), "trim-horizon"]],
  );
});

Deno.test("StreamShards leaves an ended shard ended for as long as the stream lists it", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks");
  await using ledger = new MemoryLedger("clicks", { clock });
  const shards = new StreamShards({ kinesis, table: ledger, clock, time: new ServiceTime(clock) }, {
    from: { type: "latest" },
  });
  await shards.refresh();
  const [child] = kinesis.splitShard("clicks", shard(0));
  kinesis.splitShard("clicks", child!);
  for (const shardId of [shard(0), child!]) {
    const epoch = await ledger.acquire(shardId, "worker", 20_000);
    await ledger.end(shardId, epoch!, undefined, await shards.childrenOf(shardId));
  }
  const before = await ledger.shards();
  deepStrictEqual(before.map(({ state }) => state), ["ended", "ended", "open", "open", "open"]);
  await shards.refresh();
  deepStrictEqual([await ledger.shards(), await ledger.gaps()], [before, []]);
  deepStrictEqual([shards.ended, shards.listedAt], [2, clock.now()]);
});

Deno.test("StreamShards misses no parent that was archived to its end before it left the stream", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const [late, ended] = kinesis.createStream("clicks", 2);
  await using ledger = new MemoryLedger("clicks", { clock });
  const shards = new StreamShards({ kinesis, table: ledger, clock, time: new ServiceTime(clock) }, {
    from: { type: "trim-horizon" },
  });
  await shards.refresh();
  const merged = kinesis.mergeShards("clicks", late!, ended!);
  const epoch = await ledger.acquire(ended!, "worker", 20_000);
  await ledger.end(ended!, epoch!, undefined, await shards.childrenOf(ended!));
  await clock.advance(48 * 3_600_000);
  equal(await shards.hasLeft(ended!), true);
  deepStrictEqual((await shards.childrenOf(late!)).map(({ shardId }) => shardId), [merged]);
  deepStrictEqual(await ledger.gaps(), []);
});

Deno.test("StreamShards makes a few requests to the ledger, however often the stream was resharded meanwhile", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  let [shardId] = kinesis.createStream("clicks");
  await using ledger = new MemoryLedger("clicks", { clock });
  const calls: string[] = [];
  const counted = new Proxy(ledger, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        calls.push(String(property));
        return value.apply(target, args);
      };
    },
  });
  const services = { kinesis, table: counted, clock, time: new ServiceTime(clock) };
  const shards = new StreamShards(services, { from: { type: "trim-horizon" } });
  await shards.refresh();
  const known = (await ledger.shards())[0]!;
  for (let pair = 0; pair < 500; pair++) {
    await clock.advance(1_000);
    const [left, right] = kinesis.splitShard("clicks", shardId!);
    shardId = kinesis.mergeShards("clicks", left!, right!);
  }
  for (const look of [() => shards.refresh(), () => shards.childrenOf(known.shardId)]) {
    calls.length = 0;
    await look();
    ok(calls.length <= 4, calls.join(", "));
  }
  const all = await ledger.shards();
  equal(all.length, 1_501);
  // Nothing is known of any of them but that they were made after the first one was looked at.
  ok(all.every(({ knownAt }) => knownAt.getTime() === known.knownAt.getTime()));
});

Deno.test("StreamShards records a parent once that came and went, however many shards come from it", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const [first] = kinesis.createStream("clicks");
  await using ledger = new MemoryLedger("clicks", { clock });
  const monitor = new ArchiverMonitor({ clock, stream: "clicks", client: "store" });
  const services = { kinesis, table: ledger, clock, monitor, time: new ServiceTime(clock) };
  const shards = new StreamShards(services, { from: { type: "trim-horizon" } });
  await shards.refresh();
  const [parent] = kinesis.splitShard("clicks", first!);
  await clock.advance(1_000);
  kinesis.splitShard("clicks", parent!);
  await clock.advance(25 * 3_600_000);
  await shards.refresh();
  deepStrictEqual((await ledger.gaps()).map(({ shardId }) => shardId), [parent]);
  equal(monitor.totals["triton.gaps"], 1);
});
