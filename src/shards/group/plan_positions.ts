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
 * waits until those that it comes from have been processed again. A shard that is where it is to
 * continue, and comes from none that is moved, stays as it is: its member keeps it.
 *
 * @param shards All shards of the group.
 * @param targets Where shards continue; those that the group does not have are passed over.
 */
export function planPositions(
  shards: readonly GroupShard[],
  targets: ReadonlyMap<ShardId, GroupTarget>,
): PlannedMove[] {
  const tree = shards.map(({ shardId: id, parents }) => ({ id, parents }));
  const isThere = ({ shardId, position }: GroupShard) => {
    const target = targets.get(shardId);
    return target === undefined || "position" in target && target.position === position;
  };
  const away = new Set(shards.filter((shard) => !isThere(shard)).map(({ shardId }) => shardId));
  const descendants = descendantsOf(away, tree);
  return shards.flatMap((shard) => {
    const { shardId } = shard;
    if (!away.has(shardId) && !descendants.has(shardId)) return [];
    return [{ shard, target: targets.get(shardId) ?? OLDEST }];
  });
}
