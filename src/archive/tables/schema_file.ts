import { renameColumns, type Renames } from "./change_schema.ts";
import {
  checkSchema,
  type Column,
  type ColumnType,
  pathText,
  type TableSchema,
  TableSchemaError,
  typeText,
} from "./column_types.ts";
import { parseType } from "./parse_columns.ts";

/** The version of the layout of schema files. */
const VERSION = 1;

/**
 * Formats a schema as JSON: `{"version":1,"columns":[{"name":"page","type":"string"}, ...]}`.
 *
 * A struct has `fields`, a list an `element`, and a renamed column the `key` that it has in events.
 */
export function formatSchema({ columns }: TableSchema): string {
  return JSON.stringify({ version: VERSION, columns: columns.map(columnJson) }, null, 2) + "\n";
}

function columnJson({ key, name, type }: Column): object {
  return { name, ...(key === name ? {} : { key }), ...typeJson(type) };
}

function typeJson(type: ColumnType): object {
  if (type.type === "struct") return { type: "struct", fields: type.fields.map(columnJson) };
  if (type.type === "list") return { type: "list", element: typeJson(type.element) };
  return { type: typeText(type) };
}

/**
 * Parses a schema file.
 *
 * @param renames New names of columns, which are checked instead of those in the file.
 * @throws {TableSchemaError} If it is not one; the message names the column.
 */
export function parseSchema(text: string, renames: Renames = new Map()): TableSchema {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TableSchemaError(`Cannot read the schema: ${(cause as Error).message}`, { cause });
  }
  if (!isObject(json)) throw faulty([], "it is not a JSON object");
  if (json.version !== VERSION) {
    throw faulty([], `its version is ${JSON.stringify(json.version)}, not ${VERSION}`);
  }
  // A table has its layout there, too.
  checkKeys(json, ["version", "columns", "table"], []);
  const columns = parseFields(json.columns, "columns", []);
  return checkSchema({ columns: renameColumns(columns, renames) });
}

function parseFields(json: unknown, name: string, path: readonly string[]): Column[] {
  if (!Array.isArray(json)) throw faulty(path, `"${name}" is not an array`);
  return json.map((field) => parseField(field, path));
}

function parseField(json: unknown, path: readonly string[]): Column {
  if (!isObject(json) || typeof json.name !== "string") {
    throw faulty(path, `a column is not an object with a "name"`);
  }
  const { name, key = name, ...type } = json;
  if (typeof key !== "string") throw faulty([...path, name], `its "key" is not text`);
  return { key, name, type: parseTypeJson(type, [...path, key]) };
}

function parseTypeJson(json: unknown, path: readonly string[]): ColumnType {
  if (!isObject(json) || typeof json.type !== "string") throw faulty(path, `it has no "type"`);
  const { type, ...rest } = json;
  if (type === "struct") {
    checkKeys(rest, ["fields"], path);
    return { type, fields: parseFields(rest.fields, "fields", path) };
  }
  if (type === "list") {
    checkKeys(rest, ["element"], path);
    return { type, element: parseTypeJson(rest.element, path) };
  }
  checkKeys(rest, [], path);
  try {
    return parseType(type as string);
  } catch (error) {
    if (!(error instanceof TableSchemaError)) throw error;
    throw new TableSchemaError(error.message.replace("the columns", `column ${pathText(path)}`));
  }
}

/** Refuses what nobody would read: it may be misspelt. */
function checkKeys(json: object, known: readonly string[], path: readonly string[]): void {
  const unknown = Object.keys(json).find((key) => !known.includes(key));
  if (unknown !== undefined) throw faulty(path, `"${unknown}" is not known there`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function faulty(path: readonly string[], why: string): TableSchemaError {
  const what = path.length === 0 ? "the schema" : `column ${pathText(path)} of the schema`;
  return new TableSchemaError(`Cannot read ${what}: ${why}`);
}
