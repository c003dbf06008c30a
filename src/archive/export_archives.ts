import { type Clock, systemClock } from "../base/clock.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { openObjectStore, type OpenObjectStoreOptions } from "../objects/open_object_store.ts";
import type { ArchiveEntry } from "./archive_entry.ts";
import type { ExportReport } from "./export/export_table.ts";
import type { TableFormat } from "./export/table_writer.ts";
import type { WholeArchiveSelection } from "./listing/list_all_archives.ts";
import { retryingStore } from "./retrying_store.ts";
import type { ParquetCodec } from "./tables/parquet/parquet_codec.ts";

/** Options of {@linkcode exportArchives}. */
export interface ExportArchivesOptions extends WholeArchiveSelection, OpenObjectStoreOptions {
  /** Where the table is: an object store, or a URL as `openObjectStore` takes it. */
  readonly target: string | ObjectStore;
  /**
   * Columns that the table must have, such as `user.id:int64, page, at:timestamp(iso)`; others stay.
   * Default: those of the table, else inferred from the first 10,000 events.
   */
  readonly columns?: string | undefined;
  /** The same as JSON, as `triton export --print-schema` prints it. */
  readonly schema?: string | undefined;
  /** New names of columns, by their paths, such as `{ "user.ID": "id2" }`. */
  readonly renames?: Readonly<Record<string, string>> | undefined;
  /** Format of the files. Default: Parquet. */
  readonly format?: TableFormat | undefined;
  /** Compression of Parquet. Default: snappy. */
  readonly codec?: ParquetCodec | undefined;
  /** A column and its unit, such as `at:day`. Default: the day of the archive. */
  readonly partitionBy?: string | undefined;
  /** Also exports archives again that have changed since they were exported. Default: false. */
  readonly check?: boolean | undefined;
  /** Looks for new archives each minute, until the signal. Default: false. */
  readonly follow?: boolean | undefined;
  /** Ends the export after the archive that is being exported. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each archive that was exported, with the number of its events. */
  readonly onArchive?:
    | ((archive: ArchiveEntry, events: number) => void | Promise<void>)
    | undefined;
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined;
}

/**
 * Exports the archives of a stream as tables for DuckDB, Spark, Athena and others, as `triton export`
 * does.
 *
 * Each archive becomes one file, or several if it is large or partitioned. What is there is not made
 * again, so a rerun does only what is missing, and several exporters may run at once; killed at any
 * moment, no row is doubled or missing once an export has ended. Nothing is coerced: what does not fit
 * its column stands in the column `_rest` as JSON. Takes less than 300 MiB of memory.
 *
 * @example Usage
 * ```ts
 * import { exportArchives } from "@triton/triton/archive";
 * const report = await exportArchives("memory:", { // or "s3://triton-prod"
 *   stream: "user_activity_prod",
 *   from: "2015-10-01",
 *   target: "memory:", // or "s3://lake/user_activity"
 *   columns: "user.id:int64, page, at:timestamp(iso)",
 *   partitionBy: "at:day",
 * });
 * console.log(report.exported, report.rows);
 * ```
 * @param bucket Where the archives are: an object store, or a URL as `openObjectStore` takes it.
 * @param options Which archives, where to, and how; and how to reach S3, if `bucket` is a URL of it.
 * @returns What was done.
 * @throws {TableSchemaError} If the columns are not valid, or the table has others or another layout.
 * @throws {TypeError} If both are the same place.
 * @throws {ArchiveFormatError} If an archive is damaged, after all others were exported; the message
 * names it.
 * @throws {ObjectStoreError} If a store cannot be read or written.
 */
export async function exportArchives(
  bucket: string | ObjectStore,
  options: ExportArchivesOptions,
): Promise<ExportReport> {
  const { columns, schema: json, target: to, onArchive } = options;
  const { clock = systemClock, signal = new AbortController().signal } = options;
  const { exportTable } = await import("./export/export_table.ts");
  const { parseColumns } = await import("./tables/parse_columns.ts");
  const { parseSchema } = await import("./tables/schema_file.ts");
  if (columns !== undefined && json !== undefined) {
    throw new TypeError("Cannot export archives: pass only one of columns and schema");
  }
  const renames = new Map(Object.entries(options.renames ?? {}));
  const schema = columns !== undefined
    ? parseColumns(columns, renames)
    : json === undefined
    ? undefined
    : parseSchema(json, renames);
  await using archives = await openStore(bucket, options);
  // Not in the region of the archives: a redirect to that of the bucket is followed.
  await using target = await openStore(to, { cwd: options.cwd });
  // Two stores in memory have one URL.
  const { url } = target.store;
  if (archives.store === target.store || url === archives.store.url && url !== "memory:") {
    throw new TypeError("Cannot export archives: the target is the place of the archives");
  }
  const { stream, from, to: last, client, part, partitionBy, check, follow } = options;
  return await exportTable(retryingStore(archives.store, { clock }), target.store, {
    ...{ stream, from, to: last, client, part, partitionBy, check, follow, schema, renames },
    ...{ clock, signal },
    format: options.format ?? "parquet",
    codec: options.codec,
    onArchive: onArchive && ((entry, { rows }) => onArchive(entry, rows)),
  });
}

/** A store, which is closed at the end if it was opened here. */
interface HeldStore extends AsyncDisposable {
  readonly store: ObjectStore;
}

async function openStore(
  place: string | ObjectStore,
  options: OpenObjectStoreOptions,
): Promise<HeldStore> {
  if (typeof place !== "string") {
    return { store: place, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const store = await openObjectStore(place, options);
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}
