import type { ExportTableOptions } from "../../../archive/export/export_table.ts";
import type { TableFormat } from "../../../archive/export/table_writer.ts";
import type { Renames } from "../../../archive/tables/change_schema.ts";
import { type TableSchema, TableSchemaError } from "../../../archive/tables/column_types.ts";
import type { DdlEngine } from "../../../archive/tables/ddl.ts";
import { parseColumns } from "../../../archive/tables/parse_columns.ts";
import type { ParquetCodec } from "../../../archive/tables/parquet/parquet_codec.ts";
import { parseSchema } from "../../../archive/tables/schema_file.ts";
import type { ObjectStore } from "../../../objects/mod.ts";
import type { ArchiveOptions } from "../../options/archive.ts";
import { UsageError } from "../../options/usage_error.ts";
import type { CliContext } from "../../cli_context.ts";
import { readTextInput } from "../../read_input.ts";

/** Options of `triton export`. */
export interface ExportOptions extends ArchiveOptions {
  readonly to?: string;
  readonly columns?: string;
  readonly schema?: string;
  readonly rename?: readonly string[];
  readonly format: TableFormat;
  readonly codec: ParquetCodec;
  readonly partitionBy?: string;
  readonly follow?: boolean;
  readonly check?: boolean;
  readonly printSchema?: boolean;
  readonly ddl?: DdlEngine;
  readonly json?: boolean;
}

/** What a command has found out about the archives and the table. */
export interface TablePlace {
  readonly options: ExportOptions;
  readonly schema: TableSchema | undefined;
  readonly renames: Renames;
  readonly selection: Pick<
    ExportTableOptions,
    "stream" | "from" | "to" | "client" | "part" | "clock"
  >;
  /** Finds the archives. Default: lists those of the selection. */
  readonly list: ExportTableOptions["list"];
  /** Where the archives are; reads are retried. */
  readonly archives: ObjectStore;
  readonly target: ObjectStore | undefined;
}

/** The columns that `--columns` or `--schema` names, with their new names. */
export async function schemaOf(
  { columns, schema: path }: ExportOptions,
  renames: Renames,
  context: CliContext,
): Promise<TableSchema | undefined> {
  if (columns !== undefined && path !== undefined) {
    throw new UsageError("Cannot export: pass only one of --columns and --schema");
  }
  try {
    if (columns !== undefined) return parseColumns(columns, renames);
    if (path === undefined) return undefined;
    const text = await readTextInput(path, context, `Cannot read the schema "${path}"`);
    return parseSchema(text, renames);
  } catch (error) {
    if (error instanceof TableSchemaError) throw new UsageError(error.message);
    throw error;
  }
}

/** Parses `--rename` options: paths and new names. */
export function parseRenames(texts: readonly string[]): Renames {
  const renames = new Map<string, string>();
  for (const text of texts) {
    const at = text.lastIndexOf("=");
    if (at < 1 || at === text.length - 1) {
      throw new UsageError(`Cannot rename "${text}": give --rename PATH=NAME, such as user.ID=id2`);
    }
    renames.set(text.slice(0, at), text.slice(at + 1));
  }
  return renames;
}
