import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type ArchiveLedger, MemoryLedger, openLedger } from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { shard } from "../checkpoint/contract.ts";
import { at, newShard } from "./support.ts";

const OPTIONS = { client: "store", stream: "clicks" };

/** One call, with what to print of it when it leads to a difference. */
interface Step {
  readonly name: string;
  readonly run: (ledger: ArchiveLedger, clock: VirtualClock) => Promise<unknown>;
}

// Few values, and the likely ones more often, so that many calls are accepted.
const shards = fc.constantFrom(0, 0, 0, 1, 1, 2);
const workers = fc.constantFrom("a", "b", "c");
const ttls = fc.constantFrom(0, 1_000, 3_000);
const epochs = fc.constantFrom(1, 1, 1, 1, 2, 3);
const ids = fc.constantFrom("i", "j", "k", "l");
const stores = fc.constantFrom("A", "A", "B");
const places = fc.record({
  store: stores,
  worker: fc.constantFrom(undefined, undefined, "a", "b"),
});
const checkpoints = fc.constantFrom(undefined, undefined, "1", "2");

const ranges = fc.array(
  fc.record({ n: shards, epoch: epochs, previous: checkpoints, last: fc.constantFrom("1", "2") }),
  { minLength: 1, maxLength: 2 },
).map((found) => [...new Map(found.map((range) => [range.n, range])).values()]);

/** A step made of arbitrary arguments. */
function step<A extends unknown[]>(
  name: string,
  args: { [K in keyof A]: fc.Arbitrary<A[K]> },
  run: (ledger: ArchiveLedger, clock: VirtualClock, ...args: A) => Promise<unknown>,
): fc.Arbitrary<Step> {
  return fc.tuple(...args).map((values) => ({
    name: `${name} ${JSON.stringify(values)}`,
    run: (ledger, clock) => run(ledger, clock, ...values as A),
    toString: () => `${name} ${JSON.stringify(values)}`,
  }));
}

const calls: readonly fc.Arbitrary<Step>[] = [
  step("pass", [fc.constantFrom(500, 1_000)], (_, clock, ms) => clock.advance(ms)),
  step("addShards", [shards, shards], (l, _, n, parent) => l.addShards([newShard(n, parent)])),
  step("renew", [workers, ttls], (l, _, worker, ttl) => l.renew(worker, ttl)),
  step("acquire", [shards, workers, ttls], (l, _, n, w, ttl) => l.acquire(shard(n), w, ttl)),
  step("release", [workers, shards], (l, _, worker, n) => l.release(worker, [shard(n)])),
  step("leave", [workers], (l, _, worker) => l.leave(worker)),
  step(
    "intend",
    [ids, ranges, fc.option(ids, { nil: undefined, freq: 2 }), places],
    (l, _, id, parts, replaces, place) => {
      const found = parts.map(({ n, epoch, previous, last }) => ({
        shardId: shard(n),
        epoch,
        previous: previous === undefined ? undefined : at(previous),
        last: at(last),
      }));
      return l.intend({ id, key: id, ranges: found, ...place }, replaces);
    },
  ),
  step("commit", [ids], (l, _, id) => l.commit(id)),
  step("cancel", [ids], (l, _, id) => l.cancel(id)),
  step(
    "end",
    [shards, epochs, checkpoints, shards],
    (l, _, n, epoch, position, child) => {
      const checkpoint = position === undefined ? undefined : at(position);
      return l.end(shard(n), epoch, checkpoint, [newShard(child, n)]);
    },
  ),
  step(
    "confirm",
    [shards, epochs, checkpoints],
    (l, _, n, epoch, position) =>
      l.confirm(shard(n), epoch, position === undefined ? undefined : at(position)),
  ),
  step(
    "reposition",
    [shards, epochs, fc.constantFrom("1", "2")],
    (l, _, n, epoch, position) =>
      l.reposition(shard(n), epoch, { checkpoint: at(position) }, {
        stream: "clicks",
        shardId: shard(n),
        after: undefined,
        until: at(position),
        reason: "skipped",
        recordedAt: new Date(epoch),
      }),
  ),
  step("useStore", [stores], (l, _, store) => l.useStore(store)),
  step(
    "moveStore",
    [stores, fc.boolean()],
    (l, _, store, isGone) => l.moveStore(store, { isGone }),
  ),
  step(
    "restart",
    [shards, epochs],
    (l, _, n, epoch) => l.reposition(shard(n), epoch, { start: { type: "trim-horizon" } }),
  ),
];

/** Intents, commits and cancels come more often than the rest, which makes them fail. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  ...calls.map((arbitrary, index) => ({ arbitrary, weight: index >= 6 && index <= 8 ? 5 : 1 })),
);

/** What a call returned, or the code that it failed with. */
async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return { code: (error as { code?: unknown }).code ?? error };
  }
}

/** Everything that a ledger tells, in an order that does not depend on it. */
async function everything(ledger: ArchiveLedger): Promise<unknown> {
  const shards = (await ledger.shards()).map(({ knownAt: _, ...shard }) => shard);
  const shardPositions = await Promise.all(shards.map(async ({ shardId }) => {
    const { open, knownAt, ...position } = await ledger.position(shardId);
    // A checkpoint's time is kept to the second.
    const seconds = Math.floor(knownAt.getTime() / 1000);
    return { ...position, seconds, open: [...open].sort((a, b) => a.id < b.id ? -1 : 1) };
  }));
  const checkpoints = [...await ledger.checkpoints()].sort();
  const [store, moves] = [await ledger.store(), await ledger.moves()];
  const files = (await ledger.newestFiles()).map(({ id }) => id).sort();
  return { shards, shardPositions, checkpoints, gaps: await ledger.gaps(), store, moves, files };
}

/** Maps compare in any order; so do the shards of an intent. */
function plain(value: unknown): unknown {
  return Array.isArray(value) ? [...value].sort() : value;
}

/** Runs the same steps on both ledgers and compares every answer. */
async function compare(run: readonly Step[]): Promise<void> {
  const clock = new VirtualClock();
  const memory = new MemoryLedger("clicks", { client: "store", clock });
  await using sqlite = await openLedger("sqlite::memory:", { ...OPTIONS, clock });
  for (const ledger of [memory, sqlite]) {
    await ledger.addShards([newShard(0), newShard(1)]);
    for (const n of [0, 1]) await ledger.acquire(shard(n), "a", 5_000);
  }
  for (const { name, run: call } of run) {
    const isTime = name.startsWith("pass ");
    const expected = await outcome(() => call(memory, clock));
    if (!isTime) deepStrictEqual(plain(await outcome(() => call(sqlite, clock))), plain(expected));
    deepStrictEqual(await everything(sqlite), await everything(memory), name);
  }
}

Deno.test("SqlLedger answers every sequence of calls as MemoryLedger does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), compare),
    { numRuns: 100 },
  );
});
