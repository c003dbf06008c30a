import { renameColumns, type Renames } from "./change_schema.ts";
import {
  checkSchema,
  type Column,
  type ColumnType,
  pathText,
  SIMPLE_TYPES,
  type TableSchema,
  TableSchemaError,
  TIME_FORMS,
  type TimeForm,
} from "./column_types.ts";

/**
 * Parses columns as `--columns` has them: `user.id:int64, page, at:timestamp(iso), tags:list<string>`.
 *
 * A path of keys, joined by dots, is a field of a struct; a key that is not a plain name stands in
 * quotes. A column without a type is `string`.
 *
 * @param renames New names of columns, which are checked instead of the keys.
 * @throws {TableSchemaError} If the text is not a list of columns; the message says where.
 */
export function parseColumns(text: string, renames: Renames = new Map()): TableSchema {
  const parser = new ColumnsParser(text);
  const fields: Field[] = [];
  do {
    parser.skipSpace();
    addField(fields, parser.path(), parser.type());
  } while (parser.comma());
  return checkSchema({ columns: renameColumns(fields.map(columnOf), renames) });
}

/** A column as it is in a list: its path of keys, and its type if it has one. */
export interface ListedColumn {
  readonly path: readonly string[];
  readonly type: ColumnType | undefined;
}

/**
 * Parses columns as `--columns` has them, in their order, for what is no table: any names may be used,
 * and a column without a type has none.
 *
 * @throws {TableSchemaError} If the text is not a list of columns; the message says where.
 */
export function parseColumnList(text: string): readonly ListedColumn[] {
  const parser = new ColumnsParser(text);
  const columns: ListedColumn[] = [];
  const fields: Field[] = [];
  do {
    parser.skipSpace();
    const column = { path: parser.path(), type: parser.optionalType() };
    addField(fields, column.path, column.type ?? TEXT);
    columns.push(column);
  } while (parser.comma());
  return columns;
}

/**
 * Parses one type, such as `timestamp(ms)` or `list<string>`.
 *
 * @throws {TableSchemaError} If it is not a type.
 */
export function parseType(text: string): ColumnType {
  const parser = new ColumnsParser(`:${text}`);
  const type = parser.type();
  parser.end();
  return type;
}

/** A column under construction: with a type, or with fields. */
interface Field {
  readonly key: string;
  readonly type?: ColumnType;
  readonly fields: Field[];
}

function addField(fields: Field[], path: readonly string[], type: ColumnType): void {
  let level = fields;
  for (const [i, key] of path.entries()) {
    const found = level.find((field) => field.key === key);
    const isLast = i === path.length - 1;
    if (found !== undefined && (isLast || found.type !== undefined)) {
      const at = pathText(path.slice(0, i + 1));
      const why = isLast && found.type !== undefined
        ? "it is there twice"
        : `${at} has fields and a type`;
      throw new TableSchemaError(`Cannot use the column ${pathText(path)}: ${why}`);
    }
    const field = found ?? { key, fields: [], ...(isLast ? { type } : {}) };
    if (found === undefined) level.push(field);
    level = field.fields;
  }
}

function columnOf({ key, type, fields }: Field): Column {
  return { key, name: key, type: type ?? { type: "struct", fields: fields.map(columnOf) } };
}

const TEXT: ColumnType = { type: "string" };

/** Reads columns from left to right. */
class ColumnsParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skipSpace(): void {
    this.#take(/\s*/y);
  }

  path(): string[] {
    const path = [this.#key()];
    while (this.#take(/\./y) !== undefined) path.push(this.#key());
    return path;
  }

  /** The type after a colon; `string` without one. */
  type(): ColumnType {
    return this.optionalType() ?? TEXT;
  }

  optionalType(): ColumnType | undefined {
    return this.#take(/\s*:\s*/y) === undefined ? undefined : this.#type();
  }

  /** Whether a comma follows, and with it another column. */
  comma(): boolean {
    if (this.#take(/\s*,/y) !== undefined) return true;
    this.end();
    return false;
  }

  end(): void {
    this.skipSpace();
    if (this.#at < this.#text.length) throw this.#error("a comma");
  }

  #key(): string {
    const plain = this.#take(/[^\s.,:"<>()]+/y);
    if (plain !== undefined) return plain;
    const quoted = this.#take(/"(?:[^"\\]|\\.)*"/y);
    if (quoted === undefined) throw this.#error("a key");
    try {
      return JSON.parse(quoted);
    } catch {
      throw this.#error("a key in quotes, escaped as in JSON,");
    }
  }

  #type(): ColumnType {
    const name = this.#take(/[a-z0-9_]+/iy)?.toLowerCase();
    if (name === "list") {
      if (this.#take(/</y) === undefined) throw this.#error('"<" and the type of the elements');
      const element = this.#type();
      if (this.#take(/>/y) === undefined) throw this.#error('">"');
      return { type: "list", element };
    }
    if (name === "timestamp") {
      const form = this.#take(/\(([a-z0-9]+)\)/y)?.slice(1, -1) ?? "time";
      if (!TIME_FORMS.includes(form as TimeForm)) throw this.#unknown(`timestamp(${form})`);
      return { type: "timestamp", form: form as TimeForm };
    }
    const simple = SIMPLE_TYPES.find((type) => type === name);
    if (simple === undefined) {
      throw name === undefined ? this.#error("a type") : this.#unknown(name);
    }
    return { type: simple };
  }

  /** Takes what matches here; undefined if nothing does. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #error(expected: string): TableSchemaError {
    const rest = this.#text.slice(this.#at);
    const where = rest === "" ? "at the end" : `at ${JSON.stringify(rest.slice(0, 20))}`;
    return new TableSchemaError(`Cannot read the columns: expected ${expected} ${where}`);
  }

  #unknown(name: string): TableSchemaError {
    const forms = TIME_FORMS.filter((form) => form !== "time").join("|");
    return new TableSchemaError(
      `Cannot read the columns: there is no type "${name}"; use ${SIMPLE_TYPES.join(", ")}, ` +
        `timestamp, timestamp(${forms}) or list<TYPE>`,
    );
  }
}
