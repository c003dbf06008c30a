import { createHash } from "node:crypto";
import { type Clock, DAY_MS, pause } from "../../base/clock.ts";
import { ArchiveFormatError, TritonError } from "../../base/errors.ts";
import { EMPTY_ARCHIVE } from "../../codec/tri/archive_format.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import type { FileBuffer } from "../file_buffer.ts";
import { parseDay } from "../listing/days.ts";
import { listAllArchives, type WholeArchiveSelection } from "../listing/list_all_archives.ts";
import { readAhead } from "../read_ahead.ts";
import { growSchema, type Renames } from "../tables/change_schema.ts";
import type { TableSchema } from "../tables/column_types.ts";
import { compressionOf, type ParquetCodec } from "../tables/parquet/parquet_codec.ts";
import type { Cutting } from "./cutting.ts";
import { DoneArchives } from "./done_archives.ts";
import { exportArchive } from "./export_archive.ts";
import { type Generation, NO_GENERATION } from "./export_log.ts";
import { type ExportTarget, exportTarget } from "./export_target.ts";
import { inferSchema, READ_AHEAD } from "./infer_from_archives.ts";
import type { ExportedArchive } from "./outputs.ts";
import { partitionBy } from "./partition_by.ts";
import { putSchema, readSchema, type StoredTable, type TableLayout } from "./stored_schema.ts";
import type { TableFormat } from "./table_writer.ts";

/** Time between two looks for new archives, in milliseconds. */
const FOLLOW_MS = 60_000;

/** What to export, and how. */
export interface ExportTableOptions extends WholeArchiveSelection {
  /** Columns that the table must have; others stay. Default: those of the table. */
  readonly schema?: TableSchema | undefined;
  /** New names of inferred columns. */
  readonly renames?: Renames | undefined;
  readonly format: TableFormat;
  readonly codec?: ParquetCodec | undefined;
  /** A column and its unit, such as `at:day`. Default: the day of the archive. */
  readonly partitionBy?: string | undefined;
  /** Whether to hold done archives against their SHA-256, and to export those again that changed. */
  readonly check?: boolean | undefined;
  /** Whether to go on with new archives, until the signal. */
  readonly follow?: boolean | undefined;
  readonly clock: Clock;
  /** Ends the export after the archive that is being exported. */
  readonly signal: AbortSignal;
  /** Called with the number of events and their bytes since the last call. */
  readonly onProgress?: ((events: number, bytes: number) => void | Promise<void>) | undefined;
  /** Called for each archive that was exported. */
  readonly onArchive?:
    | ((entry: ArchiveEntry, exported: ExportedArchive) => void | Promise<void>)
    | undefined;
  /** Called for each archive that needs no export. */
  readonly onSkip?: ((entry: ArchiveEntry) => void) | undefined;
  /** How large archives are cut, for a new table. Default: so that memory is bounded. */
  readonly cutting?: Partial<Cutting> | undefined;
  /** Finds the archives. Default: lists those of a selection. */
  readonly list?: ((selection: WholeArchiveSelection) => AsyncIterable<ArchiveEntry>) | undefined;
}

/** What an export has done. */
export interface ExportReport {
  /** Archives that were exported. */
  readonly exported: number;
  /** Archives that were done before, or by another exporter. */
  readonly done: number;
  /** Of those that were exported: archives that have changed since they were exported before. */
  readonly changed: number;
  /** Rows of all archives that were exported. */
  readonly rows: number;
  /** Rows of which something stands in `_rest`. */
  readonly rests: number;
}

/**
 * Exports the archives of a stream to a table: files with columns, each made of one archive.
 *
 * What is there is not made again, so a rerun does only what is missing, and several exporters may run
 * at once; killed at any moment, no row is doubled or missing once an export has ended.
 *
 * @param archives Where the archives are; reads should be retried there (`retryingStore`).
 * @param target Where the table is.
 * @throws {TableSchemaError} If the table has other columns or another layout than wanted.
 * @throws {ArchiveFormatError} If an archive is damaged, after all others were exported; the message
 * names it.
 * @throws {ObjectStoreError} If a store cannot be read or written.
 */
export async function exportTable(
  archives: ObjectStore,
  target: ObjectStore,
  options: ExportTableOptions,
): Promise<ExportReport> {
  const { clock, signal } = options;
  const job = new ExportJob(archives, exportTarget(target, { clock }), options);
  let selection: WholeArchiveSelection | undefined = options;
  do {
    const now = clock.now();
    await job.run(selection);
    selection = newerThan(now, options);
  } while (
    options.follow === true && selection !== undefined && await pause(clock, FOLLOW_MS, signal)
  );
  return job.report;
}

/**
 * The archives of a selection that may have appeared since they were listed: they have the day of
 * their creation in their key.
 *
 * @returns Undefined if there are no such days.
 */
function newerThan(
  listedAt: number,
  selection: WholeArchiveSelection,
): WholeArchiveSelection | undefined {
  const days = [new Date(listedAt - DAY_MS), selection.from ?? "1970-01-01"].map(parseDay).sort();
  const from = days[1]!;
  const isOver = selection.to !== undefined && parseDay(selection.to) < from;
  return isOver ? undefined : { ...selection, from };
}

