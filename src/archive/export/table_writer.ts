import type { TableSchema } from "../tables/column_types.ts";
import type { ParquetCodec } from "../tables/parquet/parquet_codec.ts";
import { ParquetTable } from "../tables/parquet/parquet_table.ts";
import type { RowGroup, TableSource } from "../tables/parquet/row_group.ts";
import { TextTable } from "./text_table.ts";

/** A format of tables, which is also how names of files end. */
export type TableFormat = "parquet" | "ndjson.gz" | "csv";

/** Makes one file of events. */
export interface TableWriter {
  /** Number of events that were added. */
  readonly rows: number;
  /** Number of them that have a rest. */
  readonly rests: number;
  /** Adds the event from `start` to `end`, the archive's `index`th. */
  add(bytes: Uint8Array, start: number, end: number, index: number): void;
  /** Encodes what was added: nothing that tables share is in use then. */
  flush(): void;
  /** Ends the file, and returns its parts; some formats keep the metadata. */
  finish(metadata: Readonly<Record<string, string>>): Promise<readonly Uint8Array[]>;
}

/** Options of {@linkcode openTable}. */
export interface TableWriterOptions extends TableSource {
  readonly schema: TableSchema;
  readonly format: TableFormat;
  readonly codec: ParquetCodec | undefined;
  /** What the tables of one schema take turns with. */
  readonly rowGroup: RowGroup | undefined;
}

/** Starts a file. */
export function openTable({ format, ...options }: TableWriterOptions): TableWriter {
  return format === "parquet" ? new ParquetTable(options) : new TextTable({ ...options, format });
}
