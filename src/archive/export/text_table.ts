import { Buffer } from "node:buffer";
import { csvLine } from "../../codec/csv/csv_line.ts";
import { decodeEvent } from "../../codec/msgpack/decode.ts";
import { formatTime, timeOf } from "../../codec/msgpack/values.ts";
import type { Column, ColumnType, TableSchema } from "../tables/column_types.ts";
import { exactJson } from "../tables/exact_json.ts";
import { allColumns } from "../tables/parquet/parquet_schema.ts";
import type { TableSource } from "../tables/parquet/row_group.ts";
import { type Cell, type Cells, splitEvent } from "../tables/split_event.ts";
import { timeAt } from "../tables/times.ts";

/** Options of {@linkcode TextTable}. */
export interface TextTableOptions extends TableSource {
  readonly schema: TableSchema;
  readonly format: "ndjson.gz" | "csv";
}

/** Bytes of lines that are compressed or kept at once. */
const PIECE_BYTES = 1 << 18;

/**
 * Makes a file of lines, with the same columns as a Parquet file.
 *
 * JSON lines leave nulls out, and have structs, lists and JSON as such. CSV has a column for each leaf,
 * such as `user.id`, lists as JSON, and tells empty text (`""`) from null (nothing). In both, times are
 * RFC 3339, binaries base64, and doubles that JSON does not have the text `NaN` or `Infinity`.
 */
export class TextTable {
  readonly #options: TextTableOptions;
  readonly #columns: readonly Column[];
  readonly #output: LineOutput;
  #rows = 0;
  #rests = 0;

  constructor(options: TextTableOptions) {
    this.#options = options;
    this.#columns = allColumns(options.schema);
    this.#output = new LineOutput(options.format === "ndjson.gz");
    if (options.format === "csv") this.#output.add(csvLine(headings(this.#columns, "")));
  }

  /** Number of events that were added. */
  get rows(): number {
    return this.#rows;
  }

  /** Number of them that have a rest. */
  get rests(): number {
    return this.#rests;
  }

  /** Does nothing: each event is encoded at once. */
  flush(): void {}

  /** Adds the event from `start` to `end`, the archive's `index`th. */
  add(bytes: Uint8Array, start: number, end: number, index: number): void {
    const { schema, file, archivedAt, format } = this.#options;
    const { cells, rest } = splitEvent(decodeEvent(bytes.subarray(start, end)), schema);
    const row: Cells = {
      _file: file,
      _index: BigInt(index),
      _archived_at: archivedAt,
      ...cells,
      _rest: rest === undefined ? null : exactJson(rest),
    };
    this.#output.add(
      format === "csv"
        ? csvLine(csvFields(row, this.#columns))
        : `${jsonObject(row, this.#columns)}\n`,
    );
    this.#rows++;
    if (rest !== undefined) this.#rests++;
  }

  /** Ends the file, and returns its parts. */
  finish(): Promise<readonly Uint8Array[]> {
    return this.#output.end();
  }
}

/** Collects lines as bytes, and compresses them meanwhile. */
class LineOutput {
  readonly #parts: Uint8Array[] = [];
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;
  readonly #compressed: Promise<void> | undefined;
  #lines: string[] = [];
  #size = 0;

  constructor(isCompressed: boolean) {
    if (!isCompressed) return;
    const { readable, writable } = new CompressionStream("gzip");
    this.#writer = writable.getWriter();
    this.#compressed = this.#collect(readable);
  }

  async #collect(readable: ReadableStream<Uint8Array>): Promise<void> {
    for await (const part of readable) this.#parts.push(part);
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#size += line.length;
    if (this.#size >= PIECE_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = new TextEncoder().encode(this.#lines.join(""));
    this.#lines = [];
    this.#size = 0;
    if (this.#writer === undefined) this.#parts.push(bytes);
    // What fails does so in `end`, too.
    else this.#writer.write(bytes).catch(() => {});
  }

  async end(): Promise<readonly Uint8Array[]> {
    this.#flush();
    await this.#writer?.close();
    await this.#compressed;
    return this.#parts;
  }
}

function jsonObject(cells: Cells, columns: readonly Column[]): string {
  const fields: string[] = [];
  for (const { name, type } of columns) {
    const cell = cells[name]!;
    if (cell !== null) fields.push(`${JSON.stringify(name)}:${jsonValue(cell, type)}`);
  }
  return `{${fields.join(",")}}`;
}

function jsonValue(cell: Cell, type: ColumnType): string {
  if (cell === null) return "null";
  switch (type.type) {
    case "json":
      return cell as string;
    case "struct":
      return jsonObject(cell as Cells, type.fields);
    case "list": {
      const elements = (cell as readonly Cell[]).map((item) => jsonValue(item, type.element));
      return `[${elements.join(",")}]`;
    }
    case "int64":
    case "boolean":
      return String(cell);
    case "double":
      return Number.isFinite(cell) ? numberText(cell as number) : `"${cell}"`;
    default:
      return JSON.stringify(plainText(cell, type));
  }
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The text of a leaf without quotes. */
function plainText(cell: Cell, { type }: ColumnType): string {
  if (type === "timestamp") {
    const time = timeAt(cell as bigint);
    const { seconds, nanoseconds } = timeOf(time);
    return formatTime(seconds, nanoseconds) ?? time.toISOString();
  }
  if (type === "binary") return Buffer.from(cell as Uint8Array).toString("base64");
  return typeof cell === "number" ? numberText(cell) : String(cell);
}

function headings(columns: readonly Column[], prefix: string): string[] {
  return columns.flatMap(({ name, type }) =>
    type.type === "struct"
      ? headings(type.fields, `${prefix}${heading(name)}.`)
      : [prefix + heading(name)]
  );
}

/** A name with a dot is not a path, and so in quotes, as in `--columns`. */
function heading(name: string): string {
  return name.includes(".") ? JSON.stringify(name) : name;
}

/** The fields of a line; undefined for a null. */
function csvFields(cells: Cells | null, columns: readonly Column[]): (string | undefined)[] {
  return columns.flatMap(({ name, type }) => {
    const cell = cells?.[name] ?? null;
    if (type.type === "struct") return csvFields(cell as Cells | null, type.fields);
    if (cell === null) return [undefined];
    return [type.type === "list" ? jsonValue(cell, type) : plainText(cell, type)];
  });
}
