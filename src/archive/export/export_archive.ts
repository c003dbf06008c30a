import { createHash } from "node:crypto";
import { TritonError } from "../../base/errors.ts";
import { skipEvent } from "../../codec/msgpack/scan.ts";
import { readArchiveBlocks } from "../../codec/tri/archive_reader.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { namingKey } from "../archive_record.ts";
import type { FileBuffer } from "../file_buffer.ts";
import type { TableSchema } from "../tables/column_types.ts";
import type { ParquetCodec } from "../tables/parquet/parquet_codec.ts";
import type { ExportTarget } from "./export_target.ts";
import { INPUT_HASH } from "./input_hash.ts";
import { type ExportMarker, putMarker } from "./export_marker.ts";
import { dayOf, outputKey, pieceKey, withUniqueName } from "./output_keys.ts";
import type { PartitionOf } from "./partition_by.ts";
import { openTable, type TableFormat, type TableWriter } from "./table_writer.ts";

/** Bytes of events in an output: what it takes is in memory until it is put. */
const PIECE_BYTES = 128 << 20;

/** Bytes of events in all outputs of an archive that are not encoded yet. */
const PENDING_BYTES = 24 << 20;

/**
 * Outputs of an archive that are made at once: with 200 leaves, each takes 1 MB.
 *
 * The number is the same for all schemas, because it decides which rows are in which output: with a
 * schema that has grown, an export that was killed must be finished with the same outputs.
 */
const MAX_OPEN = 80;

/** The last time that there is, for JavaScript; keys of archives may have any seconds. */
const MAX_SECONDS = 8_640_000_000_000;

/** How archives become outputs. */
export interface ExportArchiveOptions {
  readonly schema: TableSchema;
  readonly format: TableFormat;
  readonly codec: ParquetCodec | undefined;
  /** The partition of each event. Default: the day of the archive. */
  readonly partitionOf: PartitionOf | undefined;
  /** Called after each chunk with the number of events and their bytes since the last call. */
  readonly onProgress: (events: number, bytes: number) => void | Promise<void>;
  /** Bytes of events in an output. Default: 128 MiB. */
  readonly pieceBytes?: number | undefined;
}

/** What was made of an archive. */
export interface ExportedArchive {
  readonly rows: number;
  /** Events of which something stands in `_rest`. */
  readonly rests: number;
  /** Keys of the outputs. */
  readonly outputs: readonly string[];
  /** Whether this call put the last object, and not another exporter. */
  readonly isOurs: boolean;
}

/**
 * Makes one archive into outputs: one named after it, and earlier ones if it is very large; with
 * partitions, such ones in each partition, and at the end a marker that names them.
 *
 * The rows of each output depend on the archive and the partitions alone. So whoever puts an output,
 * and how often, it has the same rows; the last object, which says that the archive is done, is put
 * after all others, and only if it does not exist.
 *
 * @param previous Keys of outputs that an earlier export of the archive has put: those that are no
 * longer made, because the archive has changed, become empty tables.
 * @throws {ArchiveFormatError} If the archive is damaged; the message names it.
 */
export async function exportArchive(
  file: FileBuffer,
  target: ExportTarget,
  { previous, onProgress, ...options }: ExportArchiveOptions & {
    readonly previous: readonly string[];
  },
): Promise<ExportedArchive> {
  const outputs = new Outputs(file.entry, target, options);
  const hash = createHash("sha256");
  let index = 0;
  try {
    for await (const { events } of readArchiveBlocks(hashed(file, hash), { reuse: true })) {
      const before = index;
      index = outputs.addAll(events, index);
      await outputs.putLarge();
      await onProgress(index - before, events.length);
    }
  } catch (error) {
    throw namingKey(file.entry.key, error);
  }
  return await outputs.finish(hash.digest("hex"), previous);
}

async function* hashed(
  file: FileBuffer,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of file.pieces({ reuse: true })) {
    hash.update(piece);
    yield piece;
  }
}

/** An output that is being made. */
interface OpenOutput {
  readonly dt: string;
  readonly table: TableWriter;
  bytes: number;
}

/** The outputs of an archive: those that are open, and the keys of those that were put. */
class Outputs {
  readonly #entry: ArchiveEntry;
  /** The entry whose key names the outputs. */
  readonly #named: ArchiveEntry;
  readonly #target: ExportTarget;
  readonly #options: Omit<ExportArchiveOptions, "onProgress">;
  /** By partition; the one that was used last is at the end. */
  readonly #open = new Map<string, OpenOutput>();
  /** Number of outputs of a partition that were put before its last one. */
  readonly #pieces = new Map<string, number>();
  readonly #keys: string[] = [];
  #rows = 0;
  #rests = 0;

  constructor(
    entry: ArchiveEntry,
    target: ExportTarget,
    options: Omit<ExportArchiveOptions, "onProgress">,
  ) {
    this.#entry = entry;
    this.#named = options.partitionOf === undefined ? entry : withUniqueName(entry);
    this.#target = target;
    this.#options = options;
  }

