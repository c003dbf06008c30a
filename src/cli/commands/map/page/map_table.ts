import { MAP_MARKS } from "../../../../archive/map/archive_map.ts";
import type { FittedMap } from "../../../../archive/map/fit_map.ts";
import type { ArchiveMap, MapCell } from "../../../../archive/mod.ts";
import { type Html, html } from "../../../../monitor/page/html.ts";
import { countOf, formatBytes, formatCount } from "../../../text/format.ts";
import { bendsOf, type DrawnRow, drawnRows, highestIn, levelOf, marksIn } from "../map_cells.ts";
import { ticks } from "../map_ticks.ts";
import { formatMinute, MARKS } from "../map_words.ts";

/** Width of a column in pixels, by the number of columns; the names are those of the style sheet. */
const WIDTHS = [
  { name: "w0", pixels: 22, columns: 18 }, // twice as wide where there is room
  { name: "w1", pixels: 22, columns: 40 },
  { name: "w2", pixels: 11, columns: 80 },
  { name: "w3", pixels: 7, columns: 130 },
  { name: "w4", pixels: 5, columns: Infinity },
] as const;

/** Width of a character above the columns in pixels. */
const CHARACTER = 7;

/** How many heights a bar can have. */
const LEVELS = 8;

/** The map as a table: a row for each shard, a column for each slot. */
export function mapTable(whole: ArchiveMap, map: FittedMap): Html {
  const { name, pixels } = WIDTHS.find(({ columns }) => map.slots <= columns)!;
  return html`
    <table class="map ${name}">
      <thead>${head(map, pixels)}</thead>
      <tbody>${drawnRows(whole, map).map((row) => rowOf(row, map))}</tbody>
    </table>
  `;
}

/** What the signs mean. */
export function legend(map: FittedMap): Html {
  const signs = [
    ...marksIn(map).map((mark) => ({
      ...{ mark, ...MARKS[mark] },
      ...mark === "quarantine" ? { character: "" } : {}, // stripes
    })),
    ...map.unprovable > 0
      ? [{ mark: "other", character: "?", name: "file without a manifest" }]
      : [],
    ...map.reshards.length > 0
      ? [{ mark: "bend", character: "┐ ┌", name: "ends and begins in a reshard" }]
      : [],
  ];
  return html`<ul class="legend">
    <li><span class="bars"></span>events in a column, up to ${formatCount(highestIn(map.rows))}</li>
    ${
    signs.map(({ mark, character, name }) =>
      html`<li><span class="sign ${mark}">${character}</span>${name}</li>`
    )
  }
  </ul>`;
}

/** Each label reaches up to the next one. */
function head(map: FittedMap, pixels: number): Html {
  const labels = ticks(map, pixels / CHARACTER);
  const starts = labels[0]?.slot === 0 ? labels : [{ slot: 0, label: "" }, ...labels];
  return html`<tr><th class="name" scope="col">Shard</th>${
    starts.map(({ slot, label }, index) => {
      const span = (starts[index + 1]?.slot ?? map.slots) - slot;
      return html`<th colspan="${span}" scope="colgroup">${label}</th>`;
    })
  }<th class="total" scope="col">Events</th></tr>`;
}

function rowOf({ label, row, isSum, hasFiles, highest }: DrawnRow, map: FittedMap): Html {
  const cells = new Map(row.cells.map((cell) => [cell.slot, cell]));
  const [first = 0, last = -1] = [row.cells[0]?.slot, row.cells.at(-1)?.slot];
  const { begins, ends } = bendsOf(row, map);
  const drawn: Html[] = [];
  for (let slot = 0; slot < map.slots; slot++) {
    const cell = cells.get(slot);
    drawn.push(
      cell !== undefined
        ? cellOf(hasFiles ? cell : { ...cell, files: 0 }, highest, map)
        : slot === first - 1 && begins
        ? html`<td class="mark bend">┌</td>`
        : slot === last + 1 && ends
        ? html`<td class="mark bend">┐</td>`
        : slot > first && slot < last
        ? html`<td class="n"></td>`
        : html`<td></td>`,
    );
  }
  return html`
    <tr
      class="${isSum ? "sum" : ""}"><th class="name" scope="row" title="${row.shardId ??
        label}">${label}</th>${drawn}<td class="total">${formatCount(row.events)}</td></tr>
  `;
}

function cellOf(cell: MapCell, highest: number, map: FittedMap): Html {
  const title = titleOf(cell, map);
  const [mark] = cell.marks;
  if (mark !== undefined) {
    const { character, name } = MARKS[mark];
    const link = html`<a href="#wrong" aria-label="${name}">${character}</a>`;
    return html`<td class="mark ${mark}" title="${title}">${link}</td>`;
  }
  if (cell.events + cell.quarantined > 0) {
    const stripes = cell.quarantined > 0 ? " quarantine" : "";
    const level = `b${levelOf(cell.events, highest, LEVELS)}${stripes}`;
    return html`<td class="${level}" title="${title}">${cell.events}</td>`;
  }
  if (cell.files > 0) return html`<td class="mark other" title="${title}">?</td>`;
  return html`<td class="n" title="${title}">0</td>`;
}

/** What is in a cell, for those who point at it. */
function titleOf({ slot, ...cell }: MapCell, { start, slotMs }: FittedMap): string {
  return [
    `${formatMinute(start!.getTime() + slot * slotMs)}: ${countOf(cell.events, "event")}`,
    ...cell.files > 0 ? [countOf(cell.files, "file")] : [],
    formatBytes(cell.size),
    ...cell.quarantined > 0 ? [`${formatCount(cell.quarantined)} in quarantine`] : [],
    ...MAP_MARKS.filter((mark) => cell.marks.includes(mark)).map((mark) => MARKS[mark].name),
  ].join(", ");
}
