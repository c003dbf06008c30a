import type { ShardId } from "../base/record.ts";
import type { Lease } from "./lease.ts";
import type { TableKey, TableShard } from "./table/lease_table.ts";
import { compareText } from "./table/rows.ts";

/** One stream, as a worker sees it. */
export interface PlannedStream extends TableKey {
  /** Its shards; those that have ended may be missing. */
  readonly shards: readonly TableShard[];
  /** All workers of the stream that are alive, in order. */
  readonly workers: readonly string[];
  /** The shards that this worker holds, also those that it is handing over. */
  readonly held: ReadonlyMap<ShardId, Pick<Lease, "signal">>;
  /** The only shards that this worker takes, all of them. Default: an even share of all shards. */
  readonly pinned?: ReadonlySet<ShardId> | undefined;
  /** Shards that this worker must leave alone. */
  readonly refused: ReadonlySet<ShardId>;
  /** Whether this worker is about to leave: it takes nothing more, and gives everything back then. */
  readonly isStopping?: boolean;
}

/** A shard and its stream. */
export interface PlannedShard<T> {
  readonly of: T;
  readonly shardId: ShardId;
}

/** Which leases to take and which to give back, of streams that are balanced together. */
export interface LeasePlan<T> {
  /** Free shards, in the order to try them. */
  readonly take: readonly PlannedShard<T>[];
  /** How many of them are wanted. */
  readonly wanted: number;
  /** Shards to hand over to other workers. */
  readonly release: readonly PlannedShard<T>[];
}

/**
 * Decides which leases a worker should take and give back, so that all workers hold the same
 * number of shards, give or take one.
 *
 * The shards of streams that have the same workers are balanced as one list: each of these workers sees
 * all of these streams, so that all decide by the same number.
 *
 * A shard is ready when each of its parents has been archived to its end, or is unknown.
 *
 * @param streams The streams that this worker has joined.
 * @param worker The name of this worker.
 * @returns One plan for each set of workers.
 */
export function planLeases<T extends PlannedStream>(
  streams: readonly T[],
  worker: string,
): LeasePlan<T>[] {
  const sorted = streams.toSorted((a, b) =>
    compareText(a.client, b.client) || compareText(a.stream, b.stream)
  );
  const groups = Map.groupBy(sorted, (stream) =>
    // A worker with shards of its own decides by those, and nobody else knows them.
    stream.pinned === undefined ? JSON.stringify(stream.workers) : stream);
  return [...groups.values()].map((group) => planGroup(group, worker));
}

function planGroup<T extends PlannedStream>(group: readonly T[], worker: string): LeasePlan<T> {
  const [{ workers, pinned }] = group as readonly [T];
  const sorted = group.map((stream) => sortOut(stream, worker));
  const kept = (["fixed", "kept", "leaving"] as const).flatMap((part) =>
    sorted.flatMap((shards) => shards[part])
  );
  const ready = sum(sorted.map(({ ready }) => ready));
  const free = sorted.flatMap(({ free }) => free);
  const share = pinned === undefined
    ? fairShare(ready, worker, workers)
    : sum(sorted.map(({ allowed }) => allowed));
  // Workers begin at different places, so that they seldom try for the same shard.
  const first = workers.length === 0
    ? 0
    : Math.floor(free.length * Math.max(0, workers.indexOf(worker)) / workers.length);
  return {
    take: [...free.slice(first), ...free.slice(0, first)],
    wanted: Math.max(0, share - kept.length),
    release: [...sorted.flatMap(({ early }) => early), ...kept.slice(share)],
  };
}

/** What a worker may do with the shards of one stream. */
interface SortedShards<T> {
  /** How many are ready. */
  readonly ready: number;
  /** How many of these the worker may hold. */
  readonly allowed: number;
  /** Those that are free and allowed. */
  readonly free: readonly PlannedShard<T>[];
  /** Those that the worker holds, and gives back when it leaves. */
  readonly fixed: readonly PlannedShard<T>[];
  /** Those that the worker holds and may keep, in order. */
  readonly kept: readonly PlannedShard<T>[];
  /** The same, of which the worker has begun to hand over: no others are handed over in their place. */
  readonly leaving: readonly PlannedShard<T>[];
  /** Those that the worker holds before their parents have ended. */
  readonly early: readonly PlannedShard<T>[];
}

function sortOut<T extends PlannedStream>(of: T, worker: string): SortedShards<T> {
  const { shards, held, pinned, refused, isStopping = false } = of;
  const open = new Set<ShardId>();
  for (const { shardId, state } of shards) if (state === "open") open.add(shardId);
  const waits = ({ parents }: TableShard) => parents.some((id) => open.has(id));
  const { ready = [], waiting = [] } = Object.groupBy(
    shards.filter(({ state }) => state === "open"),
    (shard) => waits(shard) ? "waiting" : "ready",
  );
  // A database that was set back may not have known their parents when they were taken.
  const early = waiting.filter(({ shardId }) => held.has(shardId)).map(({ shardId }) => shardId);
  const allowed = ready.filter(({ shardId }) =>
    (pinned === undefined || pinned.has(shardId)) && !refused.has(shardId)
  );
  const free = allowed.filter(({ shardId, owner }) =>
    !isStopping && !held.has(shardId) && (owner === undefined || owner === worker)
  );
  const tooEarly = new Set(early);
  const { fixed = [], kept = [], leaving = [] } = Object.groupBy(
    [...held.keys()].filter((id) => !tooEarly.has(id)).sort(),
    (id) => isStopping ? "fixed" : held.get(id)!.signal.aborted ? "leaving" : "kept",
  );
  const planned = (shardId: ShardId) => ({ of, shardId });
  return {
    ready: ready.length,
    allowed: allowed.length,
    free: free.map(({ shardId }) => planned(shardId)),
    fixed: fixed.map(planned),
    kept: kept.map(planned),
    leaving: leaving.map(planned),
    early: early.map(planned),
  };
}

/** How many of `shards` a worker should hold; the first workers take one more if it must be. */
function fairShare(shards: number, worker: string, workers: readonly string[]): number {
  const count = Math.max(1, workers.length);
  const rank = Math.max(0, workers.indexOf(worker));
  return Math.floor(shards / count) + (rank < shards % count ? 1 : 0);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
