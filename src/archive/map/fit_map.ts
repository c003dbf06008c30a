import { DAY_MS } from "../../base/clock.ts";
import {
  type ArchiveMap,
  MAP_MARKS,
  type MapAmounts,
  type MapCell,
  type MapRow,
} from "./archive_map.ts";
import { HOUR_MS, slotAt, startOfSlot } from "./slots.ts";

/** How much room there is to draw a map. */
export interface MapRoom {
  /** The most slots. */
  readonly slots: number;
  /** The most rows, those that are drawn as one not counted. */
  readonly rows: number;
}

/** A map that fits into some room. */
export interface FittedMap extends ArchiveMap {
  /**
   * Rows that are drawn as one, because there is no room for them; undefined if there are none. Of its
   * files, those with records of several of them count several times.
   */
  readonly others: { readonly count: number; readonly sum: MapRow } | undefined;
}

/** Lengths of a drawn slot that people can read off. */
const LENGTHS = [
  ...[1, 2, 3, 4, 6, 8, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 3, 4, 5, 7, 14, 28, 56, 91, 182, 364].map((days) => days * DAY_MS),
];

/**
 * Joins slots and rows of a map until it fits. Rows with marks are kept before others, then those with
 * the most events.
 */
export function fitMap(map: ArchiveMap, room: MapRoom): FittedMap {
  const fits = (length: number) => extent(map, length).slots <= room.slots;
  let slotMs = LENGTHS.find((length) => length % map.slotMs === 0 && fits(length)) ??
    Math.max(map.slotMs, LENGTHS.at(-1)!);
  while (!fits(slotMs)) slotMs *= 2; // a clock that was wrong by decades
  const { first, slots } = extent(map, slotMs);
  const fitted = (row: MapRow) => ({ ...row, cells: joinedCells(row.cells, map, slotMs) });
  const rows = map.rows.map(fitted);
  const kept = new Set(byUrgency(rows).slice(0, room.rows));
  const others = rows.filter((row) => !kept.has(row));
  return {
    ...map,
    ...{ slotMs, slots },
    start: map.start && new Date(startOfSlot(first, slotMs)),
    rows: rows.filter((row) => kept.has(row)),
    others: others.length === 0 ? undefined : { count: others.length, sum: sumOf(others) },
    all: fitted(map.all),
  };
}

/** The slots of a map if each were this long. */
function extent({ start, slots, slotMs }: ArchiveMap, length: number) {
  if (start === undefined) return { first: 0, slots: 0 };
  const first = slotAt(start.getTime(), length);
  const last = slotAt(start.getTime() + slots * slotMs - 1, length);
  return { first, slots: last - first + 1 };
}

function joinedCells(
  cells: readonly MapCell[],
  { start, slotMs }: ArchiveMap,
  length: number,
): MapCell[] {
  if (start === undefined || length === slotMs) return [...cells];
  const first = slotAt(start.getTime(), length);
  const slotOf = ({ slot }: MapCell) => slotAt(start.getTime() + slot * slotMs, length) - first;
  return [...Map.groupBy(cells, slotOf)].map(([slot, joined]) => joinedCell(slot, joined));
}

function joinedCell(slot: number, cells: readonly MapCell[]): MapCell {
  const marks = MAP_MARKS.filter((mark) => cells.some((cell) => cell.marks.includes(mark)));
  return { slot, ...amountsOf(cells), marks };
}

function amountsOf(parts: readonly MapAmounts[]): MapAmounts {
  const sum = (name: keyof MapAmounts) => parts.reduce((total, part) => total + part[name], 0);
  return {
    files: sum("files"),
    events: sum("events"),
    quarantined: sum("quarantined"),
    size: sum("size"),
  };
}

function sumOf(rows: readonly MapRow[]): MapRow {
  const cells = Map.groupBy(rows.flatMap((row) => row.cells), ({ slot }) => slot);
  return {
    ...{ client: undefined, shardId: undefined, firstArrival: undefined, lastArrival: undefined },
    isBegun: false,
    ...amountsOf(rows),
    cells: [...cells].sort(([a], [b]) => a - b).map(([slot, cells]) => joinedCell(slot, cells)),
  };
}

function byUrgency(rows: readonly MapRow[]): MapRow[] {
  const isMarked = ({ cells }: MapRow) => cells.some(({ marks }) => marks.length > 0);
  return [...rows].sort((a, b) => Number(isMarked(b)) - Number(isMarked(a)) || b.events - a.events);
}
