/**
 * What a recorded gap says about the files of its shard, and what it excuses.
 *
 * @module
 */

import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../../base/record.ts";

/** A loss that was written down when it happened. */
export interface RecordedGap {
  /** The client whose archive lacks the records. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record archived before the gap; undefined if none was. */
  readonly after: SequenceNumber | undefined;
  /** The first record after the gap; undefined where it was not known yet. */
  readonly until: SequenceNumber | undefined;
  /** Why the records are missing, such as `"retention"` or `"skipped"`. */
  readonly reason: string;
  /** When the gap was noticed. */
  readonly recordedAt: Date;
}

/** The positions of a file that decide whether it follows on what came before it. */
export interface ChainPosition {
  /** The last record archived before the file; undefined if it begins the chain, or begins it anew. */
  readonly previous: SequenceNumber | undefined;
  /** The file's first record. */
  readonly first: SequenceNumber;
}

/**
 * Tells whether a recorded gap excuses that a file does not follow on the archive's end before it.
 *
 * A gap excuses what it says and nothing else. It must begin where the archive ends. Where it says
 * which record follows, that must be the file's first. Where it does not, the file must begin the
 * chain anew: one that follows on a record tells that this record was archived after the gap.
 *
 * @param gap The gap.
 * @param end The last record archived before the file; undefined if there is none.
 * @param next The file.
 */
export function excuses(
  { after, until }: RecordedGap,
  end: SequenceNumber | undefined,
  { previous, first }: ChainPosition,
): boolean {
  if (after !== end) return false;
  return until === undefined ? previous === undefined : until === first;
}

/**
 * Tells whether the record that a gap begins after was archived, so that a file must hold it.
 *
 * That is so where somebody passed over records: the archive's checkpoint was the gap's beginning.
 * Other gaps begin after what was read, and a worker that died may never have archived it.
 */
export function namesArchived(
  gap: RecordedGap,
): gap is RecordedGap & { readonly after: SequenceNumber } {
  return gap.after !== undefined && gap.reason === "skipped";
}

/** Puts gaps that begin after a record into the order of these records. */
export function inGapOrder<T extends { readonly after: SequenceNumber }>(gaps: readonly T[]): T[] {
  return [...gaps].sort((a, b) => compareSequenceNumbers(a.after, b.after));
}
