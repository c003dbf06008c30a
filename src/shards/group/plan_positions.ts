import type { ShardId } from "../../base/record.ts";
import { descendantsOf } from "../../kinesis/descendants.ts";
import type { GroupShard, GroupTarget } from "./group_table.ts";

/** A shard whose position is moved by hand, and where it continues. */
export interface PlannedMove {
  /** The shard as it is. */
  readonly shard: GroupShard;
  /** Where it continues. */
  readonly target: GroupTarget;
}

const OLDEST: GroupTarget = { start: { type: "trim-horizon" } };

/**
 * Decides which shards change when positions are moved by hand.
 *
 * A shard that comes from a moved one, and is not moved itself, begins again at its oldest record: it
 * waits until those that it comes from have been processed again.
 *
 * @param shards All shards of the group.
 * @param targets Where shards continue; those that the group does not have are passed over.
 */
export function planPositions(
  shards: readonly GroupShard[],
  targets: ReadonlyMap<ShardId, GroupTarget>,
): PlannedMove[] {
  const tree = shards.map(({ shardId: id, parents }) => ({ id, parents }));
  const descendants = descendantsOf(targets, tree);
  return shards.flatMap((shard) => {
    const target = targets.get(shard.shardId);
    if (target !== undefined) return [{ shard, target }];
    return descendants.has(shard.shardId) ? [{ shard, target: OLDEST }] : [];
  });
}
