import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { planLeases, type PlannedStream } from "../../src/shards/plan_leases.ts";
import type { LedgerShard } from "../../src/ledger/archive_ledger.ts";
import type { ShardId } from "../../src/base/record.ts";

const id = (number: number) => `shardId-${String(number).padStart(12, "0")}` as ShardId;

function shard(number: number, options: Partial<LedgerShard> = {}): LedgerShard {
  return {
    shardId: id(number),
    parents: [],
    start: { type: "trim-horizon" },
    state: "open",
    owner: undefined,
    leasedUntil: undefined,
    epoch: 0,
    checkpoint: undefined,
    knownAt: new Date(0),
    ...options,
  };
}

/** Leases that are held, and perhaps being handed over. */
function leases(ids: Iterable<ShardId>, leaving: readonly ShardId[] = []): PlannedStream["held"] {
  const signalOf = (id: ShardId) =>
    leaving.includes(id) ? AbortSignal.abort() : new AbortController().signal;
  return new Map([...ids].map((id) => [id, { signal: signalOf(id) }]));
}

const alone = {
  ...{ client: "store", stream: "clicks", worker: "a", workers: ["a"] },
  ...{ held: leases([]), refused: new Set<ShardId>() },
};

/** The plan for one stream. */
function planOne(
  shards: readonly LedgerShard[],
  { worker, ...stream }: Omit<PlannedStream, "shards"> & { readonly worker: string },
) {
  const [plan] = planLeases([{ ...stream, shards }], worker);
  const idsOf = (planned: readonly { readonly shardId: ShardId }[]) =>
    planned.map(({ shardId }) => shardId);
  return { take: idsOf(plan!.take), wanted: plan!.wanted, release: idsOf(plan!.release) };
}

Deno.test("planLeases() lets one worker take all shards", () => {
  const plan = planOne([shard(0), shard(1)], alone);
  deepStrictEqual([...plan.take].sort(), [id(0), id(1)]);
  deepStrictEqual(plan.wanted, 2);
});

Deno.test("planLeases() makes children wait until all their parents have ended", () => {
  const child = shard(2, { parents: [id(0), id(1)] });
  const merged = [shard(0, { state: "ended" }), shard(1), child];
  deepStrictEqual(planOne(merged, alone).take, [id(1)]);
  const ended = [shard(0, { state: "ended" }), shard(1, { state: "ended" }), child];
  deepStrictEqual(planOne(ended, alone).take, [id(2)]);
});

Deno.test("planLeases() does not wait for parents that the ledger does not know", () => {
  deepStrictEqual(planOne([shard(2, { parents: [id(0)] })], alone).take, [id(2)]);
});

Deno.test("planLeases() gives a shard back whose parent turns up later, and takes the parent", () => {
  const shards = [
    ...[shard(1), shard(2)],
    ...[shard(3, { parents: [id(1)], owner: "a" }), shard(4, { parents: [id(1)], owner: "b" })],
  ];
  const plan = planOne(shards, { ...alone, workers: ["a", "b"], held: leases([id(3)]) });
  deepStrictEqual(plan, { take: [id(1), id(2)], wanted: 1, release: [id(3)] });
});

Deno.test("planLeases() takes only pinned shards, and all of them", () => {
  const shards = [shard(0), shard(1), shard(2)];
  const plan = planOne(shards, {
    ...alone,
    workers: ["a", "b"],
    pinned: new Set([id(1), id(2)]),
  });
  deepStrictEqual([plan.wanted, [...plan.take].sort()], [2, [id(1), id(2)]]);
});

Deno.test("planLeases() leaves refused shards alone", () => {
  const plan = planOne([shard(0), shard(1)], { ...alone, refused: new Set([id(0)]) });
  deepStrictEqual(plan.take, [id(1)]);
});

Deno.test("planLeases() converges to even shares, from any distribution, for any workers", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 1, max: 6 }),
    fc.infiniteStream(fc.integer({ min: -1, max: 5 })),
    (shardCount, workerCount, owners) => {
      const workers = Array.from({ length: workerCount }, (_, index) => `w${index}`);
      const held = new Map(workers.map((worker) => [worker, new Set<ShardId>()]));
      for (let number = 0; number < shardCount; number++) {
        const owner = workers[owners.next().value!];
        if (owner !== undefined) held.get(owner)!.add(id(number));
      }
      const table = () =>
        Array.from({ length: shardCount }, (_, number) => {
          const owner = workers.find((worker) => held.get(worker)!.has(id(number)));
          return shard(number, { owner });
        });
      for (let round = 0; round < 2; round++) {
        for (const worker of workers) {
          const mine = held.get(worker)!;
          const plan = planOne(table(), { ...alone, worker, workers, held: leases(mine) });
          for (const shardId of plan.release) mine.delete(shardId);
          for (const shardId of plan.take.slice(0, plan.wanted)) mine.add(shardId);
        }
      }
      const counts = [...held.values()].map((shards) => shards.size);
      deepStrictEqual(counts.reduce((sum, count) => sum + count, 0), shardCount);
      ok(Math.max(...counts) - Math.min(...counts) <= 1);
    },
  ));
});
