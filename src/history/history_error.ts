import { TritonError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";

/** Where records may be missing, and why. */
export interface HistoryGap {
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record before the gap; undefined if none is known. */
  readonly after: SequenceNumber | undefined;
  /**
   * - `"retention"`: the archive ends before the oldest records that the stream still holds, so what
   *   arrived in between is in neither of them;
   * - `"archive"`: a file of the archive follows a record that no file before it ends with.
   */
  readonly reason: "retention" | "archive";
}

/** Thrown, or passed to `onGap`, when records of a history may be missing. */
export class HistoryGapError extends TritonError implements HistoryGap {
  /** The stream's name. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record before the gap; undefined if none is known. */
  readonly after: SequenceNumber | undefined;
  /** Why they are missing: see {@linkcode HistoryGap}. */
  readonly reason: HistoryGap["reason"];

  /**
   * Creates an error.
   *
   * @param stream The stream's name.
   * @param gap Where records may be missing, and why.
   * @param why The reason in words.
   */
  constructor(stream: string, gap: HistoryGap, why: string) {
    const after = gap.after === undefined ? "" : ` after record ${gap.after}`;
    super(`Cannot read shard "${gap.shardId}" of stream "${stream}" without a gap${after}: ${why}`);
    this.stream = stream;
    this.shardId = gap.shardId;
    this.after = gap.after;
    this.reason = gap.reason;
  }
}

/** What happens to a gap: it ends the reading, or reading continues after a callback. */
export type OnGap = "throw" | ((gap: HistoryGapError) => void | Promise<void>);

/** Throws a gap, or calls `onGap` with it. */
export async function reportGap(gap: HistoryGapError, onGap: OnGap = "throw"): Promise<void> {
  if (onGap === "throw") throw gap;
  await onGap(gap);
}
