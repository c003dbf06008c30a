import {
  checkSchema,
  type Column,
  type ColumnType,
  pathText,
  type TableSchema,
  TableSchemaError,
  typeText,
} from "./column_types.ts";

/** New names of columns, by their path of keys as {@linkcode pathText} writes it. */
export type Renames = ReadonlyMap<string, string>;

/**
 * Gives columns other names.
 *
 * @throws {TableSchemaError} If a path is not one of a column.
 */
export function renameColumns(columns: readonly Column[], renames: Renames): readonly Column[] {
  const used = new Set<string>();
  const renamed = renameIn(columns, [], renames, used);
  const unknown = [...renames.keys()].find((path) => !used.has(path));
  if (unknown === undefined) return renamed;
  throw new TableSchemaError(`Cannot rename ${unknown}: the schema has no such column`);
}

function renameIn(
  columns: readonly Column[],
  path: readonly string[],
  renames: Renames,
  used: Set<string>,
): readonly Column[] {
  return columns.map((column) => {
    const at = [...path, column.key];
    const text = pathText(at);
    const name = renames.get(text) ?? column.name;
    if (renames.has(text)) used.add(text);
    return { ...column, name, type: renameType(column.type, at, renames, used) };
  });
}

function renameType(
  type: ColumnType,
  path: readonly string[],
  renames: Renames,
  used: Set<string>,
): ColumnType {
  if (type.type === "struct") {
    return { ...type, fields: renameIn(type.fields, path, renames, used) };
  }
  if (type.type !== "list") return type;
  return { ...type, element: renameType(type.element, path, renames, used) };
}

/**
 * Adds the columns of one schema that another does not have, at any depth.
 *
 * @param current The schema of the table.
 * @param wanted What it should have; columns that it leaves out stay.
 * @returns The columns of `current`, then the new ones; `current` itself if nothing is new.
 * @throws {TableSchemaError} If a column has another type or name: data that is written has the old
 * one.
 */
export function growSchema(current: TableSchema, wanted: TableSchema): TableSchema {
  const columns = growFields(current.columns, wanted.columns, []);
  return columns === current.columns ? current : checkSchema({ columns });
}

function growFields(
  current: readonly Column[],
  wanted: readonly Column[],
  path: readonly string[],
): readonly Column[] {
  const found = new Map(wanted.map((column) => [column.key, column]));
  const kept = current.map((column) => {
    const other = found.get(column.key);
    found.delete(column.key);
    return other === undefined ? column : growColumn(column, other, [...path, column.key]);
  });
  const isSame = found.size === 0 && kept.every((column, i) => column === current[i]);
  return isSame ? current : [...kept, ...found.values()];
}

function growColumn(current: Column, wanted: Column, path: readonly string[]): Column {
  if (current.name !== wanted.name) {
    throw new TableSchemaError(
      `Cannot rename column ${
        pathText(path)
      } to "${wanted.name}": in the table it is "${current.name}"`,
    );
  }
  const type = growType(current.type, wanted.type, path);
  return type === current.type ? current : { ...current, type };
}

function growType(current: ColumnType, wanted: ColumnType, path: readonly string[]): ColumnType {
  if (current.type === "struct" && wanted.type === "struct") {
    const fields = growFields(current.fields, wanted.fields, path);
    return fields === current.fields ? current : { type: "struct", fields };
  }
  if (current.type === "list" && wanted.type === "list") {
    const element = growType(current.element, wanted.element, path);
    return element === current.element ? current : { type: "list", element };
  }
  if (typeText(current) === typeText(wanted)) return current;
  throw new TableSchemaError(
    `Cannot make column ${pathText(path)} ${typeText(wanted)}: in the table it is ` +
      `${typeText(current)}, and columns are never retyped; export to another place`,
  );
}
