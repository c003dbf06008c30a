import type { EventData } from "../../base/record.ts";
import { setProperty } from "../../codec/msgpack/shapes.ts";
import type { Column, ColumnType, TableSchema } from "./column_types.ts";
import { parseExactJson } from "./exact_json.ts";
import { type Cell, type Cells, isMap, type TableRow } from "./split_event.ts";
import { fromMicros } from "./times.ts";

/**
 * Puts the columns of a row and its rest together: the event that `splitEvent` has split, but for the
 * order of its keys.
 */
export function mergeRow({ cells, rest }: TableRow, { columns }: TableSchema): EventData {
  return mergeFields(cells, columns, rest);
}

function mergeFields(
  cells: Cells,
  columns: readonly Column[],
  rest: EventData | undefined,
): EventData {
  const map: EventData = {};
  const left = new Map(Object.entries(rest ?? {}));
  for (const { key, name, type } of columns) {
    const cell = Object.hasOwn(cells, name) ? cells[name]! : null;
    if (cell === null) continue;
    const inner = left.get(key);
    left.delete(key);
    setProperty(map, key, toValue(cell, type, isMap(inner) ? inner : undefined));
  }
  for (const [key, value] of left) setProperty(map, key, value);
  return map;
}

function toValue(cell: Cell, type: ColumnType, rest: EventData | undefined): unknown {
  switch (type.type) {
    case "int64": {
      const value = cell as bigint;
      return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))
        ? Number(value)
        : value;
    }
    case "timestamp":
      return fromMicros(cell as bigint, type.form);
    case "json":
      return parseExactJson(cell as string);
    case "struct":
      return mergeFields(cell as Cells, type.fields, rest);
    case "list":
      return (cell as readonly Cell[]).map((element) =>
        element === null ? null : toValue(element, type.element, undefined)
      );
    default:
      return cell;
  }
}
