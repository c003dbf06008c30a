import { DAY_MS } from "../../base/clock.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { startOfDay } from "../listing/days.ts";
import { ChosenFiles } from "../verify/chosen_files.ts";
import {
  type ArchiveKnowledge,
  inspectDays,
  judgeArchive,
  type JudgedArchiveOptions,
  rangeOf,
  type SurveyedDays,
} from "../verify/judge_archive.ts";
import { ArchiveSurvey } from "../verify/survey.ts";
import type { ArchiveMap } from "./archive_map.ts";
import { CellGrid, type GridLimits } from "./cell_grid.ts";
import { ChainEnds } from "./chain_ends.ts";
import { findingsOf } from "./findings.ts";
import { MapRows } from "./map_rows.ts";
import { type Lineage, resharding } from "./resharding.ts";
import { HOUR_MS, slotAt, startOfSlot } from "./slots.ts";

/** What the database of the archiving processes knows, to draw it into a map. */
export interface MapKnowledge extends ArchiveKnowledge {
  /** The parents of shards. Default: they are not known. */
  lineage?(): Promise<readonly Lineage[]>;
}

/** Which archive to draw, and how. */
export interface MapArchiveOptions extends JudgedArchiveOptions {
  /** What the database knows. Default: nothing. */
  readonly knowledge?: MapKnowledge | undefined;
  /** How long a slot is. Default: an hour for up to three days, else a day. */
  readonly by?: "hour" | "day" | undefined;
  /** The most cells and slots; slots become longer where there are more. Default: 100,000 and 10,000. */
  readonly limits?: Partial<GridLimits> | undefined;
  /** Called after each file with the number of files, and their size in bytes. */
  readonly onProgress?: ((files: number, bytes: number) => void | Promise<void>) | undefined;
}

/** Up to so many slots of an hour, days are not drawn. */
const MAX_HOURS = 72;

const LIMITS: GridLimits = { cells: 100_000, slots: 10_000 };

/**
 * Makes a map of an archive: what it holds of each shard over time, and what is wrong.
 *
 * It knows what `verifyArchive` knows without `deep`, and takes the same requests: at most two a file,
 * many at once. What a file holds of a shard counts where it arrived, spread evenly between the first
 * and the last record; a file without a manifest counts at the time in its key. However many files
 * there are, the map takes the memory of its cells.
 *
 * @example Usage
 * ```ts
 * import { mapArchive, MemoryObjectStore } from "@triton/triton/archive";
 * import { deepEqual } from "node:assert/strict";
 * const map = await mapArchive(new MemoryObjectStore(), { stream: "clicks_prod" });
 * deepEqual(map.rows, []);
 * ```
 * @param store Where the archives are.
 * @param options Which of them, and how.
 * @returns The map; of no archive at all, it has no slots.
 * @throws {RangeError} If a day does not exist, or the last day is before the first.
 * @throws {ObjectStoreError} If the store cannot be read.
 */
export async function mapArchive(
  store: ObjectStore,
  options: MapArchiveOptions,
): Promise<ArchiveMap> {
  const { stream, client, by, knowledge } = options;
  const range = rangeOf(options);
  const grid = new CellGrid(by === "day" ? DAY_MS : HOUR_MS, { ...LIMITS, ...options.limits });
  const survey = new ArchiveSurvey(new ChosenFiles(), () => new ChainEnds());
  const rows = new MapRows(grid);
  const lineage = await knowledge?.lineage?.();
  const judged = await judgeArchive(store, options, {
    survey,
    async read() {
      for await (const file of inspectDays(store, options, range)) {
        survey.add(file);
        rows.add(file);
        await options.onProgress?.(survey.files, survey.size);
      }
    },
  });
  const findings = findingsOf(judged, survey, rows);
  if (by === undefined && grid.last - grid.first >= MAX_HOURS) grid.lengthenTo(DAY_MS);
  const { start, slots } = extentOf(grid, range);
  const shards = rows.shards(survey);
  return {
    ...{ stream, client, ...range },
    start: slots === 0 ? undefined : new Date(startOfSlot(start, grid.slotMs)),
    ...{ slotMs: grid.slotMs, slots, files: survey.files, events: survey.events },
    ...{ bytes: survey.bytes, quarantined: survey.quarantined, size: survey.size },
    ...{ empty: survey.empty, unprovable: survey.unprovable.length },
    all: rows.all(survey, shards, start),
    rows: rows.rows(shards, start),
    reshards: resharding(shards, lineage),
    findings,
  };
}

/** The slots of a map: those that hold something, and those of the days that were asked for. */
function extentOf(grid: CellGrid, { from, to }: SurveyedDays): { start: number; slots: number } {
  const { slotMs, first, last } = grid;
  if (first > last) return { start: 0, slots: 0 };
  const start = from === undefined ? first : Math.min(first, slotAt(startOfDay(from), slotMs));
  const end = to === undefined ? last : Math.max(last, slotAt(startOfDay(to) + DAY_MS - 1, slotMs));
  return { start, slots: end - start + 1 };
}
