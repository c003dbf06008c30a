import { DAY_MS, systemClock } from "../../base/clock.ts";
import { archiveDay } from "../../codec/tri/archive_key.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { parseDay, startOfDay } from "../listing/days.ts";
import { type FileToRead, toRead, verifyContents } from "./deep_verify.ts";
import { ChosenFiles } from "./chosen_files.ts";
import type { KeyList } from "../listing/find_archives.ts";
import { listAllArchives, type WholeArchiveSelection } from "../listing/list_all_archives.ts";
import { type InspectedArchive, readManifests, type ReadManifestsOptions } from "./manifests.ts";
import { checkPart, formatPart } from "../listing/part.ts";
import { retryingStore } from "../retrying_store.ts";
import type { RecordedGap } from "./recorded_gaps.ts";
import type { RecordedMove } from "./recorded_moves.ts";
import { ArchiveSurvey, type JudgeOptions, type KnownCheckpoint } from "./survey.ts";
import type { ArchiveReport } from "./verify_report.ts";

/** What the database of the archiving processes knows, to hold against the archive. */
export interface ArchiveKnowledge {
  /** Up to where shards are archived. */
  checkpoints(): Promise<readonly KnownCheckpoint[]>;
  /** Gaps that were recorded. Called twice: before the files are listed, and after. */
  gaps(): Promise<readonly RecordedGap[]>;
  /** Where shards ended when the archive was moved to another store, in order. Default: it never was. */
  moves?(): Promise<readonly RecordedMove[]>;
}

/** What to verify, and how. */
export interface VerifyArchiveOptions extends WholeArchiveSelection, ReadManifestsOptions {
  /** Reads every byte of every file, and not only its end. */
  readonly deep?: boolean | undefined;
  /**
   * Verifies only the files of these keys. Of the others, as of those of other parts, only the
   * manifests are read, because chains need them. Default: all files.
   */
  readonly keys?: KeyList | undefined;
  /** What the database knows. Default: nothing. */
  readonly knowledge?: ArchiveKnowledge | undefined;
  /** Whether an archive without a single file is whole. Default: false. */
  readonly allowEmpty?: boolean | undefined;
  /** Called after each file with the number of files verified, and the least number of bytes read. */
  readonly onProgress?: ((files: number, bytes: number) => void | Promise<void>) | undefined;
}

/**
 * Verifies the archive of a stream: that each shard's files follow on each other without gap and
 * overlap, and are what they say.
 *
 * A file names the last record before it. Sequence numbers of Kinesis are not contiguous, so
 * this alone can show that no file is missing in the middle; whether the last one is missing, only
 * a database can tell. Files without a manifest are counted, and nothing is said of them. Two
 * requests a file at most, many at once, unless `deep`.
 *
 * A gap that the database recorded excuses nothing but itself: a file that begins the
 * chain anew where the gap begins, or the very record that follows it. Where no file is found at
 * all, the archive is not whole, unless `allowEmpty`: more often than not a name is mistyped.
 *
 * Over a range of days, what came before is taken for granted. Gaps that end or begin there are
 * looked into by reading the days next to it, because writers' clocks differ.
 *
 * With `part`, `deep` reads only the files of that part, and the numbers are those of its files. Each
 * problem is reported by exactly one part, and what belongs to no file by the first: all parts together
 * find what one verification of everything finds.
 *
 * @example Usage
 * ```ts
 * import { MemoryObjectStore, verifyArchive } from "@triton/triton/archive";
 * import { equal } from "node:assert/strict";
 * const store = new MemoryObjectStore();
 * const report = await verifyArchive(store, { stream: "clicks_prod" });
 * equal(report.files, 0);
 * equal(report.whole, false); // true with `allowEmpty`
 * ```
 * @param store Where the archives are.
 * @param options What to verify, and how.
 * @returns What was found.
 * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
 * @throws {TritonError} If one of `keys` is not that of an archive that is verified.
 * @throws {ObjectStoreError} If the store cannot be read.
 */
