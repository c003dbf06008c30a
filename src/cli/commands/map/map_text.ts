import type { ArchiveMap, MapCell, MapMark } from "../../../archive/mod.ts";
import { fitMap, type FittedMap } from "../../../archive/map/fit_map.ts";
import { printable } from "../../../base/safe_text.ts";
import { hang, pad, shorten, widthOf } from "../../text/fit.ts";
import { countOf, formatBytes, formatCount } from "../../text/format.ts";
import { textOf } from "../../text/say.ts";
import { type Colors, colorsOf } from "../../text/table.ts";
import { bendsOf, type DrawnRow, drawnRows, levelOf, marksIn } from "./map_cells.ts";
import { ticksOf } from "./map_ticks.ts";
import {
  labelOf,
  type MapContext,
  MARKS,
  nextCommands,
  notesOn,
  slotText,
  spanText,
  wrongIn,
} from "./map_words.ts";

/** How a map is drawn as text. */
export interface MapTextOptions extends MapContext {
  /** Where the archive is. */
  readonly store: string;
  /** Width of the terminal in characters. Default: 80 for the picture; sentences stay whole. */
  readonly width?: number | undefined;
  /** Whether colours are wanted. */
  readonly colors: boolean;
}

/** How many events a cell has, compared to the most: as high as they are many. */
const BLOCKS = "▁▂▃▄▅▆▇█";
const [ENDS, BEGINS, NOTHING, NO_MANIFEST] = ["┐", "┌", "·", "?"] as const;

/** Most rows; those that are whole are drawn as one first. */
const ROWS = 64;

/** The most characters that a column is wide; from three on, the last one is a space. */
const WIDEST = 5;

/** The longest label. */
const LABEL = 24;

/** Draws a map in the width of a terminal, with what is wrong in words. */
export function formatMap(whole: ArchiveMap, options: MapTextOptions): string {
  const { width = 80, store } = options;
  const colors = colorsOf(options.colors);
  const labels = Math.min(
    LABEL,
    Math.max(...whole.rows.map((row) => widthOf(printable(labelOf(row, whole)))), 9),
  );
  const counts = Math.max(...whole.rows.map(({ events }) => formatCount(events).length), 6);
  const room = Math.max(8, width - labels - counts - 4);
  const map = fitMap(whole, { slots: room, rows: ROWS });
  const wide = Math.min(WIDEST, Math.floor(room / map.slots));
  const layout: Layout = { map, whole, labels, counts, colors, wide };
  const lines = [
    colors.bold(printable(`${whole.stream} in ${store}`)),
    `${spanText(map)}, ${slotText(map)} a column`,
    [
      countOf(map.files, "file"),
      `${formatCount(map.events)} events`,
      formatBytes(map.size),
      ...map.empty > 0 ? [`${formatCount(map.empty)} empty`] : [],
    ].join(", "),
    "",
    ...picture(layout),
    "",
    ...wrapped(legend(map), width),
    ...wordLines(whole, options, colors),
  ];
  return textOf(lines.map((line) => line.trimEnd()));
}

/** What the lines of a picture have in common. */
interface Layout {
  /** The map as it is drawn. */
  readonly map: FittedMap;
  /** The map with all rows, by which they are named. */
  readonly whole: ArchiveMap;
  readonly labels: number;
  readonly counts: number;
  /** Width of a column in characters. */
  readonly wide: number;
  readonly colors: Colors;
}

function picture(layout: Layout): string[] {
  const { map, whole, labels, counts, colors, wide } = layout;
  const head = `${"".padEnd(labels)}  ${ticksOf(map, wide).padEnd(map.slots * wide)}  ${
    "events".padStart(counts)
  }`;
  return [colors.dim(head.trimEnd()), ...drawnRows(whole, map).map((row) => rowLine(row, layout))];
}

function rowLine({ label, row, highest }: DrawnRow, layout: Layout): string {
  const { map, labels, counts, colors, wide } = layout;
  const shown = pad(shorten(printable(label), labels), labels, "right");
  const cells = new Map(row.cells.map((cell) => [cell.slot, cell]));
  const [first = 0, last = -1] = [row.cells[0]?.slot, row.cells.at(-1)?.slot];
  const { begins, ends } = bendsOf(row, map);
  const column = (character: string, paint: (text: string) => string) =>
    paint(character.repeat(wide < 3 ? wide : wide - 1)) + (wide < 3 ? "" : " ");
  let drawn = "";
  for (let slot = 0; slot < map.slots; slot++) {
    const cell = cells.get(slot);
    drawn += cell !== undefined
      ? column(...drawCell(cell, highest, colors))
      : slot > first && slot < last
      ? column(NOTHING, colors.dim)
      : slot === first - 1 && begins
      ? BEGINS.padStart(wide)
      : slot === last + 1 && ends
      ? ENDS.padEnd(wide)
      : " ".repeat(wide);
  }
  return `${shown}  ${drawn}  ${formatCount(row.events).padStart(counts)}`;
}

/** The character of a cell, and its colour. */
function drawCell(
  cell: MapCell,
  highest: number,
  colors: Colors,
): [character: string, paint: (text: string) => string] {
  const [mark] = cell.marks;
  if (mark !== undefined) {
    return [
      MARKS[mark].character,
      mark === "gap" || mark === "doubled" ? colors.yellow : colors.red,
    ];
  }
  if (cell.quarantined > 0) return [MARKS.quarantine.character, colors.yellow];
  if (cell.events === 0) return cell.files > 0 ? [NO_MANIFEST, colors.bold] : [NOTHING, colors.dim];
  return [BLOCKS[levelOf(cell.events, highest, BLOCKS.length)]!, colors.cyan];
}

function paintOf(mark: MapMark | "quarantine", colors: Colors): (text: string) => string {
  if (mark === "accepted") return colors.dim;
  return mark === "missing" || mark === "damaged" ? colors.red : colors.yellow;
}

function legend(map: FittedMap): string[] {
  const cells = map.rows.flatMap(({ cells }) => cells);
  const most = cells.reduce((most, { events }) => Math.max(most, events), 0);
  return [
    ...most > 0 ? [`▁ to █ up to ${countOf(most, "event")} a column`] : [],
    "· nothing arrived",
    ...map.unprovable > 0 ? ["? file without a manifest"] : [],
    ...marksIn(map).map((mark) => `${MARKS[mark].character} ${MARKS[mark].name}`),
    ...map.reshards.length > 0 ? ["┐ ends and ┌ begins in a reshard"] : [],
  ];
}

function wordLines(map: ArchiveMap, context: MapTextOptions, colors: Colors): string[] {
  const wrong = wrongIn(map);
  const next = nextCommands(map, context);
  return [
    "",
    ...wrong.length === 0 ? ["Nothing is wrong."] : wrong.map(({ mark, text }) => {
      const character = mark === undefined ? " " : paintOf(mark, colors)(MARKS[mark].character);
      return hang(`${character} `, printable(text), context.width, 2);
    }),
    ...notesOn(map, context).map((note) => colors.dim(hang("  ", printable(note), context.width))),
    ...next.flatMap(({ command, purpose }) => [
      "",
      colors.dim(`# ${purpose}`),
      printable(command),
    ]),
  ];
}

/** Joins pieces to lines of a width. */
function wrapped(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const line = lines.at(-1);
    const longer = line === undefined ? piece : `${line}   ${piece}`;
    if (line !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines;
}
