import { DAY_MS, systemClock } from "../../base/clock.ts";
import { archiveDay } from "../../codec/tri/archive_key.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { type DayRange, parseDay, startOfDay } from "../listing/days.ts";
import { listAllArchives, type WholeArchiveSelection } from "../listing/list_all_archives.ts";
import { retryingStore } from "../retrying_store.ts";
import { Acceptances, type AcceptedGap, type ReportedGap } from "./accepted_gaps.ts";
import type { ArchiveProblem } from "./chains.ts";
import { type InspectedArchive, readManifests, type ReadManifestsOptions } from "./manifests.ts";
import type { RecordedGap } from "./recorded_gaps.ts";
import type { RecordedMove } from "./recorded_moves.ts";
import type { ArchiveSurvey, JudgeOptions, KnownCheckpoint } from "./survey.ts";

/** What the database of the archiving processes knows, to hold against the archive. */
export interface ArchiveKnowledge {
  /** Up to where shards are archived. */
  checkpoints(): Promise<readonly KnownCheckpoint[]>;
  /** Gaps that were recorded. Called twice: before the files are listed, and after. */
  gaps(): Promise<readonly RecordedGap[]>;
  /** Where shards ended when the archive was moved to another store, in order. Default: it never was. */
  moves?(): Promise<readonly RecordedMove[]>;
  /** Gaps that were accepted for good. Default: none. */
  accepted?(): Promise<readonly AcceptedGap[]>;
}

/** Whose archive is judged, and what is known beside its files. */
export interface JudgedArchiveOptions extends WholeArchiveSelection, ReadManifestsOptions {
  /** What the database knows. Default: nothing. */
  readonly knowledge?: ArchiveKnowledge | undefined;
  /** IDs of gaps that are accepted: they are reported, and the archive is acceptable. Default: none. */
  readonly acceptGaps?: readonly string[] | undefined;
}

/** The days that are judged, as `YYYYMMDD`; undefined where there is no limit. */
export type SurveyedDays = { readonly [end in keyof DayRange]: string | undefined };

/** What is wrong with an archive. */
export interface JudgedArchive {
  /** What the files show. */
  readonly problems: readonly ArchiveProblem[];
  /** Gaps that were recorded on these days. */
  readonly gaps: readonly ReportedGap[];
}

/**
 * Judges an archive by a survey of its files, and by what the database knows.
 *
 * @param store Where the archives are.
 * @param options Whose, and of which days.
 * @param survey The survey, and what adds the files of these days to it.
 */
export async function judgeArchive(
  store: ObjectStore,
  options: JudgedArchiveOptions,
  { survey, read }: { readonly survey: ArchiveSurvey; readonly read: () => Promise<void> },
): Promise<JudgedArchive> {
  const { client, knowledge } = options;
  const range = rangeOf(options);
  // Files are put before they are in the database, and gaps are recorded before the files that follow
  // them: so only this order finds no false ones.
  const checkpoints = range.to === undefined ? await knowledge?.checkpoints() ?? [] : [];
  const earlierGaps = await knowledge?.gaps() ?? [];
  await read();
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
  const accepted = new Acceptances(await knowledge?.accepted?.() ?? [], options.acceptGaps ?? []);
  return {
    problems: problems.map((problem) => accepted.ofProblem(problem)),
    gaps: gaps.filter((gap) => concerns(gap, { client, ...range })).map((gap) =>
      accepted.ofGap(gap)
    ),
  };
}

/**
 * The days of a selection.
 *
 * @throws {RangeError} If one does not exist.
 */
export function rangeOf({ from, to }: WholeArchiveSelection): SurveyedDays {
  return {
    from: from === undefined ? undefined : parseDay(from),
    to: to === undefined ? undefined : parseDay(to),
  };
}

/** Reads the files of the days before and after those that are judged. */
async function surveyNeighbours(
  store: ObjectStore,
  options: JudgedArchiveOptions,
  { from, to }: SurveyedDays,
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

/** Lists the files of days, and reads their manifests. */
export function inspectDays(
  store: ObjectStore,
  options: JudgedArchiveOptions,
  { from, to }: SurveyedDays,
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

/** Whether a recorded gap belongs to what is judged. */
function concerns(
  gap: RecordedGap,
  { client, from, to }: SurveyedDays & { readonly client: string | undefined },
): boolean {
  const day = archiveDay(gap.recordedAt);
  return (client === undefined || gap.client === client) && day >= (from ?? day) &&
    day <= (to ?? day);
}
