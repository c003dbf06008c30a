/**
 * Following the files of a shard from one to the next.
 *
 * @module
 */

import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../record.ts";
import type { ManifestShard } from "../codec/archive_manifest.ts";

/** What one file holds of one shard. */
export interface ArchiveLink extends ManifestShard {
  /** Key of the file. */
  readonly key: string;
  /** The client that wrote the file. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
}

/** Something about an archive that is not as it must be. */
export interface ArchiveProblem {
  /**
   * What it is:
   * - `"gap"`: records between two files of a shard, or before its first, are in no file;
   * - `"overlap"`: two files of a shard claim the same records;
   * - `"duplicate"`: two files hold the same records of a shard;
   * - `"damaged"`: a file cannot be read, or does not hold what it says;
   * - `"count"`: what a file says of itself does not add up;
   * - `"misplaced"`: a file says that it belongs to another stream or client.
   */
  readonly type: "gap" | "overlap" | "duplicate" | "damaged" | "count" | "misplaced";
  /** Keys of the files that show it, the earlier one first; none where a shard has no file left. */
  readonly keys: readonly string[];
  /** The client, where it is about one shard. */
  readonly client?: string | undefined;
  /** The shard, where it is about one. */
  readonly shardId?: ShardId | undefined;
  /** The last record before it, where it is a gap. */
  readonly after?: SequenceNumber | undefined;
  /** What is wrong, in one sentence. */
  readonly message: string;
}

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

/** What is known beside the files of a chain. */
export interface ChainOptions {
  /** Whether the chain's first file may follow on one that is not among the links. */
  readonly beginsAnywhere: boolean;
  /** Gaps of the shard that were written down. */
  readonly gaps?: readonly RecordedGap[] | undefined;
}

/**
 * Puts the links of one shard into the order of its records, which is not always that of the keys:
 * several files may be closed within one second, and the clocks of two writers differ.
 */
export function inChainOrder(links: readonly ArchiveLink[]): ArchiveLink[] {
  return [...links].sort((a, b) =>
    compareSequenceNumbers(a.first, b.first) || compareSequenceNumbers(a.last, b.last) ||
    (a.key < b.key ? -1 : 1)
  );
}

/**
 * Follows the files of one shard of one client, from each file's `previous` to the last record of
 * the file before it.
 *
 * @param links The files, in the order of {@linkcode inChainOrder}.
 * @param options What is known beside them.
 * @returns What is wrong, in the order of the records; nothing if the chain is whole.
 */
export function checkChain(
  links: readonly ArchiveLink[],
  options: ChainOptions,
): ArchiveProblem[] {
  const problems: ArchiveProblem[] = [];
  /** The file that reaches furthest so far. */
  let end: ArchiveLink | undefined;
  for (const link of links) {
    const problem = checkOrder(link) ??
      (end === undefined ? checkFirst(link, options) : checkNext(end, link, options));
    if (problem !== undefined) problems.push(problem);
    if (end === undefined || compareSequenceNumbers(link.last, end.last) > 0) end = link;
  }
  return problems;
}

/** A file whose own positions are out of order. */
function checkOrder(link: ArchiveLink): ArchiveProblem | undefined {
  const { previous, first, last } = link;
  const follows = previous === undefined || compareSequenceNumbers(previous, first) < 0;
  if (follows && compareSequenceNumbers(first, last) <= 0) return undefined;
  return problemOf("count", [link], {
    message: `its records go from ${first} to ${last}, after ${previous ?? "none"}`,
  });
}

function checkFirst(link: ArchiveLink, options: ChainOptions): ArchiveProblem | undefined {
  const { previous } = link;
  if (previous === undefined || options.beginsAnywhere) return undefined;
  if (isRecorded(previous, options)) return undefined;
  return problemOf("gap", [link], {
    after: previous,
    message: `no file ends with ${previous}, after which this one begins`,
  });
}

function checkNext(
  end: ArchiveLink,
  link: ArchiveLink,
  options: ChainOptions,
): ArchiveProblem | undefined {
  const { previous, first, last } = link;
  if (previous === end.last) return undefined;
  if (previous === end.previous && first === end.first && last === end.last) {
    return problemOf("duplicate", [end, link], { message: "both files hold the same records" });
  }
  if (compareSequenceNumbers(first, end.last) <= 0) {
    return problemOf("overlap", [end, link], {
      message: `one file goes to ${end.last}, the other begins with ${first}`,
    });
  }
  if (previous !== undefined && compareSequenceNumbers(previous, end.last) < 0) {
    return problemOf("overlap", [end, link], {
      message: `both files go on after an earlier record, one to ${end.last}, the other from ` +
        `${previous} on`,
    });
  }
  if (isRecorded(end.last, options)) return undefined;
  return problemOf("gap", [end, link], {
    after: end.last,
    message: previous === undefined
      ? `the chain ends with ${end.last} and begins anew with ${first}`
      : `no file holds what lies between ${end.last} and ${previous}`,
  });
}

/** Whether it was written down that records after a position were lost. */
function isRecorded(after: SequenceNumber, { gaps = [] }: ChainOptions): boolean {
  return gaps.some((gap) => gap.after === after);
}

function problemOf(
  type: ArchiveProblem["type"],
  links: readonly [ArchiveLink, ...ArchiveLink[]],
  { after, message }: { readonly after?: SequenceNumber; readonly message: string },
): ArchiveProblem {
  const [{ client, shardId }] = links;
  return { type, keys: links.map(({ key }) => key), client, shardId, after, message };
}
