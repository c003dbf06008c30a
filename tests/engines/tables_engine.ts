import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Column, ColumnType, TableSchema } from "../../src/archive/tables/column_types.ts";
import { parseExactJson } from "../../src/archive/tables/exact_json.ts";
import { mergeRow } from "../../src/archive/tables/merge_row.ts";
import { allColumns } from "../../src/archive/tables/parquet/parquet_schema.ts";
import { parseSchema } from "../../src/archive/tables/schema_file.ts";
import type { Cell, Cells } from "../../src/archive/tables/split_event.ts";
import type { EventData } from "../../src/base/record.ts";
import { encodeEvent, formatArchiveKey, msgpackToJson } from "../../src/codec/mod.ts";
import { DirectoryObjectStore } from "../../src/objects/mod.ts";
import { rowsIn } from "../archive/export/tables.ts";
import { type EnginePlace, withEngines } from "./engine_place.ts";

const GOLDEN = new URL("../testdata/golden/", import.meta.url);

/** A table: its folder, and what `cat` prints of its archives. */
interface Table {
  readonly name: string;
  readonly folder: string;
  readonly cat: string;
}

Deno.test("PyArrow and DuckDB read the same rows of an export as hyparquet: the events of cat", () =>
  withEngines(async (place) => {
    const tables = [await exportTen(place), await exportGrown(place)];
    for (const { name } of Deno.readDirSync(GOLDEN)) {
      if (name.endsWith(".tri")) tables.push(await exportGolden(place, name));
    }
    ok(tables.length > 6, `${tables.length} tables`);
    const folders = tables.map(({ folder }) => folder);
    const { code, stdout, stderr } = await place.python("tables_program.py", ...folders);
    equal(code, 0, stderr);
    const read = stdout.trimEnd().split("\n");
    equal(read.length, tables.length);
    for (const [i, { name, folder, cat }] of tables.entries()) {
      const { rows, schema } = await rowsOf(folder);
      sameEvents(rows, schema, cat, name);
      const expected = rows.map((row) => fieldTexts(row, allColumns(schema)));
      const engines: Record<string, unknown> = JSON.parse(read[i]!);
      for (const engine of ["pyarrow", "duckdb"]) {
        deepStrictEqual(engines[engine], expected, `${engine} has other rows of ${name}`);
      }
    }
  }));

/** The ten archives, by two exporters. */
async function exportTen(place: EnginePlace): Promise<Table> {
  const folder = join(place.folder, "ten");
  const args = ["export", "--stream", place.stream, "--bucket", place.bucket];
  const to = ["--to", `file://${folder}`];
  await Promise.all(["1/2", "2/2"].map((part) => place.triton(...args, ...to, "--part", part)));
  return { name: "the ten archives", folder, cat: await place.cat() };
}

/** The ten archives in a table that gets a column between two exports. */
async function exportGrown(place: EnginePlace): Promise<Table> {
  const folder = join(place.folder, "grown");
  const args = ["export", "--stream", place.stream, "--bucket", place.bucket];
  const to = ["--to", `file://${folder}`];
  await place.triton(...args, ...to, "--part", "1/2", "--columns", "type");
  await place.triton(...args, ...to, "--columns", "type, properties.mag:double");
  return { name: "the grown table", folder, cat: await place.cat() };
}

/** A golden archive, in a bucket of its own. */
async function exportGolden(place: EnginePlace, name: string): Promise<Table> {
  const folder = join(place.folder, name.replace(/\.tri$/, ""));
  const bucket = ["--bucket", `file://${folder}-archive`];
  const createdAt = Date.parse("2015-07-10T18:39:41Z") / 1000;
  const key = formatArchiveKey({ stream: place.stream, client: "store", createdAt });
  const archive = new DirectoryObjectStore(`${folder}-archive`);
  await archive.put(key, await Deno.readFile(new URL(name, GOLDEN)));
  const stream = ["--stream", place.stream];
  await place.triton("export", ...stream, ...bucket, "--to", `file://${folder}`);
  return { name, folder, cat: await place.triton("cat", new URL(name, GOLDEN).pathname) };
}

/** The rows of a table, read by hyparquet, and its columns. */
async function rowsOf(folder: string): Promise<{ rows: Cells[]; schema: TableSchema }> {
  const schemas = [...Deno.readDirSync(join(folder, "_triton"))].map(({ name }) => name).sort();
  // schema.2.json, then schema.json.
  const newest = schemas.length > 1 ? schemas.at(-2)! : schemas[0]!;
  const schema = parseSchema(await Deno.readTextFile(join(folder, "_triton", newest)));
  const columns = allColumns(schema);
  const rows = (await rowsIn(new DirectoryObjectStore(folder))).map((row) =>
    Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))
  );
  return { rows, schema };
}

/** Columns merged with `_rest` are the events that `cat` prints. */
function sameEvents(rows: readonly Cells[], schema: TableSchema, cat: string, name: string): void {
  const lines = cat.trimEnd().split("\n");
  equal(rows.length, lines.length, name);
  for (const [i, { _rest, ...cells }] of rows.entries()) {
    const rest = _rest === null ? undefined : parseExactJson(_rest as string) as EventData;
    const json = msgpackToJson(encodeEvent(mergeRow({ cells, rest }, schema)));
    deepStrictEqual(
      JSON.parse(new TextDecoder().decode(json)),
      JSON.parse(lines[i]!),
      `${name} ${i}`,
    );
  }
}

function fieldTexts(cells: Cells, columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, toText(cells[name]!, type)]));
}

/** A cell as `tables_program.py` writes it, too. */
function toText(cell: Cell, type: ColumnType): unknown {
  if (cell === null) return "null";
  switch (type.type) {
    case "struct":
      return fieldTexts(cell as Cells, type.fields);
    case "list":
      return (cell as Cell[]).map((item) => toText(item, type.element));
    case "int64":
      return `int ${cell}`;
    case "timestamp":
      return `time ${cell}`;
    case "boolean":
      return String(cell);
    case "binary":
      return `bytes ${hex(cell as Uint8Array)}`;
    case "double":
      return `double ${hex(doubleBytes(cell as number))}`;
    default:
      return `text ${cell}`;
  }
}

function doubleBytes(value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  return new Uint8Array(bytes.buffer);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
