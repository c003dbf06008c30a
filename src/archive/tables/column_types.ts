import { TritonError } from "../../base/errors.ts";

/** How the events write the times of a `timestamp` column: a value of another form is a misfit. */
export type TimeForm =
  /** A time of MessagePack, such as go-triton's. */
  | "time"
  /** Text as `Date.toISOString()` writes it, such as `2015-07-10T18:39:41.000Z`. */
  | "iso"
  /** Text with as few decimals as possible, such as `2015-07-10T18:39:41.5Z`. */
  | "rfc3339"
  /** Seconds since the Unix epoch. */
  | "s"
  /** Milliseconds since the Unix epoch. */
  | "ms";

/** The type of a column. */
export type ColumnType =
  | { readonly type: "int64" | "double" | "boolean" | "string" | "binary" | "json" }
  | { readonly type: "timestamp"; readonly form: TimeForm }
  | { readonly type: "struct"; readonly fields: readonly Column[] }
  | { readonly type: "list"; readonly element: ColumnType };

/** A column of a table, or a field of a struct. Every column is optional. */
export interface Column {
  /** The key in the event. */
  readonly key: string;
  /** The name of the column: the key, unless it is renamed. */
  readonly name: string;
  readonly type: ColumnType;
}

/** The columns that events are split into. Columns may be added later; none is ever retyped. */
export interface TableSchema {
  readonly columns: readonly Column[];
}

/** Thrown when a schema is not valid, or does not go with another one. */
export class TableSchemaError extends TritonError {}

/** Columns that every table has beside those of the events, and the partition `dt`. */
export const SYSTEM_COLUMNS = ["_file", "_index", "_archived_at", "_rest"] as const;

/** Names that no column may have. */
export const RESERVED_NAMES: readonly string[] = [...SYSTEM_COLUMNS, "dt"];

/** How deep structs are nested at most, and lists in each other. */
export const MAX_STRUCT_DEPTH = 4;

/** Most leaves of a schema. */
export const MAX_LEAVES = 200;

/** Types that are only a name. */
export const SIMPLE_TYPES = ["int64", "double", "boolean", "string", "binary", "json"] as const;

/** The forms of times, by the text in parentheses after `timestamp`. */
export const TIME_FORMS: readonly TimeForm[] = ["time", "iso", "rfc3339", "s", "ms"];

/** Number of leaves of a type: columns as Parquet stores them. */
export function countLeaves(type: ColumnType): number {
  if (type.type === "list") return countLeaves(type.element);
  return type.type === "struct" ? countAllLeaves(type.fields) : 1;
}

/** Number of leaves of columns. */
export function countAllLeaves(columns: readonly Column[]): number {
  return columns.reduce((sum, { type }) => sum + countLeaves(type), 0);
}

/** Names a type for people, such as `timestamp(iso)` or `list<int64>`. */
export function typeText(type: ColumnType): string {
  switch (type.type) {
    case "timestamp":
      return type.form === "time" ? "timestamp" : `timestamp(${type.form})`;
    case "list":
      return `list<${typeText(type.element)}>`;
    case "struct": {
      const fields = type.fields.map((field) => `${quotedKey(field.name)}:${typeText(field.type)}`);
      return `struct<${fields.join(", ")}>`;
    }
    default:
      return type.type;
  }
}

/** A key as it stands in `--columns` and in messages: quoted if it is not a plain name. */
export function quotedKey(key: string): string {
  return /^[\p{L}_$@][\p{L}\p{N}_$@-]*$/u.test(key) ? key : JSON.stringify(key);
}

/** A path as it stands in `--columns` and in messages. */
export function pathText(path: readonly string[]): string {
  const keys = path.map(quotedKey);
  return keys.join(".");
}

/**
 * Checks names and limits of a schema.
 *
 * @throws {TableSchemaError} If names of one level are equal ignoring case or reserved, or a limit is
 * exceeded.
 */
export function checkSchema(schema: TableSchema): TableSchema {
  checkNames(schema.columns, []);
  const leaves = countAllLeaves(schema.columns);
  if (leaves > MAX_LEAVES) {
    throw new TableSchemaError(
      `Cannot use the schema: it has ${leaves} leaves, more than ${MAX_LEAVES}; make maps json`,
    );
  }
  return schema;
}

function checkNames(columns: readonly Column[], path: readonly string[]): void {
  const [names, keys] = [new Map<string, Column>(), new Set<string>()];
  for (const column of columns) {
    const at = pathText([...path, column.key]);
    const folded = foldName(column.name);
    const other = names.get(folded);
    if (other !== undefined) {
      const pair = [other, column].map(({ key }) => JSON.stringify(key)).join(" and ");
      const where = path.length === 0 ? "" : ` of ${pathText(path)}`;
      throw new TableSchemaError(
        `Cannot use the schema: the columns ${pair}${where} have names that are equal ignoring case; ` +
          `pass --rename '${at}=OTHER_NAME'`,
      );
    }
    if (keys.has(column.key)) {
      throw new TableSchemaError(`Cannot use the schema: it has the column ${at} twice`);
    }
    if (path.length === 0 && RESERVED_NAMES.includes(folded)) {
      throw new TableSchemaError(
        `Cannot use the schema: the name of the column ${at} is reserved; pass --rename '${at}=OTHER_NAME'`,
      );
    }
    if (!isName(column.name)) {
      throw new TableSchemaError(
        `Cannot use the schema: ${JSON.stringify(column.name)} cannot be the name of a column`,
      );
    }
    names.set(folded, column);
    keys.add(column.key);
    checkType(column.type, [...path, column.key]);
  }
}

function checkType(type: ColumnType, path: readonly string[], lists = 0): void {
  if (type.type === "list") {
    if (lists < MAX_STRUCT_DEPTH) return checkType(type.element, path, lists + 1);
    throw new TableSchemaError(
      `Cannot use the schema: the lists of ${pathText(path)} are nested more than ` +
        `${MAX_STRUCT_DEPTH} deep; make it json`,
    );
  }
  if (type.type !== "struct") return;
  if (type.fields.length === 0) {
    throw new TableSchemaError(`Cannot use the schema: the struct ${pathText(path)} has no field`);
  }
  if (path.length > MAX_STRUCT_DEPTH) {
    throw new TableSchemaError(
      `Cannot use the schema: the struct ${
        pathText(path)
      } is nested more than ${MAX_STRUCT_DEPTH} ` +
        "deep; make it json",
    );
  }
  checkNames(type.fields, path);
}

/** What names are compared by. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** Whether text can be the name of a column: engines refuse empty names and control characters. */
export function isName(text: string): boolean {
  // deno-lint-ignore no-control-regex -- that is what it finds
  return text !== "" && text.isWellFormed() && !/[\x00-\x1f\x7f]/.test(text);
}
