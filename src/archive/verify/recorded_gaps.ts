import type { ManifestShard } from "../../codec/tri/archive_manifest.ts";
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

/**
 * Whether a recorded gap excuses a file that does not follow the end of the archive before it.
 *
 * A gap excuses nothing but itself. It must begin where the archive ends. If it has the record that
 * follows, that must be the file's first. If it has none, the file must begin the chain anew: a file
 * that follows a record proves that this record was archived after the gap.
 *
 * @param end The last record archived before the file; undefined if there is none.
 */
export function excuses(
  { after, until }: RecordedGap,
  end: SequenceNumber | undefined,
  { previous, first }: Pick<ManifestShard, "previous" | "first">,
): boolean {
  if (after !== end) return false;
  return until === undefined ? previous === undefined : until === first;
}

/**
 * Whether the record that a gap begins after was archived, so that a file must hold it.
 *
 * That is so for skipped records: the gap begins at the archive's checkpoint.
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
