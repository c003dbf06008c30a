import { printable } from "../../base/safe_text.ts";
import { hang, pad } from "./fit.ts";
import { type FitOptions, fitTable } from "./fit_table.ts";

export interface TableLayout extends FitOptions {
  /** Columns that are right-aligned, such as numbers. */
  readonly right?: readonly number[];
  /** Colours a cell, which is already padded. */
  readonly paint?: (cell: string, row: number, column: number) => string;
}

/**
 * Formats rows as columns, two spaces apart; the first row is the head. Cells may contain any text:
 * what is not safe for a terminal is escaped.
 *
 * With `columns`, the table fits the terminal; a last line then names the columns that it has not.
 */
export function formatTable(
  cells: readonly (readonly string[])[],
  { right = [], paint = (cell) => cell, ...fit }: TableLayout = {},
): string[] {
  const { rows, shown, widths } = fitTable(cells.map((row) => row.map(printable)), {
    ...fit,
    right,
  });
  const lines = rows.map((row, at) =>
    shown.map((column) => {
      const width = column === shown.at(-1) && !right.includes(column) ? 0 : widths[column]!;
      const padded = pad(row[column]!, width, right.includes(column) ? "left" : "right");
      return paint(padded, at, column);
    }).join("  ")
  );
  const hidden = cells[0]!.filter((_, column) => !shown.includes(column));
  if (hidden.length === 0) return lines;
  const note = `Not shown in ${fit.columns} columns: ${hidden.map(printable).join(", ")}`;
  return [...lines, ...hang("", note, fit.columns).split("\n")];
}

/** Terminal colours; each function returns the text unchanged if colours are off. */
export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** Returns the colours, switched on or off. */
export function colorsOf(wanted: boolean): Colors {
  const color = (code: number) => (text: string) => wanted ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bold: color(1), dim: color(90), red: color(31), yellow: color(33), cyan: color(36) };
}
