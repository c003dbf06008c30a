import { shorten, widthOf } from "./fit.ts";

/** Rows of cells, of which the first is the head. */
type Rows = readonly (readonly string[])[];

/** How a table is made to fit. */
export interface FitOptions {
  /** Width of the terminal; undefined if the table stays whole. */
  readonly columns?: number | undefined;
  /** Columns that are never cut, such as numbers. */
  readonly right?: readonly number[];
  /** Columns that are left out if the others would have to be cut too far, the first one first. */
  readonly optional?: readonly number[];
}

/** A table that fits. */
export interface FittedTable {
  readonly rows: Rows;
  /** Which columns are shown. */
  readonly shown: readonly number[];
  /** Width of each column. */
  readonly widths: readonly number[];
}

/** Spaces between columns. */
const GAP = 2;

/** What a name keeps before times lose their seconds, before columns are left out, and at last. */
const LEAST = { names: 24, cut: 12, last: 4 };

/** A cell that is a time, perhaps after a word such as `until`. */
const TIME = /^(?:\w+ )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?Z)?$/;
const SECONDS = /(?<=\b\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z/g;

/**
 * Makes a table fit: names lose their middle, the widest first, down to 24 characters; then times lose
 * their seconds; then names become as short as 12 characters; then columns are left out.
 */
export function fitTable(rows: Rows, options: FitOptions): FittedTable {
  const { columns, optional = [] } = options;
  const widths = widthsOf(rows);
  const all = widths.map((_, column) => column);
  if (columns === undefined) return { rows, shown: all, widths };
  const whole = { rows, shown: all, widths, fixed: fixedColumns(rows, options) };
  const limit = limitOf(whole, columns, LEAST.names);
  if (limit !== undefined) return cut(whole, limit);
  const briefRows = rows.map((row) => row.map((cell) => cell.replace(SECONDS, " $1")));
  const brief = { ...whole, rows: briefRows, widths: widthsOf(briefRows) };
  for (let left = 0; left <= optional.length; left++) {
    const shown = all.filter((column) => !optional.slice(0, left).includes(column));
    const limit = limitOf({ ...brief, shown }, columns, LEAST.cut);
    if (limit !== undefined) return cut({ ...brief, shown }, limit);
  }
  const shown = all.filter((column) => !optional.includes(column));
  return cut({ ...brief, shown }, limitOf({ ...brief, shown }, columns, LEAST.last) ?? LEAST.last);
}

/** A table, and which of its columns are not cut. */
interface Cuttable extends FittedTable {
  readonly fixed: ReadonlySet<number>;
}

/** The greatest width of names with which the table fits; undefined if that is too little. */
function limitOf(
  { shown, widths, fixed }: Cuttable,
  columns: number,
  least: number,
): number | undefined {
  const room = columns - GAP * (shown.length - 1);
  const total = (limit: number) =>
    shown.reduce((sum, column) => sum + widthIn(widths[column]!, fixed.has(column), limit), 0);
  const greatest = shown.reduce((width, column) => Math.max(width, widths[column]!), 0);
  for (let limit = Math.max(greatest, least); limit >= least; limit--) {
    if (total(limit) <= room) return limit;
  }
  return undefined;
}

function widthIn(width: number, isFixed: boolean, limit: number): number {
  return isFixed ? width : Math.min(width, limit);
}

function cut({ rows, shown, widths, fixed }: Cuttable, limit: number): FittedTable {
  const fitted = widths.map((width, column) => widthIn(width, fixed.has(column), limit));
  const isWhole = fitted.every((width, column) => width === widths[column]);
  const short = isWhole
    ? rows
    : rows.map((row) => row.map((cell, column) => shorten(cell, fitted[column]!)));
  return { rows: short, shown, widths: fitted };
}

/** Not Math.max(...lengths): a call accepts about 125,000 arguments, and a bucket has more files. */
function widthsOf(rows: Rows): number[] {
  return rows[0]!.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[column]!)), 0)
  );
}

/** The columns that are not cut: numbers and times. */
function fixedColumns([, ...rows]: Rows, { right = [] }: FitOptions): Set<number> {
  const times = (rows[0] ?? []).flatMap((_, column) =>
    rows.every((row) => row[column] === "" || TIME.test(row[column]!)) ? [column] : []
  );
  return new Set([...right, ...times]);
}
