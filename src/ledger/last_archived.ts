import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { ArchiveMove, Gap } from "./archive_ledger.ts";

/** The part of a gap that the rule needs. */
type PassedOver = Pick<Gap, "shardId" | "after" | "reason">;

/** Reasons of gaps that replaced a checkpoint. */
const PASSED_OVER: ReadonlySet<string> = new Set(["skipped", "recreated"]);

/**
 * The last archived record of a shard, according to the database.
 *
 * This is its checkpoint. If records were skipped manually, there is no checkpoint, and the gap says
 * where the archive ended. Other gaps begin after what was read, archived or not.
 *
 * @param shard The shard and its checkpoint.
 * @param gaps Gaps of the stream and client, also those of other shards.
 * @returns The sequence number of the record. Undefined if the database has none.
 */
export function lastArchived(
  { shardId, checkpoint }: {
    readonly shardId: ShardId;
    readonly checkpoint: SequenceNumber | undefined;
  },
  gaps: readonly PassedOver[],
): SequenceNumber | undefined {
  return checkpoint ?? gaps
    .filter((gap) => gap.shardId === shardId && PASSED_OVER.has(gap.reason))
    .map(({ after }) => after)
    .filter((after) => after !== undefined).sort(compareSequenceNumbers).at(-1);
}

/** Input of {@linkcode planMoves}. */
export interface MoveOfArchive extends Omit<ArchiveMove, "shardId" | "after"> {
  readonly shardIds: Iterable<ShardId>;
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  readonly gaps: readonly PassedOver[];
  readonly moves: readonly ArchiveMove[];
}

/** Where the archive of each shard ends when it moves to another store. */
export function planMoves(
  { shardIds, checkpoints, gaps, moves, from, to, movedAt: now }: MoveOfArchive,
): ArchiveMove[] {
  const movedAt = new Date(
    Math.max(now.getTime(), ...moves.map(({ movedAt }) => movedAt.getTime() + 1)),
  );
  return [...new Set([...shardIds, ...checkpoints.keys()])].sort().flatMap((shardId) => {
    const after = lastArchived({ shardId, checkpoint: checkpoints.get(shardId) }, gaps);
    return after === undefined ? [] : [{ shardId, after, from, to, movedAt }];
  });
}
