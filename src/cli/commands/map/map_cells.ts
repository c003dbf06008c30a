import { MAP_MARKS } from "../../../archive/map/archive_map.ts";
import type { FittedMap } from "../../../archive/map/fit_map.ts";
import type { ArchiveMap, MapMark, MapRow } from "../../../archive/mod.ts";
import { formatCount } from "../../text/format.ts";
import { labelOf } from "./map_words.ts";

/** A row as it is drawn. */
export interface DrawnRow {
  readonly label: string;
  readonly row: MapRow;
  /** Whether it is the sum of all rows. */
  readonly isSum: boolean;
  /** Whether its files can be counted: not if it joins rows that may have files in common. */
  readonly hasFiles: boolean;
  /** How many events a cell of the greatest height has; sums have a scale of their own. */
  readonly highest: number;
}

/** The rows in the order in which they are drawn: the sum if there are several, shards, the rest. */
export function drawnRows(whole: ArchiveMap, { rows, others, all }: FittedMap): DrawnRow[] {
  const shards = { isSum: false, hasFiles: true, highest: highestIn(rows) };
  const summed = (label: string, row: MapRow, isSum: boolean) => ({
    ...{ label, row, isSum, hasFiles: isSum },
    highest: highestIn([row]),
  });
  return [
    ...rows.length + (others?.count ?? 0) > 1 ? [summed("all", all, true)] : [],
    ...rows.map((row) => ({ label: labelOf(row, whole), row, ...shards })),
    ...others === undefined
      ? []
      : [summed(`${formatCount(others.count)} others`, others.sum, false)],
  ];
}

/** How high a cell is drawn, from 0 to one less than there are levels. */
export function levelOf(events: number, highest: number, levels: number): number {
  return Math.min(levels - 1, Math.floor(events / highest * levels));
}

/** The most events that one cell of some rows has, at least 1. */
export function highestIn(rows: readonly MapRow[]): number {
  return rows.reduce(
    (most, { cells }) => cells.reduce((most, { events }) => Math.max(most, events), most),
    1,
  );
}

/** Whether a shard came from others, and whether others came from it. */
export function bendsOf({ client, shardId }: MapRow, { reshards }: ArchiveMap) {
  const ours = reshards.filter((one) => one.client === client);
  return {
    begins: shardId !== undefined && ours.some(({ children }) => children.includes(shardId)),
    ends: shardId !== undefined && ours.some(({ parents }) => parents.includes(shardId)),
  };
}

/** The marks that a map has somewhere, the worst first. */
export function marksIn({ all, quarantined }: FittedMap): (MapMark | "quarantine")[] {
  const marks = MAP_MARKS.filter((mark) => all.cells.some((cell) => cell.marks.includes(mark)));
  return quarantined > 0 ? [...marks, "quarantine"] : marks;
}
