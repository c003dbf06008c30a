import { printable } from "../../base/safe_text.ts";

export interface TableLayout {
  /** Columns that are right-aligned, such as numbers. */
  readonly right?: readonly number[];
  /** Colours a cell, which is already padded. */
  readonly paint?: (cell: string, row: number, column: number) => string;
}

/**
 * Formats rows as columns, two spaces apart; the first row is the head. Cells may contain any text:
 * what is not safe for a terminal is escaped.
 */
export function formatTable(
  cells: readonly (readonly string[])[],
  { right = [], paint = (cell) => cell }: TableLayout = {},
): string[] {
  const rows = cells.map((row) => row.map(printable));
  // Not Math.max(...lengths): a call accepts about 125,000 arguments, and a bucket has more files.
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]!.length), 0)
  );
  return rows.map((row, at) =>
    row.map((cell, column) => {
      const last = column === row.length - 1;
      const width = widths[column]!;
      const padded = right.includes(column) ? cell.padStart(width) : cell.padEnd(last ? 0 : width);
      return paint(padded, at, column);
    }).join("  ")
  );
}

/** Terminal colours; each function returns the text unchanged if colours are off. */
export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
}

/** Returns the colours, switched on or off. */
export function colorsOf(wanted: boolean): Colors {
  const color = (code: number) => (text: string) => wanted ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bold: color(1), dim: color(90), red: color(31), yellow: color(33) };
}