export async function verifyArchive(
  store: ObjectStore,
  options: VerifyArchiveOptions,
): Promise<ArchiveReport> {
  const { stream, client, deep = false, knowledge, allowEmpty = false } = options;
  const range = rangeOf(options);
  if (options.part !== undefined) checkPart(options.part);
  const chosen = await ChosenFiles.read({ ...options, ...range });
  // Files are put before they are in the database, and gaps are recorded before the files that follow
  // them: so only this order finds no false ones.
  const checkpoints = range.to === undefined ? await knowledge?.checkpoints() ?? [] : [];
  const earlierGaps = await knowledge?.gaps() ?? [];
  const survey = new ArchiveSurvey(chosen);
  const files = await surveyAll(store, { ...options, ...range }, survey);
  chosen.checkFound(store);
  if (deep) await verifyContents(store, files, { ...options, survey });
  const gaps = await knowledge?.gaps() ?? [];
  const judge: JudgeOptions = {
    isPart: range.from !== undefined,
    endsEarly: range.to !== undefined,
    ...{ client, gaps, earlierGaps, checkpoints, here: store.identity },
    moves: await knowledge?.moves?.() ?? [],
  };
  let problems = survey.problems(judge);
  if (problems.some(({ type }) => type === "gap")) {
    await surveyNeighbours(store, options, range, survey);
    problems = survey.problems(judge);
  }
  problems = problems.filter((problem) => chosen.reports(problem));
  const lost = chosen.isFirst ? gaps.filter((gap) => concerns(gap, { client, ...range })) : [];
  return {
    ...{ stream, client, ...range, deep },
    ...options.part === undefined ? {} : { part: formatPart(options.part) },
    ...{ files: survey.files, empty: survey.empty, size: survey.size },
    ...chosen.isSome ? { otherFiles: survey.otherFiles } : {},
    ...{ events: survey.events, bytes: survey.bytes, quarantined: survey.quarantined },
    shards: survey.shards(),
    quarantine: survey.quarantine,
    unprovable: survey.unprovable,
    gaps: lost,
    problems,
    whole: problems.length === 0 && lost.length === 0 &&
      (survey.files + survey.otherFiles > 0 || allowEmpty),
  };
}

/** The days that are verified; undefined where there is no limit. */
interface DayRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

function rangeOf({ from, to }: VerifyArchiveOptions): DayRange {
  return {
    from: from === undefined ? undefined : parseDay(from),
    to: to === undefined ? undefined : parseDay(to),
  };
}

/** Reads the ends of the files, and keeps what is wanted to read the rest of them. */
async function surveyAll(
  store: ObjectStore,
  options: VerifyArchiveOptions & DayRange,
  survey: ArchiveSurvey,
): Promise<FileToRead[]> {
  const files: FileToRead[] = [];
  for await (const file of inspectDays(store, options, options)) {
    survey.add(file);
    survey.chosen.see(file.entry.key);
    if (options.deep !== true) await options.onProgress?.(survey.files, survey.size);
    else if (survey.chosen.has(file.entry.key) && isReadable(file)) files.push(toRead(file));
  }
  return files;
}

function isReadable({ type }: InspectedArchive): boolean {
  return type === "provable" || type === "unprovable";
}

/** Reads the files of the days before and after those that are verified. */
async function surveyNeighbours(
  store: ObjectStore,
  options: VerifyArchiveOptions,
  { from, to }: DayRange,
  survey: ArchiveSurvey,
): Promise<void> {
  const days = [from && dayBeside(from, -1), to && dayBeside(to, 1)];
  for (const day of days) {
    if (day === undefined) continue;
    for await (const file of inspectDays(store, options, { from: day, to: day })) {
      survey.addNeighbour(file);
    }
  }
}

function inspectDays(
  store: ObjectStore,
  options: VerifyArchiveOptions,
  { from, to }: DayRange,
): AsyncGenerator<InspectedArchive> {
  const { stream, client, signal, clock = systemClock } = options;
  // Without a last day, tomorrow: for writers whose clocks are ahead.
  const last = to ?? (from && new Date(clock.now() + DAY_MS));
  const listed = listAllArchives(retryingStore(store, options), {
    ...{ stream, client, signal, clock, from },
    to: last,
  });
  return readManifests(store, listed, options);
}

function dayBeside(day: string, days: number): string | undefined {
  const beside = startOfDay(day) + days * DAY_MS;
  return beside < 0 ? undefined : archiveDay(beside / 1000);
}

/** Whether a recorded gap belongs to what is verified. */
function concerns(
  gap: RecordedGap,
  { client, from, to }: DayRange & { readonly client: string | undefined },
): boolean {
  const day = archiveDay(gap.recordedAt);
  return (client === undefined || gap.client === client) && day >= (from ?? day) &&
    day <= (to ?? day);
}
