/** Reads Parquet files with other programs than the one that wrote them. */

import { DuckDBInstance } from "@duckdb/node-api";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import * as zlib from "node:zlib";
import type {
  Column,
  ColumnType,
  TableSchema,
} from "../../../../src/archive/tables/column_types.ts";
import { allColumns } from "../../../../src/archive/tables/parquet/parquet_schema.ts";
import type { Cell, Cells } from "../../../../src/archive/tables/split_event.ts";

/** Concatenates the parts of a file. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The rows of a file as cells, read by hyparquet. */
export async function readWithHyparquet(file: Uint8Array<ArrayBuffer>): Promise<Cells[]> {
  const unzip = (data: Uint8Array) => new Uint8Array(zlib.gunzipSync(data));
  const unzstd = (data: Uint8Array) => new Uint8Array(zlib.zstdDecompressSync(data));
  const rows = await parquetReadObjects({
    file: file.buffer,
    utf8: false,
    compressors: { GZIP: unzip, ZSTD: unzstd },
    // deno-lint-ignore no-explicit-any -- hyparquet wants all parsers, but takes the others by default
    parsers: { timestampFromMicroseconds: (micros: bigint) => micros } as any,
  });
  return rows.map((row) => withNulls(row) as Cells);
}

/** hyparquet reads some nulls as undefined. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return value ?? null;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withNulls(inner)]));
}

/** What the footer of a file says beside the schema. */
export function readFooter(file: Uint8Array<ArrayBuffer>) {
  const { key_value_metadata: pairs = [], row_groups, created_by } = parquetMetadata(file.buffer);
  const metadata = Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
  return { metadata, rowGroups: row_groups, createdBy: created_by };
}

/** The rows of a file as cells, read by DuckDB. */
export async function readWithDuckDb(path: string, schema: TableSchema): Promise<Cells[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const sql =
      `select * from read_parquet('${path}', hive_partitioning = false) order by _file, _index`;
    const reader = await connection.runAndReadAll(sql);
    const columns = allColumns(schema);
    return reader.getRows().map((row) =>
      Object.fromEntries(columns.map((column, i) => [column.name, toCell(row[i], column.type)]))
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

// deno-lint-ignore no-explicit-any -- values of DuckDB's classes
function toCell(value: any, type: ColumnType): Cell {
  if (value === null || value === undefined) return null;
  switch (type.type) {
    case "timestamp":
      return value.micros;
    case "binary":
      return new Uint8Array(value.bytes);
    case "struct":
      return Object.fromEntries(
        type.fields.map(({ name, type }: Column) => [name, toCell(value.entries[name], type)]),
      );
    case "list":
      return value.items.map((item: unknown) => toCell(item, type.element));
    default:
      return value;
  }
}
