/**
 * Which shards are added to a lease table, and where each begins.
 *
 * @module
 */

import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";
import type { Shard } from "../kinesis/mod.ts";
import { descendantsOf } from "../kinesis/descendants.ts";
import type { NewShard } from "./table/lease_table.ts";
import { planShards } from "./plan_shards.ts";

/** Shards of a table, and up to when each is known to be archived. */
export type KnownShards = ReadonlyMap<ShardId, Date>;

/** What decides where the shards of a new table begin. */
export interface FirstShardsOptions {
  /** Checkpoints that an older Triton left: it did not follow splits and merges. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** Where to begin shards that nothing is known of. */
  readonly from: Exclude<StartPosition, { readonly type: "after" }>;
  /** When reading was requested: what arrives later is wanted. */
  readonly begun: Date;
  /** The time, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * Decides which shards a new table begins with.
 *
 * Shards that come from those with a checkpoint are children, of which anything may be missing that
 * arrived since: they are added like later ones.
 *
 * @param listed All shards of the stream.
 * @param options What decides.
 * @returns The first shards, and the children of those that an older Triton read.
 */
export function planFirstShards(
  listed: readonly Shard[],
  options: FirstShardsOptions,
): { readonly first: readonly NewShard[]; readonly children: readonly Shard[] } {
  const { checkpoints, now } = options;
  const plan = planShards(listed, options);
  const descendants = descendantsOf(checkpoints, listed);
  const isChild = ({ id }: Shard) => descendants.has(id) && !checkpoints.has(id);
  const knownAt = new Date(now);
  // A shard with a checkpoint begins there. One that is passed over is closed: it ends at once.
  const first = listed.filter((shard) => !isChild(shard)).map(({ id, parents }) => (
    { shardId: id, parents, start: asWritten(plan.get(id), options), knownAt }
  ));
  return { first, children: listed.filter(isChild) };
}

/** A start that stays the same when it is used again later, and that Kinesis accepts. */
function asWritten(
  position: StartPosition = { type: "latest" },
  { begun, now }: FirstShardsOptions,
): StartPosition {
  if (position.type === "trim-horizon") return position;
  // A time in the future is one of a machine whose clock is ahead: it means now.
  const isPast = position.type === "at-timestamp" && position.timestamp.getTime() <= now;
  return isPast ? position : { type: "at-timestamp", timestamp: begun };
}

/** Shards that are read from their oldest record, after their parents. */
export function asChildren(shards: readonly Shard[], known: KnownShards): NewShard[] {
  const createdAfter = creationTimes(shards, known);
  return shards.map(({ id, parents }) => (
    { shardId: id, parents, start: { type: "trim-horizon" }, knownAt: createdAfter(id) }
  ));
}

/** Parents of new shards that left the stream between two listings. */
export function missingParents(shards: readonly Shard[], known: KnownShards): Set<ShardId> {
  const added = new Set(shards.map(({ id }) => id));
  const parents = shards.filter(({ id }) => !known.has(id)).flatMap(({ parents }) => parents);
  return new Set(parents.filter((parent) => !known.has(parent) && !added.has(parent)));
}

/**
 * The shards that follow one that was closed, and those that they come from besides.
 *
 * A child of a merge has another parent. If the table did not have that one, because it was made after
 * the last listing, it would count as one that left the stream, and hold no child back.
 *
 * @param shardId The shard that was closed.
 * @param shards All shards of the stream.
 */
export function familyOf(shardId: ShardId, shards: readonly Shard[]): Shard[] {
  const children = shards.filter(({ parents }) => parents.includes(shardId));
  return withAncestors(children, shards.filter(({ id }) => id !== shardId));
}

/**
 * Some shards, and all that they come from.
 *
 * A table that has the ancestors keeps them as they are. A database that was set back since they were
 * read does not have them, and the shards would not wait for them.
 *
 * @param shards The shards.
 * @param all All shards of the stream.
 */
export function withAncestors(shards: readonly Shard[], all: readonly Shard[]): Shard[] {
  const listed = new Map(all.map((shard) => [shard.id, shard]));
  // A set that grows while it is walked: ancestors have ancestors.
  const found = new Set(shards);
  for (const { parents } of found) {
    for (const parent of parents) {
      const shard = listed.get(parent);
      if (shard !== undefined) found.add(shard);
    }
  }
  return [...found];
}

/**
 * Finds for each of some new shards a time at which it did not exist, since its parents were not
 * closed yet.
 *
 * Where a parent is known neither to the table nor to the stream, anything may be missing. Each
 * shard is looked at once: after a split and a merge there are two ways to each ancestor, after
 * fourteen of them 16,384.
 */
function creationTimes(shards: readonly Shard[], known: KnownShards): (id: ShardId) => Date {
  const parents = new Map(shards.map((shard) => [shard.id, shard.parents]));
  const times = new Map<ShardId, Date>();
  const createdAfter = (id: ShardId): Date => {
    const found = times.get(id);
    if (found !== undefined) return found;
    const bounds = (parents.get(id) ?? []).map((parent) =>
      known.get(parent) ?? createdAfter(parent)
    );
    const latest = new Date(Math.max(0, ...bounds.map((time) => time.getTime())));
    times.set(id, latest);
    return latest;
  };
  return createdAfter;
}
