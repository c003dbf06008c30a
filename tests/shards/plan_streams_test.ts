import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { ShardId } from "../../src/base/record.ts";
import { planLeases, type PlannedStream } from "../../src/shards/plan_leases.ts";
import type { TableShard } from "../../src/shards/table/lease_table.ts";

/** A lease that a worker holds until it has handed it over. */
class ModelLease {
  readonly over = new AbortController();
  get signal(): AbortSignal {
    return this.over.signal;
  }
}

/** A stream and the workers that have joined it. */
class ModelStream {
  readonly name: string;
  readonly workers = new Set<string>();
  readonly leases = new Map<ShardId, { readonly owner: string; readonly lease: ModelLease }>();
  readonly ids: readonly ShardId[];

  constructor(name: string, shardCount: number) {
    this.name = name;
    this.ids = Array.from({ length: shardCount }, (_, n) => `shardId-${n}` as ShardId);
  }

  get key(): string {
    return JSON.stringify([...this.workers].sort());
  }
}

/** Streams and workers, which plan one after another by what they see. */
class Model {
  readonly streams: readonly ModelStream[];
  /** How many leases were handed over. */
  moved = 0;

  constructor(shardCounts: readonly number[]) {
    this.streams = shardCounts.map((count, n) => new ModelStream(`s${n}`, count));
  }

  /** What a worker sees of its streams. */
  viewOf(worker: string): (PlannedStream & { readonly model: ModelStream })[] {
    return this.streams.filter(({ workers }) => workers.has(worker)).map((model) => ({
      ...{ client: "c", stream: model.name, model, refused: new Set<ShardId>() },
      workers: [...model.workers].sort(),
      shards: model.ids.map((shardId): TableShard => ({
        ...{ shardId, parents: [], start: { type: "trim-horizon" }, state: "open", epoch: 0 },
        ...{ owner: model.leases.get(shardId)?.owner, leasedUntil: undefined },
      })),
      held: new Map(
        [...model.leases].filter(([, { owner }]) => owner === worker)
          .map(([shardId, { lease }]) => [shardId, lease]),
      ),
    }));
  }

  plan(worker: string) {
    return planLeases(this.viewOf(worker), worker);
  }

  /** Does what a worker plans; what it hands over is free once it says so. */
  act(worker: string): boolean {
    let hasChanged = false;
    for (const { take, wanted, release } of this.plan(worker)) {
      for (const { of: { model }, shardId } of release) {
        const { lease } = model.leases.get(shardId)!;
        if (lease.signal.aborted) continue;
        lease.over.abort();
        this.moved++;
        hasChanged = true;
      }
      for (const { of: { model }, shardId } of take.slice(0, wanted)) {
        ok(!model.leases.has(shardId));
        model.leases.set(shardId, { owner: worker, lease: new ModelLease() });
        hasChanged = true;
      }
    }
    return hasChanged;
  }

  /** Frees what a worker has handed over. */
  free(worker: string): boolean {
    let hasChanged = false;
    for (const { leases } of this.streams) {
      for (const [shardId, { owner, lease }] of leases) {
        if (owner !== worker || !lease.signal.aborted) continue;
        leases.delete(shardId);
        hasChanged = true;
      }
    }
    return hasChanged;
  }

  leave(stream: ModelStream, worker: string): void {
    stream.workers.delete(worker);
    for (const [shardId, { owner }] of stream.leases) {
      if (owner === worker) stream.leases.delete(shardId);
    }
  }

  /** Lets all workers act in turns until nothing changes; returns the number of rounds. */
  settle(workers: readonly string[]): number {
    for (let rounds = 0; rounds < 20; rounds++) {
      let hasChanged = false;
      for (const worker of workers) {
        if (this.act(worker)) hasChanged = true;
        if (this.free(worker)) hasChanged = true;
      }
      if (!hasChanged) return rounds;
    }
    throw new Error("leases move for ever");
  }

  held(worker: string, streams: readonly ModelStream[] = this.streams): number {
    return streams.flatMap(({ leases }) => [...leases.values()])
      .filter(({ owner }) => owner === worker).length;
  }

  /** All shards are owned, and evenly within each set of workers. */
  checkBalance(): void {
    for (const group of Map.groupBy(this.streams, ({ key }) => key).values()) {
      const { workers } = group[0]!;
      const counts = [...workers].map((worker) => this.held(worker, group));
      if (workers.size === 0) continue;
      for (const { ids, leases } of group) equal(leases.size, ids.length);
      ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
    }
  }
}

const WORKERS = ["a", "b", "c", "d"];
const counts = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 10 });
const anything = fc.infiniteStream(fc.nat({ max: 999 }));

