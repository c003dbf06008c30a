import type { TableSchema } from "../tables/column_types.ts";
import type { ParquetCodec } from "../tables/parquet/parquet_codec.ts";
import { ParquetTable, type TableSource } from "../tables/parquet/parquet_table.ts";
import { TextTable } from "./text_table.ts";

/** The formats of tables. */
export const TABLE_FORMATS = ["parquet", "ndjson.gz", "csv"] as const;

/** One of {@linkcode TABLE_FORMATS}, which is also how names of files end. */
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Makes one file of events. */
export interface TableWriter {
  /** Number of events that were added. */
  readonly rows: number;
  /** Number of them that have a rest. */
  readonly rests: number;
  /** Bytes of events that are not encoded yet; {@linkcode TableWriter.flush} encodes them. */
  readonly pendingBytes: number;
  /** Encodes what is pending, to free memory. */
  flush(): void;
  /** Sets the bytes that {@linkcode TableWriter.add} reads from, until the next call. */
  read(events: Uint8Array): void;
  /** Adds the event from `start` to `end`, the archive's `index`th. */
  add(start: number, end: number, index: number): void;
  /** Ends the file, and returns its parts; some formats keep the metadata. */
  finish(metadata: Readonly<Record<string, string>>): Promise<readonly Uint8Array[]>;
}

/** Options of {@linkcode openTable}. */
export interface TableWriterOptions extends TableSource {
  readonly schema: TableSchema;
  readonly format: TableFormat;
  readonly codec: ParquetCodec | undefined;
}

/** Starts a file. */
export function openTable({ format, ...options }: TableWriterOptions): TableWriter {
  return format === "parquet" ? new ParquetTable(options) : new TextTable({ ...options, format });
}
