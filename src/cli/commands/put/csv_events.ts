import { type ColumnType, pathText } from "../../../archive/tables/column_types.ts";
import type { ListedColumn } from "../../../archive/tables/parse_columns.ts";
import type { EventData } from "../../../base/record.ts";
import { csvHeading, parseCsvHeading } from "../../../codec/csv/csv_line.ts";
import type { CsvRow } from "../../../codec/csv/csv_rows.ts";
import { encodeEvent } from "../../../codec/msgpack/encode.ts";
import { setProperty } from "../../../codec/msgpack/shapes.ts";
import { CsvError, csvValue, type ParseJson } from "./csv_values.ts";

/** A column of the file. */
interface CsvColumn {
  readonly heading: string;
  readonly path: readonly string[];
  readonly type: ColumnType;
}

/** Makes events of rows of CSV, by the headings of the first one. */
export class CsvEvents {
  readonly #columns: readonly CsvColumn[];
  readonly #parse: ParseJson;

  /**
   * @param header The first row: `user.id` is the key `id` in the map `user`.
   * @param types Types of columns. Those that are not named are text.
   * @throws {CsvError} If the header cannot be read, does not name each column once, or lacks one that
   * has a type.
   */
  constructor(header: CsvRow, types: readonly ListedColumn[], parse: ParseJson) {
    this.#parse = parse;
    if (header.fault !== undefined) {
      throw new CsvError(`Cannot read the header of the CSV: ${header.fault}`);
    }
    const byPath = new Map(types.map(({ path, type }) => [pathText(path), type]));
    const used = new Set<string>();
    this.#columns = header.fields.map((field, i) => {
      if (field === undefined || field === "") {
        throw new CsvError(`Cannot read the header of the CSV: column ${i + 1} has no name`);
      }
      const path = parseCsvHeading(field);
      const text = pathText(path);
      used.add(text);
      return { heading: csvHeading(path), path, type: byPath.get(text) ?? { type: "string" } };
    });
    const missing = types.find(({ path }) => !used.has(pathText(path)));
    if (missing !== undefined) {
      throw new CsvError(
        `Cannot read the CSV: --columns has ${pathText(missing.path)}, which the header has not`,
      );
    }
    checkPaths(this.#columns);
  }

  /**
   * Makes the event of a row; nothing between two commas is a key that the event does not have.
   *
   * @returns Undefined for a blank line, unless a row is only one field.
   * @throws {CsvError} If the row does not have a field for each column, or a field is not of its type.
   */
  eventOf({ fields, fault }: CsvRow): Uint8Array | undefined {
    const columns = this.#columns;
    if (fault !== undefined) throw new CsvError(`Cannot read the row: ${fault}`);
    if (fields.length === 1 && fields[0] === undefined && columns.length > 1) return undefined;
    if (fields.length !== columns.length) {
      throw new CsvError(
        `Cannot read the row: it has ${countOf(fields.length)}, and the header ${columns.length}`,
      );
    }
    const event: EventData = {};
    for (const [i, column] of columns.entries()) {
      const field = fields[i];
      if (field === undefined || field === "" && !mayBeEmpty(column.type)) continue;
      setAt(event, column.path, this.#valueOf(field, column));
    }
    return encodeEvent(event);
  }

  #valueOf(field: string, { heading, type }: CsvColumn): unknown {
    try {
      return csvValue(field, type, this.#parse);
    } catch (cause) {
      if (!(cause instanceof CsvError)) throw cause;
      throw new CsvError(`Cannot read column ${heading}: ${cause.message}`, { cause });
    }
  }
}

/** Refuses a column that is there twice, or that is a value and a map at once. */
function checkPaths(columns: readonly CsvColumn[]): void {
  const seen = new Map<string, string>();
  for (const { path, heading } of columns) {
    const text = pathText(path);
    if (seen.has(text)) {
      throw new CsvError(`Cannot read the header of the CSV: it has the column ${heading} twice`);
    }
    seen.set(text, heading);
  }
  for (const { path, heading } of columns) {
    for (let depth = 1; depth < path.length; depth++) {
      const above = seen.get(pathText(path.slice(0, depth)));
      if (above === undefined) continue;
      throw new CsvError(
        `Cannot read the header of the CSV: ${above} is a column, and ${heading} a field of it`,
      );
    }
  }
}

function mayBeEmpty({ type }: ColumnType): boolean {
  return type === "string" || type === "binary";
}

function setAt(event: EventData, path: readonly string[], value: unknown): void {
  let map = event;
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(map, key)) setProperty(map, key, {});
    map = map[key] as EventData;
  }
  setProperty(map, path.at(-1)!, value);
}

function countOf(fields: number): string {
  return fields === 1 ? "1 field" : `${fields} fields`;
}
