import type { ShardId } from "../base/record.ts";
import type { TableShard } from "./table/lease_table.ts";

/** What decides which leases a worker should hold. */
export interface PlanLeasesOptions {
  /** This worker's name. */
  readonly worker: string;
  /** All workers that are alive, in order. */
  readonly workers: readonly string[];
  /** The shards this worker holds. */
  readonly held: ReadonlySet<ShardId>;
  /** The only shards this worker takes, all of them. Default: an even share of all shards. */
  readonly pinned?: ReadonlySet<ShardId> | undefined;
  /** Shards that this worker must leave alone. */
  readonly refused: ReadonlySet<ShardId>;
}

/** Which leases to take and which to give back. */
export interface LeasePlan {
  /** Free shards, in the order to try them. */
  readonly take: readonly ShardId[];
  /** How many of them are wanted. */
  readonly wanted: number;
  /** Shards to hand over to other workers. */
  readonly release: readonly ShardId[];
}

/**
 * Decides which leases a worker should take and give back, so that all workers hold the same
 * number of shards, give or take one.
 *
 * A shard is ready when each of its parents has been archived to its end, or is unknown.
 *
 * @param shards The shards of the table; those that have ended may be missing.
 * @param options Who asks, and what it holds.
 */
export function planLeases(shards: readonly TableShard[], options: PlanLeasesOptions): LeasePlan {
  const { worker, workers, held, pinned, refused } = options;
  const states = new Map(shards.map((shard) => [shard.shardId, shard.state]));
  const { ready = [], waiting = [] } = Object.groupBy(
    shards.filter(({ state }) => state === "open"),
    ({ parents }) => parents.some((id) => states.get(id) === "open") ? "waiting" : "ready",
  );
  // A database that was set back may not have known their parents when they were taken.
  const early = waiting.map(({ shardId }) => shardId).filter((id) => held.has(id));
  const kept = [...held].filter((id) => !early.includes(id));
  const allowed = ready.filter(({ shardId }) =>
    (pinned === undefined || pinned.has(shardId)) && !refused.has(shardId)
  );
  const free = allowed.filter(({ shardId, owner }) =>
    !held.has(shardId) && (owner === undefined || owner === worker)
  ).map(({ shardId }) => shardId);
  const share = pinned === undefined ? fairShare(ready.length, worker, workers) : allowed.length;
  const surplus = kept.sort().slice(share);
  // Workers begin at different places, so that they seldom try for the same shard.
  const first = workers.length === 0
    ? 0
    : Math.floor(free.length * Math.max(0, workers.indexOf(worker)) / workers.length);
  return {
    take: [...free.slice(first), ...free.slice(0, first)],
    wanted: Math.max(0, share - kept.length),
    release: [...early, ...surplus],
  };
}

/** How many of `shards` a worker should hold; the first workers take one more if it must be. */
function fairShare(shards: number, worker: string, workers: readonly string[]): number {
  const count = Math.max(1, workers.length);
  const rank = Math.max(0, workers.indexOf(worker));
  return Math.floor(shards / count) + (rank < shards % count ? 1 : 0);
}
