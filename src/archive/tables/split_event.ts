import type { EventData } from "../../base/record.ts";
import { setProperty } from "../../codec/msgpack/shapes.ts";
import type { Column, ColumnType, TableSchema } from "./column_types.ts";
import { exactJson } from "./exact_json.ts";
import { toMicros } from "./times.ts";

/**
 * The value of a column: a bigint for `int64` and, in microseconds, for `timestamp`; text for `string`
 * and, as exact JSON, for `json`; an object by the names of fields for a struct; null for no value.
 */
export type Cell =
  | null
  | bigint
  | number
  | boolean
  | string
  | Uint8Array
  | readonly Cell[]
  | Cells;

/** Values of columns, by name. */
export interface Cells {
  readonly [name: string]: Cell;
}

/** An event as a row of a table. */
export interface TableRow {
  readonly cells: Cells;
  /** What does not fit its column, or has none, at its path; undefined if everything fits. */
  readonly rest: EventData | undefined;
}

/** Not a value of its column. */
const MISFIT = Symbol("misfit");

/**
 * Splits an event into columns and the rest. `mergeRow` puts them together again: nothing is lost.
 *
 * - A missing key is null in its column. A key whose value is null is null there, and stands in the
 *   rest, which tells the two apart.
 * - A value that is not exactly one of its column's type, and a key without a column, stand in the rest
 *   at their path. A map in the place of a struct is split further.
 * - A list in which anything does not fit stands in the rest as a whole; its elements may be null.
 *
 * The shredder does the same from the bytes of events, many times faster; this defines what is right.
 *
 * @param event What `decodeEvent` returns.
 */
export function splitEvent(event: EventData, { columns }: TableSchema): TableRow {
  return splitMap(event, columns);
}

function splitMap(map: EventData, columns: readonly Column[]): TableRow {
  const cells: Record<string, Cell> = {};
  const fields = new Map(columns.map((column) => [column.key, column]));
  let rest: EventData | undefined;
  for (const { name } of columns) setProperty(cells, name, null);
  for (const [key, value] of Object.entries(map)) {
    const column = fields.get(key);
    const { cell, rest: left } = column === undefined
      ? { cell: null, rest: value }
      : splitValue(value, column.type);
    if (column !== undefined) setProperty(cells, column.name, cell);
    if (left !== undefined) setProperty(rest ??= {}, key, left);
  }
  return { cells, rest };
}

function splitValue(
  value: unknown,
  type: ColumnType,
): { readonly cell: Cell; readonly rest?: unknown } {
  if (type.type === "struct") {
    if (!isMap(value)) return { cell: null, rest: value };
    const { cells, rest } = splitMap(value, type.fields);
    return { cell: cells, rest };
  }
  const cell = value === null ? MISFIT : toCell(value, type);
  return cell === MISFIT ? { cell: null, rest: value } : { cell };
}

/** The value of a column that holds all of a value. */
function toCell(value: unknown, type: ColumnType): Cell | typeof MISFIT {
  switch (type.type) {
    case "int64":
      return isInt64(value) ? BigInt(value) : MISFIT;
    case "double":
      return typeof value === "number" ? value : MISFIT;
    case "boolean":
      return typeof value === "boolean" ? value : MISFIT;
    case "string":
      return typeof value === "string" ? value : MISFIT;
    case "binary":
      return value instanceof Uint8Array ? value : MISFIT;
    case "json":
      return exactJson(value);
    case "timestamp":
      return toMicros(value, type.form) ?? MISFIT;
    case "struct": {
      if (!isMap(value)) return MISFIT;
      const { cells, rest } = splitMap(value, type.fields);
      return rest === undefined ? cells : MISFIT;
    }
    case "list":
      return Array.isArray(value) ? toCells(value, type.element) : MISFIT;
  }
}

function toCells(values: readonly unknown[], element: ColumnType): Cell | typeof MISFIT {
  const cells: Cell[] = [];
  for (const value of values) {
    const cell = value === null ? null : toCell(value, element);
    if (cell === MISFIT) return MISFIT;
    cells.push(cell as Cell);
  }
  return cells;
}

/** Whether a value is an integer of 64 bits, with a sign; -0 is none. */
export function isInt64(value: unknown): value is number | bigint {
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value;
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** Whether a value is a map of MessagePack. */
export function isMap(value: unknown): value is EventData {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}