  /** Adds events, the first of which is the archive's `index`th; returns the index after them. */
  addAll(events: Uint8Array, index: number): number {
    const { partitionOf } = this.#options;
    const day = dayOf(this.#entry);
    const used = new Set<OpenOutput>();
    let next = index;
    for (let at = 0; at < events.length;) {
      const end = skipEvent(events, at);
      const dt = partitionOf === undefined ? day : partitionOf(events.subarray(at, end));
      const output = this.#outputOf(dt);
      if (!used.has(output)) {
        used.add(output);
        output.table.read(events);
      }
      try {
        output.table.add(at, end, next);
      } catch (cause) {
        throw new TritonError(
          `Cannot export event ${next} of "${this.#entry.key}": ${(cause as Error).message}`,
          { cause },
        );
      }
      output.bytes += end - at;
      next++;
      at = end;
    }
    this.#rows += next - index;
    return next;
  }

  #outputOf(dt: string): OpenOutput {
    const open = this.#open.get(dt);
    if (open !== undefined && this.#options.partitionOf === undefined) return open;
    const { schema, format, codec } = this.#options;
    const { createdAt } = this.#entry;
    const archivedAt = createdAt > MAX_SECONDS ? null : BigInt(createdAt) * 1_000_000n;
    const output = open ?? {
      dt,
      table: openTable({ file: this.#entry.key, archivedAt, schema, format, codec }),
      bytes: 0,
    };
    this.#open.delete(dt);
    this.#open.set(dt, output);
    return output;
  }

  /** Puts what is large, and what was not used for long, and encodes what takes much memory. */
  async putLarge(): Promise<void> {
    this.#flushLargest();
    const { pieceBytes = PIECE_BYTES } = this.#options;
    const all = [...this.#open.values()];
    const bytes = all.reduce((sum, output) => sum + output.bytes, 0);
    const full = bytes >= pieceBytes ? all : all.slice(0, Math.max(0, all.length - MAX_OPEN));
    for (const output of full) {
      const number = (this.#pieces.get(output.dt) ?? 0) + 1;
      this.#pieces.set(output.dt, number);
      const key = pieceKey(this.#named, output.dt, this.#options.format, number);
      // Without a condition: the SHA-256 of the archive is not known yet, but the rows are the same.
      await this.#target.store.put(key, await this.#close(output, {}));
      this.#keys.push(key);
    }
  }

  /** Of many partitions, each may have few events of a row group: together they are many. */
  #flushLargest(): void {
    const tables = [...this.#open.values()].map(({ table }) => table)
      .sort((a, b) => b.pendingBytes - a.pendingBytes);
    let pending = tables.reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
    if (pending < PENDING_BYTES) return;
    for (const table of tables) {
      if (pending < PENDING_BYTES / 2) return;
      pending -= table.pendingBytes;
      table.flush();
    }
  }

  async #close(
    { dt, table }: OpenOutput,
    metadata: Readonly<Record<string, string>>,
  ): Promise<readonly Uint8Array[]> {
    this.#open.delete(dt);
    this.#rests += table.rests;
    return await table.finish(metadata);
  }

  async finish(hash: string, previous: readonly string[]): Promise<ExportedArchive> {
    const isPartitioned = this.#options.partitionOf !== undefined;
    if (!isPartitioned) this.#outputOf(dayOf(this.#entry));
    const last = [...this.#open.values()];
    const keyOf = ({ dt }: OpenOutput) => outputKey(this.#named, dt, this.#options.format);
    this.#keys.push(...last.map(keyOf));
    await this.#empty(previous.filter((key) => !this.#keys.includes(key)), hash);
    let isOurs = false;
    for (const output of last) {
      const parts = await this.#close(output, { [INPUT_HASH]: hash });
      isOurs = await this.#target.putOutput(keyOf(output), parts, hash);
    }
    const exported = { rows: this.#rows, rests: this.#rests, outputs: this.#keys };
    if (!isPartitioned) return { ...exported, isOurs };
    return { ...exported, isOurs: await this.#mark(hash) };
  }

  /** Replaces outputs by tables without rows: nothing can be deleted. */
  async #empty(keys: readonly string[], hash: string): Promise<void> {
    const { schema, format, codec } = this.#options;
    for (const key of keys) {
      const table = openTable({ file: "", archivedAt: 0n, schema, format, codec });
      await this.#target.store.put(key, await table.finish({ [INPUT_HASH]: hash }));
    }
  }

  async #mark(sha256: string): Promise<boolean> {
    const marker: ExportMarker = {
      input: this.#entry.key,
      sha256,
      rows: this.#rows,
      outputs: this.#keys.toSorted(),
    };
    return await putMarker(this.#target.store, this.#entry, marker);
  }
}
