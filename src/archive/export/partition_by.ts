import { decodeField } from "../../codec/msgpack/decode.ts";
import {
  type Column,
  type ColumnType,
  pathText,
  type TableSchema,
  TableSchemaError,
  typeText,
} from "../tables/column_types.ts";
import { isMap } from "../tables/split_event.ts";
import { toMicros } from "../tables/times.ts";
import { dayOf, NO_DAY } from "./output_keys.ts";

/** Returns the partition `dt` of an event. */
export type PartitionOf = (event: Uint8Array) => string;

/**
 * Finds the column that partitions a table, such as `at:day` or `user.seen:day`.
 *
 * @returns What finds the partition of an event; events without such a time are in
 * `__HIVE_DEFAULT_PARTITION__`.
 * @throws {TableSchemaError} If there is no such column, or it is not a timestamp.
 */
export function partitionBy(text: string, schema: TableSchema): PartitionOf {
  const column = /^(.+):day$/.exec(text)?.[1];
  if (column === undefined) {
    throw new TableSchemaError(
      `Cannot partition by "${text}": give a column and its unit, such as at:day`,
    );
  }
  const { path, type } = findColumn(column, schema);
  if (type.type !== "timestamp") {
    throw new TableSchemaError(
      `Cannot partition by ${column}: it is ${typeText(type)}, not timestamp`,
    );
  }
  const { form } = type;
  return (event) => {
    let value = decodeField(event, path[0]!);
    for (const key of path.slice(1)) {
      value = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    }
    const micros = toMicros(value, form);
    return micros === undefined ? NO_DAY : dayOf(micros);
  };
}

/** Finds a column by its path, as `--columns` has it. */
function findColumn(
  text: string,
  { columns }: TableSchema,
): { readonly path: readonly string[]; readonly type: ColumnType } {
  const found = [...leavesOf(columns, [])].find(({ path }) => pathText(path) === text);
  if (found !== undefined) return found;
  throw new TableSchemaError(`Cannot partition by ${text}: the table has no such column`);
}

function* leavesOf(
  columns: readonly Column[],
  path: readonly string[],
): Generator<{ readonly path: readonly string[]; readonly type: ColumnType }> {
  for (const { key, type } of columns) {
    const at = [...path, key];
    if (type.type === "struct") yield* leavesOf(type.fields, at);
    else yield { path: at, type };
  }
}
