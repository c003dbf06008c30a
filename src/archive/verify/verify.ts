import type { ObjectStore } from "../../objects/object_store.ts";
import { type FileToRead, toRead, verifyContents } from "./deep_verify.ts";
import { ChosenFiles } from "./chosen_files.ts";
import type { KeyList } from "../listing/find_archives.ts";
import type { InspectedArchive } from "./manifests.ts";
import { checkPart, formatPart } from "../listing/part.ts";
import {
  inspectDays,
  judgeArchive,
  type JudgedArchiveOptions,
  rangeOf,
  type SurveyedDays,
} from "./judge_archive.ts";
import { ArchiveSurvey } from "./survey.ts";
import type { ArchiveReport } from "./verify_report.ts";

/** What to verify, and how. */
export interface VerifyArchiveOptions extends JudgedArchiveOptions {
  /** Reads every byte of every file, and not only its end. */
  readonly deep?: boolean | undefined;
  /**
   * Verifies only the files of these keys. Of the others, as of those of other parts, only the
   * manifests are read, because chains need them. Default: all files.
   */
  readonly keys?: KeyList | undefined;
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
 * Each gap has an ID, a function of its shard and the records around it. Gaps that were accepted by ID
 * are reported as such. The archive is then not `whole`, but `acceptable`. A gap that grew since is
 * another gap.
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
  const { stream, client, deep = false, allowEmpty = false } = options;
  const range = rangeOf(options);
  if (options.part !== undefined) checkPart(options.part);
  const chosen = await ChosenFiles.read({ ...options, ...range });
  const survey = new ArchiveSurvey(chosen);
  const { problems: all, gaps } = await judgeArchive(store, { ...options, ...range }, {
    survey,
    async read() {
      const files = await surveyAll(store, { ...options, ...range }, survey);
      chosen.checkFound(store);
      if (deep) await verifyContents(store, files, { ...options, survey });
    },
  });
  const problems = all.filter((problem) => chosen.reports(problem));
  const lost = chosen.isFirst ? gaps : [];
  const isThere = survey.files + survey.otherFiles > 0 || allowEmpty;
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
    whole: isThere && problems.length === 0 && lost.length === 0,
    acceptable: isThere && [...problems, ...lost].every(({ accepted }) => accepted !== undefined),
  };
}

/** Reads the ends of the files, and keeps what is wanted to read the rest of them. */
async function surveyAll(
  store: ObjectStore,
  options: VerifyArchiveOptions & SurveyedDays,
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