/** A model whose workers and leases are any. */
function anyModel(shardCounts: readonly number[], any: Iterator<number>): Model {
  const next = (limit: number) => any.next().value! % limit;
  const model = new Model(shardCounts);
  for (const { workers, ids, leases } of model.streams) {
    for (const worker of WORKERS) if (next(3) > 0) workers.add(worker);
    const owners = [...workers];
    for (const shardId of ids) {
      const owner = owners[next(owners.length + 1)];
      if (owner !== undefined) leases.set(shardId, { owner, lease: new ModelLease() });
    }
  }
  return model;
}

Deno.test("planLeases(): 30 streams of one shard are ten for each of three workers", () => {
  const model = new Model(Array.from({ length: 30 }, () => 1));
  const workers = WORKERS.slice(0, 3);
  for (const stream of model.streams) for (const worker of workers) stream.workers.add(worker);
  model.settle(workers);
  deepStrictEqual(workers.map((worker) => model.held(worker)), [10, 10, 10]);
});

Deno.test("planLeases(): each shard of any streams is wanted by exactly enough workers", () => {
  fc.assert(fc.property(counts, anything, (shardCounts, any) => {
    const model = anyModel(shardCounts, any);
    for (const group of Map.groupBy(model.streams, ({ key }) => key).values()) {
      const total = group.reduce((sum, { ids }) => sum + ids.length, 0);
      const targets = [...group[0]!.workers].map((worker) => {
        const view = model.viewOf(worker).filter(({ model }) => group.includes(model));
        const [plan] = planLeases(view, worker);
        return model.held(worker, group) - plan!.release.length + plan!.wanted;
      });
      if (targets.length === 0) continue;
      equal(targets.reduce((sum, target) => sum + target), total);
      ok(Math.max(...targets) - Math.min(...targets) <= 1, `${targets}`);
    }
  }));
});

Deno.test("planLeases(): any leases of any streams settle evenly, with none left, and then stay", () => {
  fc.assert(fc.property(counts, anything, (shardCounts, any) => {
    const model = anyModel(shardCounts, any);
    const rounds = model.settle(WORKERS);
    ok(rounds <= 3, `${rounds} rounds`);
    model.checkBalance();
    model.moved = 0;
    equal(model.settle(WORKERS.toReversed()), 0);
    equal(model.moved, 0);
  }));
});

Deno.test("planLeases(): workers that come and go in any streams settle evenly", () => {
  fc.assert(fc.property(counts, anything, fc.nat({ max: 60 }), (shardCounts, any, steps) => {
    const next = (limit: number) => any.next().value! % limit;
    const model = anyModel(shardCounts, any);
    for (let step = 0; step < steps; step++) {
      const worker = WORKERS[next(WORKERS.length)]!;
      const stream = model.streams[next(model.streams.length)]!;
      const kind = next(5);
      if (kind === 0) stream.workers.add(worker);
      else if (kind === 1) model.leave(stream, worker);
      else if (kind === 2) model.free(worker);
      else model.act(worker);
    }
    model.settle(WORKERS);
    model.checkBalance();
  }));
});

Deno.test("planLeases(): a worker that joins streams one by one moves no more leases than it gets", () => {
  const order = fc.shuffledSubarray(Array.from({ length: 12 }, (_, n) => n), { minLength: 12 });
  fc.assert(
    fc.property(order, fc.boolean(), fc.integer({ min: 1, max: 3 }), (order, first, size) => {
      const [old, young] = first ? ["b", "a"] : ["a", "b"];
      const model = new Model(order.map(() => size));
      for (const { workers } of model.streams) workers.add(old!);
      model.settle([old!]);
      for (const [step, index] of order.entries()) {
        model.streams[index]!.workers.add(young!);
        model.act(old!);
        model.act(young!);
        if (step % 4 === 3) model.free(old!); // what was read has to be archived first
      }
      model.settle([old!, young!]);
      deepStrictEqual([model.held(old!), model.held(young!)], [6 * size, 6 * size]);
      equal(model.moved, 6 * size);
    }),
  );
});

Deno.test("planLeases(): a stream that is being stopped keeps its shards, and others make up for it", () => {
  const model = new Model([2, 2]);
  const [stopping, other] = model.streams;
  for (const { workers } of model.streams) workers.add("a");
  model.settle(["a"]);
  for (const { workers } of model.streams) workers.add("b");
  const view = model.viewOf("a").map((stream) => ({
    ...stream,
    isStopping: stream.model === stopping,
  }));
  const released = planLeases(view, "a").flatMap(({ release }) => release);
  deepStrictEqual(released.map(({ of }) => of.model), [other, other]);
});

Deno.test("planLeases(): pinned shards of one stream do not count among those of others", () => {
  const model = new Model([3, 3]);
  for (const { workers } of model.streams) for (const worker of ["a", "b"]) workers.add(worker);
  const [pinned, other] = model.viewOf("a");
  const plans = planLeases([
    { ...pinned!, pinned: new Set(pinned!.shards.map((s) => s.shardId)) },
    other!,
  ], "a");
  deepStrictEqual(plans.map(({ wanted, take }) => [wanted, take.length]), [[3, 3], [2, 3]]);
});