/** One export, with what it has found out about the table. */
class ExportJob {
  readonly #source: ObjectStore;
  readonly #target: ExportTarget;
  readonly #options: ExportTableOptions;
  readonly #done: DoneArchives;
  readonly #layout: TableLayout;
  /** What the log says of archives that are to be exported, by their keys. */
  readonly #generations = new Map<string, Generation>();
  #report = { exported: 0, done: 0, changed: 0, rows: 0, rests: 0 };

  constructor(source: ObjectStore, target: ExportTarget, options: ExportTableOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    const { format, partitionBy, codec } = options;
    // Fails now, if it is not there.
    if (format === "parquet") compressionOf(codec ?? "snappy");
    this.#layout = { format, partitionBy };
    this.#done = new DoneArchives(target.store, format, partitionBy !== undefined);
  }

  get report(): ExportReport {
    return this.#report;
  }

  /** Exports what is missing of a selection. */
  async run(selection: WholeArchiveSelection): Promise<void> {
    this.#done.forget();
    // Each time: another exporter may have added columns.
    const table = await this.#findTable(selection);
    if (table === undefined) return;
    let damage: ArchiveFormatError | undefined;
    for await (const file of this.#read(this.#missing(selection))) {
      if (this.#options.signal.aborted) break;
      try {
        await this.#export(file, table);
      } catch (error) {
        if (!(error instanceof ArchiveFormatError)) throw error;
        damage ??= error;
        await file.discard();
      }
    }
    if (damage !== undefined) throw damage;
  }

  #read(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<FileBuffer> {
    const { signal } = new AbortController();
    return readAhead(this.#source, entries, { ...READ_AHEAD, signal });
  }

  #list(selection: WholeArchiveSelection): AsyncIterable<ArchiveEntry> {
    const { clock, list } = this.#options;
    return list?.(selection) ?? listAllArchives(this.#source, { ...selection, clock });
  }

  /** The archives that are not done, or have changed since. */
  async *#missing(selection: WholeArchiveSelection): AsyncGenerator<ArchiveEntry> {
    for await (const entry of this.#list(selection)) {
      if (!await this.#isMissing(entry)) {
        this.#options.onSkip?.(entry);
        continue;
      }
      this.#generations.set(entry.key, await this.#done.generationOf(entry));
      yield entry;
    }
  }

  async #isMissing(entry: ArchiveEntry): Promise<boolean> {
    if (!await this.#done.has(entry)) {
      // One that became empty may still have rows of before in the table.
      const { number } = await this.#done.generationOf(entry);
      return entry.size !== EMPTY_ARCHIVE.length || number > 0;
    }
    const isChanged = this.#options.check === true && await this.#hasChanged(entry);
    if (isChanged) this.#report.changed++;
    else this.#report.done++;
    return isChanged;
  }

  async #hasChanged(entry: ArchiveEntry): Promise<boolean> {
    const known = await this.#done.hashOf(entry);
    if (known === undefined) {
      throw new TritonError(
        `Cannot check "${entry.key}": its output does not say of which input it is`,
      );
    }
    return await this.#hashOf(entry) !== known;
  }

  async #hashOf({ key }: ArchiveEntry): Promise<string> {
    const hash = createHash("sha256");
    for await (const piece of await this.#source.get(key)) hash.update(piece);
    return hash.digest("hex");
  }

  async #export(file: FileBuffer, { schema, cutting }: StoredTable): Promise<void> {
    const { format, codec, partitionBy: by, onProgress = () => {}, onArchive } = this.#options;
    const { entry } = file;
    const generation = this.#generations.get(entry.key) ?? NO_GENERATION;
    this.#generations.delete(entry.key);
    const exported = await exportArchive(file, this.#target, {
      ...{ schema, cutting, format, codec, generation, onProgress },
      partitionOf: by === undefined ? undefined : partitionBy(by, schema),
      hashInput: () => this.#hashOf(entry),
    });
    if (!exported.isOurs) this.#report.done++;
    else {
      this.#report.exported++;
      this.#report.rows += exported.rows;
      this.#report.rests += exported.rests;
    }
    await onArchive?.(entry, exported);
  }

  /** The table, grown by what is wanted; undefined if there is nothing to infer a schema from. */
  async #findTable(selection: WholeArchiveSelection): Promise<StoredTable | undefined> {
    const { store } = this.#target;
    const { schema, partitionBy: by, cutting } = this.#options;
    const stored = await readSchema(store, this.#layout);
    const wanted = schema ?? stored ?? await this.#infer(selection);
    if (wanted === undefined) return undefined;
    // Before anything is put.
    if (by !== undefined) {
      partitionBy(by, stored === undefined ? wanted : growSchema(stored, wanted));
    }
    return await putSchema(store, wanted, this.#layout, { grows: schema !== undefined, cutting });
  }

  async #infer(selection: WholeArchiveSelection): Promise<TableSchema | undefined> {
    return await inferSchema(this.#source, this.#list(selection), this.#options.renames);
  }
}
