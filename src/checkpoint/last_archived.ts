/**
 * The one rule for "the database is behind the archive".
 *
 * @module
 */

import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../record.ts";
import type { Gap } from "./archive_ledger.ts";

/** The part of a gap that the rule looks at. */
type PassedOver = Pick<Gap, "shardId" | "after" | "reason">;

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
    .filter((gap) => gap.shardId === shardId && gap.reason === "skipped")
    .map(({ after }) => after)
    .filter((after) => after !== undefined).sort(compareSequenceNumbers).at(-1);
}

/**
 * Whether a position lies before another one.
 *
 * @param known What {@linkcode lastArchived} returned.
 * @param end The last record in the archive, or one that a position is to be moved to.
 */
export function isBehind(known: SequenceNumber | undefined, end: SequenceNumber): boolean {
  return known === undefined || compareSequenceNumbers(known, end) < 0;
}
