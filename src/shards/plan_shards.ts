/**
 * From where the shards of a stream are read.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Shard, StartPosition } from "../kinesis/kinesis_api.ts";

/** What decides where shards are read from. */
export interface PlanShardsOptions {
  /** The last record that is done, for each shard that has one. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** Where to begin in certain shards that have no such record. */
  readonly starts?: ReadonlyMap<ShardId, StartPosition> | undefined;
  /** Where to begin in shards that nothing is known of. */
  readonly from: Exclude<StartPosition, { readonly type: "after" }>;
}

/**
 * Decides from where each shard of a first listing is read.
 *
 * - A shard with a checkpoint: after it.
 * - A shard with a start of its own: there.
 * - A shard that comes from one of these, however far back: at its oldest record, since it continues
 *   where the other ended; or at the same time, or at `latest`, if that is where the other begins.
 * - Any other shard: at `from`.
 *
 * `latest` leaves out shards that are closed already.
 *
 * Shards that appear later are all children, to be read from their oldest record.
 *
 * @example Usage
 * ```ts
 * import { listAllShards, MemoryKinesis, planShards } from "@triton/triton/kinesis";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const [parent] = kinesis.createStream("clicks");
 * const children = kinesis.splitShard("clicks", parent!);
 * const plan = planShards(await listAllShards(kinesis, "clicks"), {
 *   checkpoints: new Map(),
 *   from: { type: "latest" },
 * });
 * deepEqual([...plan.keys()], children);
 * ```
 * @param shards All shards of the stream.
 * @param options What decides.
 * @returns The position of each shard that is to be read; the others are passed over.
 */
export function planShards(
  shards: readonly Shard[],
  options: PlanShardsOptions,
): Map<ShardId, StartPosition> {
  const plan = new Map<ShardId, StartPosition>();
  const startOf = startFinder(shards, options);
  for (const { id, endingSequenceNumber } of shards) {
    const start = startOf(id) ?? options.from;
    if (start.type !== "latest" || endingSequenceNumber === undefined) plan.set(id, start);
  }
  return plan;
}

/** Finds where a shard begins by what is known of it, or of those that it comes from. */
function startFinder(
  shards: readonly Shard[],
  { checkpoints, starts }: PlanShardsOptions,
): (id: ShardId) => StartPosition | undefined {
  const parents = new Map(shards.map((shard) => [shard.id, shard.parents]));
  const found = new Map<ShardId, StartPosition | undefined>(starts);
  for (const [id, sequenceNumber] of checkpoints) found.set(id, { type: "after", sequenceNumber });
  const startOf = (id: ShardId): StartPosition | undefined => {
    if (!found.has(id)) {
      const before = (parents.get(id) ?? []).map(startOf).filter((start) => start !== undefined);
      found.set(id, continueFrom(before));
    }
    return found.get(id);
  };
  return startOf;
}

/** Where a shard begins that continues others. */
function continueFrom(parents: readonly StartPosition[]): StartPosition | undefined {
  const type = (wanted: StartPosition["type"]) => parents.some(({ type }) => type === wanted);
  if (type("after") || type("trim-horizon")) return { type: "trim-horizon" };
  const times = parents.flatMap((start) => start.type === "at-timestamp" ? [start] : []);
  return times.sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime())[0] ?? parents[0];
}
