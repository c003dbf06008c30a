import { deepEqual, equal, ok } from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MemoryLedger, ServiceTime, VirtualClock } from "@triton/triton";
import type { ShardId } from "../../src/base/record.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { isLost, type Lease } from "../../src/shards/lease.ts";
import { LeasedShards } from "../../src/shards/leased_shards.ts";
import { sharedLeasesOf } from "../../src/shards/shared_leases.ts";
import type { ShardMonitor } from "../../src/shards/shard_monitor.ts";

const LEASE_MS = 20_000;

/** A stream, the table that its workers share, and the workers. */
class Workers {
  readonly clock = new VirtualClock();
  readonly kinesis = new MemoryKinesis({ clock: this.clock });
  readonly table = new MemoryLedger("s", { clock: this.clock });
  readonly ids: readonly ShardId[];

  constructor(shardCount: number) {
    this.ids = this.kinesis.createStream("s", shardCount);
  }

  /** Starts a worker, which keeps the leases that it yields. */
  async start(worker: string, monitor?: ShardMonitor) {
    const { clock, kinesis, table } = this;
    const stop = new AbortController();
    const time = new ServiceTime(clock);
    const services = { clock, kinesis, table, time, monitor, signal: stop.signal };
    const shards = new LeasedShards(services, {
      leases: sharedLeasesOf(services, { worker, leaseMs: LEASE_MS }),
      from: { type: "trim-horizon" },
    });
    const leases: Lease[] = [];
    const read = async () => {
      for await (const lease of shards) leases.push(lease);
    };
    const running = Promise.all([shards.renew(stop.signal), read()]);
    await clock.advance(0);
    const end = async () => {
      stop.abort();
      await running;
    };
    return { shards, leases, end };
  }

  /** The owner of each shard that has not ended. */
  async owners(): Promise<(string | undefined)[]> {
    return (await this.table.shards("open")).map(({ owner }) => owner);
  }
}

const idsOf = (leases: readonly Lease[]) => leases.map(({ shardId }) => shardId).sort();

Deno.test("LeasedShards yields a lease of each shard to a worker alone", async () => {
  const workers = new Workers(3);
  const a = await workers.start("a");
  await workers.clock.advance(10_000);
  deepEqual(idsOf(a.leases), workers.ids);
  deepEqual(a.leases.map(({ epoch, signal }) => [epoch, signal.aborted]), [
    ...[[1, false], [1, false], [1, false]],
  ]);
  await a.end();
  await a.shards.leave();
  deepEqual(await workers.owners(), [undefined, undefined, undefined]);
});

Deno.test("LeasedShards ends a lease that is handed over, and holds it until it is released", async () => {
  const workers = new Workers(2);
  const a = await workers.start("a");
  await workers.clock.advance(5_000);
  const b = await workers.start("b");
  await workers.clock.advance(LEASE_MS);
  const over = a.leases.filter(({ signal }) => signal.aborted);
  deepEqual([over.length, over.map(isLost), b.leases.length], [1, [false], 0]);
  deepEqual(await workers.owners(), ["a", "a"]);
  await a.shards.release(over[0]!);
  await workers.clock.advance(5_000);
  deepEqual(idsOf(b.leases), idsOf(over));
  deepEqual((await workers.owners()).sort(), ["a", "b"]);
  await a.end();
  await b.end();
});

Deno.test("LeasedShards ends a lease that another worker has, and says so in its signal", async () => {
  const workers = new Workers(1);
  const a = await workers.start("a");
  const [lease] = a.leases;
  await workers.table.release("a", workers.ids);
  await workers.table.acquire(workers.ids[0]!, "thief", LEASE_MS);
  await workers.clock.advance(LEASE_MS / 4);
  deepEqual([lease!.signal.aborted, isLost(lease!), a.shards.held.size], [true, true, 0]);
  await workers.clock.advance(2 * LEASE_MS);
  deepEqual(a.leases.map(({ epoch }) => epoch), [1, 3]); // the thief has expired
  await a.end();
});

Deno.test("LeasedShards counts a lost lease once, also if it is being handed over", async () => {
  const workers = new Workers(2);
  const lost: ShardId[] = [];
  const ignore = () => {};
  const a = await workers.start("a", {
    ...{ asked: ignore, answered: ignore, retried: ignore, gaveUp: ignore },
    ...{ gap: ignore, forgetEnded: ignore, leaseLost: (shardId) => void lost.push(shardId) },
  });
  const b = await workers.start("b");
  await workers.clock.advance(LEASE_MS);
  const [over] = a.leases.filter(({ signal }) => signal.aborted);
  for (const lease of [over!, over!, a.leases.find((lease) => lease !== over)!]) {
    a.shards.lose(lease);
  }
  deepEqual(lost.toSorted(), workers.ids);
  equal(lost[0], over!.shardId);
  await a.end();
  await b.end();
});

Deno.test("LeasedShards yields the children of a shard once it has ended in the table", async () => {
  const workers = new Workers(1);
  const a = await workers.start("a");
  const [lease] = a.leases;
  const { shardId, epoch } = lease!;
  const children = workers.kinesis.splitShard("s", shardId);
  await workers.clock.advance(61_000);
  deepEqual(idsOf(a.leases), workers.ids);
  const added = await a.shards.stream.childrenOf(shardId);
  equal(await workers.table.end(shardId, epoch, undefined, added), true);
  a.shards.end(lease!);
  await workers.clock.advance(0);
  deepEqual(idsOf(a.leases), [shardId, ...children]);
  equal(lease!.signal.aborted, true);
  await a.end();
});

Deno.test("LeasedShards never takes a shard again that it refused", async () => {
  const workers = new Workers(1);
  const a = await workers.start("a");
  await a.shards.refuse(a.leases[0]!);
  await workers.clock.advance(60_000);
  deepEqual([a.leases.length, a.shards.isRefused(workers.ids[0]!)], [1, true]);
  deepEqual(await workers.owners(), [undefined]);
  await a.end();
});

Deno.test("LeasedShards takes no more memory the longer no lease changes", async () => {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  const heap = () => {
    gc();
    return Deno.memoryUsage().heapUsed;
  };
  const workers = new Workers(1);
  const { clock } = workers;
  const a = await workers.start("a");
  await clock.advance(500 * LEASE_MS / 10);
  const [rounds, before] = [a.shards.rounds, heap()];
  await clock.advance(3_000 * LEASE_MS / 10);
  ok(a.shards.rounds >= rounds + 3_000);
  const grown = heap() - before;
  ok(grown < 500_000, `${grown} bytes in 3,000 rounds`);
  await a.end();
});
