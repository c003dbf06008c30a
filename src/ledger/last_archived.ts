/**
 * What the database knows to be archived.
 *
 * @module
 */

import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { ArchiveMove, Gap } from "./archive_ledger.ts";

/** The part of a gap that the rule looks at. */
type PassedOver = Pick<Gap, "shardId" | "after" | "reason">;

/** Reasons of gaps for which a checkpoint was forgotten. */
const PASSED_OVER: ReadonlySet<string> = new Set(["skipped", "recreated"]);

/**
 * The last record of a shard that the database knows to be archived.
 *
 * That is its checkpoint. Where somebody passed over what followed, the checkpoint was forgotten, and
 * the gap of that says where the archive ended. Other gaps begin after what was read, archived or not.
 *
 * @param shard The shard and its checkpoint.
 * @param gaps Gaps of the stream and client, also those of other shards.
 * @returns The record's sequence number; undefined if the database knows of none.
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

/** What is known when an archive is moved. */
export interface MoveOfArchive extends Omit<ArchiveMove, "shardId" | "after"> {
  /** All shards that the ledger knows. */
  readonly shardIds: Iterable<ShardId>;
  /** All checkpoints. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** All gaps. */
  readonly gaps: readonly PassedOver[];
  /** All moves before. */
  readonly moves: readonly ArchiveMove[];
}

/** Where each shard ends that has been archived, when the archive is moved. */
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
