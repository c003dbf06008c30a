import type { ShardId } from "../base/record.ts";
import type { Shard } from "./kinesis_api.ts";

/**
 * Finds the shards that come, however far back, from certain others.
 *
 * @param ancestors Those others, such as all shards with a checkpoint.
 * @param shards All shards of the stream, in any order.
 * @returns Their children, the children of these, and so on.
 */
export function descendantsOf(
  ancestors: { has(shardId: ShardId): boolean },
  shards: readonly Pick<Shard, "id" | "parents">[],
): Set<ShardId> {
  const found = new Set<ShardId>();
  // Each round finds the next generation; the listing need not have parents first.
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { id, parents } of shards) {
      if (parents.some((parent) => ancestors.has(parent) || found.has(parent))) found.add(id);
    }
  }
  return found;
}
