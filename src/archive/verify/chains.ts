import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../../base/record.ts";
import type { ManifestShard } from "../../codec/tri/archive_manifest.ts";
import { type GapAcceptance, gapId, type MissingRange } from "./gap_id.ts";
import { excuses, inGapOrder, namesArchived, type RecordedGap } from "./recorded_gaps.ts";
import { rangeAfter, type RangeElsewhere } from "./recorded_moves.ts";

/** What one file holds of one shard. */
export interface ArchiveLink extends ManifestShard {
  readonly key: string;
  readonly client: string;
  readonly shardId: ShardId;
}

/** Something about an archive that is not as it must be. */
export interface ArchiveProblem {
  /**
   * What it is:
   * - `"gap"`: records between two files of a shard, or before its first, are in no file;
   * - `"overlap"`: two files of a shard claim the same records;
   * - `"duplicate"`: two files hold the same records of a shard;
   * - `"damaged"`: a file cannot be read, or does not match its manifest;
   * - `"count"`: the numbers in a manifest do not add up;
   * - `"misplaced"`: by its manifest, a file belongs to another stream or client.
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
  /**
   * Whether a file begins the chain anew after it: records in between were skipped, or it was
   * written with a database that did not know of the files before.
   */
  readonly beginsAnew?: boolean | undefined;
  /** ID of the gap, where it is one: 12 hexadecimal digits. If the gap grows, it is another one. */
  readonly id?: string | undefined;
  /** Set if the gap was accepted. */
  readonly accepted?: GapAcceptance | undefined;
  /** What is wrong, in one sentence. */
  readonly message: string;
}

/** What is known beside the files of a chain. */
export interface ChainOptions {
  /** Whether files before the chain's first may exist that are not among the links. */
  readonly beginsAnywhere: boolean;
  /** Whether files after the chain's last may exist that are not among the links. Default: false. */
  readonly endsAnywhere?: boolean | undefined;
  /** Gaps of the shard that were recorded: what they say is excused. */
  readonly gaps?: readonly RecordedGap[] | undefined;
  /**
   * Gaps of the shard that were recorded before the files were listed: the files that they name must
   * be among the links. Default: none.
   */
  readonly namedBy?: readonly RecordedGap[] | undefined;
  /** Records of the shard that are in another store, since the archive was moved. Default: none. */
  readonly elsewhere?: readonly RangeElsewhere[] | undefined;
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
 * the file before it, and past each recorded gap that says where the archive ended.
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
  const named = inGapOrder((options.namedBy ?? []).filter(namesArchived));
  let end: ChainEnd = { last: undefined, link: undefined };
  for (const link of links) {
    while (named.length > 0 && compareSequenceNumbers(named[0]!.after, link.first) < 0) {
      end = checkNamed(named.shift()!, { end, next: link, options, problems });
    }
    const problem = checkOrder(link) ?? checkNext(end, link, options);
    if (problem !== undefined) problems.push(problem);
    if (isBefore(end, link.last)) end = { last: link.last, link };
  }
  for (const gap of options.endsAnywhere === true ? [] : named) {
    end = checkNamed(gap, { end, next: undefined, options, problems });
  }
  return problems;
}

/** How far the chain reaches, up to some link. */
interface ChainEnd {
  /** The last record, by a file or a gap; undefined at the beginning. */
  readonly last: SequenceNumber | undefined;
  /** The file that reaches furthest; undefined if there is none. */
  readonly link: ArchiveLink | undefined;
}

function isBefore({ last }: ChainEnd, sequenceNumber: SequenceNumber): boolean {
  return last === undefined || compareSequenceNumbers(last, sequenceNumber) < 0;
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

/** Whether the file is there that holds the record after which a gap begins. */
function checkNamed(
  gap: RecordedGap & { readonly after: SequenceNumber },
  { end, next, options, problems }: {
    readonly end: ChainEnd;
    readonly next: ArchiveLink | undefined;
    readonly options: ChainOptions;
    readonly problems: ArchiveProblem[];
  },
): ChainEnd {
  if (!isBefore(end, gap.after)) return end;
  if (end.last === undefined && options.beginsAnywhere) return end;
  const { client, shardId, after } = gap;
  const elsewhere = rangeAfter(options.elsewhere ?? [], end.last, after);
  if (elsewhere !== undefined) return after === elsewhere.upTo ? { ...end, last: after } : end;
  problems.push({
    type: "gap",
    keys: [end.link, next].flatMap((link) => link === undefined ? [] : [link.key]),
    ...{ client, shardId, after: end.last },
    id: gapId({ client, shardId, after: end.last, upTo: after }),
    message: `no file ends with ${after}, after which the recorded gap begins`,
  });
  // What follows is held against the gap: one missing file is one problem.
  return { last: after, link: end.link };
}

function checkNext(
  { last: end, link: before }: ChainEnd,
  link: ArchiveLink,
  { beginsAnywhere, gaps = [], elsewhere = [] }: ChainOptions,
): ArchiveProblem | undefined {
  const { previous, first } = link;
  if (previous === end) return undefined;
  const isExcused = gaps.some((gap) => excuses(gap, end, link)) ||
    previous !== undefined && rangeAfter(elsewhere, end, previous)?.upTo === previous;
  if (end === undefined) {
    if (beginsAnywhere || isExcused) return undefined;
    return problemOf("gap", [link], {
      after: previous,
      missing: { upTo: previous },
      message: `no file ends with ${previous}, after which this one begins`,
    });
  }
  const shown: Links = before === undefined ? [link] : [before, link];
  const overlap = before && checkOverlap(before, link);
  if (overlap !== undefined) return overlap;
  if (isExcused) return undefined;
  return problemOf("gap", shown, {
    after: end,
    beginsAnew: previous === undefined,
    missing: { after: end, upTo: previous, until: first },
    message: previous === undefined
      ? `the chain ends with ${end} and begins anew with ${first}`
      : `no file holds what lies between ${end} and ${previous}`,
  });
}

/** Whether two files claim the same records. */
function checkOverlap(before: ArchiveLink, link: ArchiveLink): ArchiveProblem | undefined {
  const { previous, first, last } = link;
  if (previous === before.previous && first === before.first && last === before.last) {
    return problemOf("duplicate", [before, link], { message: "both files hold the same records" });
  }
  if (compareSequenceNumbers(first, before.last) <= 0) {
    return problemOf("overlap", [before, link], {
      message: `one file goes to ${before.last}, the other begins with ${first}`,
    });
  }
  if (previous !== undefined && compareSequenceNumbers(previous, before.last) < 0) {
    return problemOf("overlap", [before, link], {
      message: `both files follow an earlier record, one to ${before.last}, the other from ` +
        `${previous}`,
    });
  }
  return undefined;
}

type Links = readonly [ArchiveLink, ...ArchiveLink[]];

function problemOf(
  type: ArchiveProblem["type"],
  links: Links,
  { after, beginsAnew, missing, message }:
    & Pick<ArchiveProblem, "after" | "beginsAnew" | "message">
    & {
      readonly missing?: Omit<MissingRange, "client" | "shardId">;
    },
): ArchiveProblem {
  const [{ client, shardId }] = links;
  const problem = { type, keys: links.map(({ key }) => key), client, shardId, after, message };
  return {
    ...problem,
    ...beginsAnew === true ? { beginsAnew } : {},
    ...missing === undefined ? {} : { id: gapId({ client, shardId, ...missing }) },
  };
}
