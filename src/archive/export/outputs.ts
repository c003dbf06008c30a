import { freeBuffer } from "../../base/bytes.ts";
import { TritonError } from "../../base/errors.ts";
import { skipEvent } from "../../codec/msgpack/scan.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import type { TableSchema } from "../tables/column_types.ts";
import type { ParquetCodec } from "../tables/parquet/parquet_codec.ts";
import { RowGroup } from "../tables/parquet/row_group.ts";
import type { Cutting } from "./cutting.ts";
import { ExportLog, type Generation } from "./export_log.ts";
import type { ExportTarget } from "./export_target.ts";
import { INPUT_HASH } from "./input_hash.ts";
import { OpenOutput } from "./open_output.ts";
import { dayOf, outputKey, pieceKey, withUniqueName } from "./output_keys.ts";
import type { PartitionOf } from "./partition_by.ts";
import { openTable, type TableFormat, type TableWriter } from "./table_writer.ts";

/** The last time that there is, for JavaScript; keys of archives may have any seconds. */
const MAX_SECONDS = 8_640_000_000_000;

/** Options of {@linkcode Outputs}. */
export interface OutputsOptions {
  readonly schema: TableSchema;
  readonly format: TableFormat;
  readonly codec: ParquetCodec | undefined;
  readonly cutting: Cutting;
  /** The partition of each event. Default: the day of the archive. */
  readonly partitionOf: PartitionOf | undefined;
  /** What the log says of the archive. */
  readonly generation: Generation;
  /** Computes the SHA-256 of the archive, in hexadecimal, for outputs that are put before its end. */
  readonly hashInput: () => Promise<string>;
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

/** The outputs of an archive: those that are open, and the keys of those that were put. */
export class Outputs {
  readonly #entry: ArchiveEntry;
  /** The entry whose key names the outputs. */
  readonly #named: ArchiveEntry;
  readonly #target: ExportTarget;
  readonly #options: OutputsOptions;
  readonly #log: ExportLog;
  readonly #rowGroup: RowGroup;
  readonly #open = new Map<string, OpenOutput>();
  /** Number of outputs of a partition that were put before its last one. */
  readonly #pieces = new Map<string, number>();
  readonly #keys: string[] = [];
  /** What all that are open count, and the part of it that is not encoded yet. */
  #bytes = 0;
  #pending = 0;
  #rows = 0;
  #rests = 0;
  #hash: string | undefined;

  constructor(entry: ArchiveEntry, target: ExportTarget, options: OutputsOptions) {
    this.#entry = entry;
    this.#named = options.partitionOf === undefined ? entry : withUniqueName(entry);
    this.#target = target;
    this.#options = options;
    this.#log = new ExportLog(target.store, entry, options.generation);
    this.#rowGroup = new RowGroup(options.schema);
  }

  /**
   * Adds events, the first of which is the archive's `index`th; returns the index after them.
   *
   * What is put is decided after each event, so it does not depend on how many are passed at once.
   */
  async addAll(events: Uint8Array, index: number): Promise<number> {
    const { partitionOf, cutting } = this.#options;
    const day = dayOf(this.#entry);
    let next = index;
    for (let at = 0; at < events.length;) {
      const end = skipEvent(events, at);
      const dt = partitionOf === undefined ? day : partitionOf(events.subarray(at, end));
      const output = this.#open.get(dt) ?? this.#start(dt);
      output.add(events, at, end, next++);
      const size = end - at + cutting.eventBytes;
      this.#bytes += size;
      this.#pending += size;
      at = end;
      if (output.pending >= cutting.groupBytes) this.#encode(output);
      if (this.#bytes >= cutting.pieceBytes) await this.#putLargest("bytes");
      else if (this.#pending >= cutting.pendingBytes) await this.#putLargest("pending");
    }
    this.#rows += next - index;
    return next;
  }

  #start(dt: string): OpenOutput {
    const { outputBytes, eventBytes } = this.#options.cutting;
    const output = new OpenOutput(dt, outputBytes, eventBytes);
    this.#open.set(dt, output);
    this.#bytes += outputBytes;
    this.#pending += outputBytes;
    return output;
  }

  /** Encodes the events of an output that are not encoded yet. */
  #encode(output: OpenOutput): void {
    this.#pending -= output.pending;
    output.encode(() => this.#openTable(this.#entry.key), this.#entry.key);
  }

  #openTable(file: string): TableWriter {
    const { schema, format, codec } = this.#options;
    const { createdAt } = this.#entry;
    const archivedAt = createdAt > MAX_SECONDS ? null : BigInt(createdAt) * 1_000_000n;
    return openTable({ file, archivedAt, schema, format, codec, rowGroup: this.#rowGroup });
  }

  /** Puts the largest outputs, until the others count half of what was too much. */
  async #putLargest(measure: "bytes" | "pending"): Promise<void> {
    const { pieceBytes, pendingBytes } = this.#options.cutting;
    const largest = [...this.#open.values()].sort((a, b) => b[measure] - a[measure]);
    let left = measure === "bytes" ? this.#bytes : this.#pending;
    const wanted = (measure === "bytes" ? pieceBytes : pendingBytes) / 2;
    const chosen: OpenOutput[] = [];
    for (const output of largest) {
      if (left <= wanted) break;
      left -= output[measure];
      chosen.push(output);
    }
    const hash = this.#hash ??= await this.#options.hashInput();
    const keys = chosen.map(({ dt }) => this.#nextPieceKey(dt));
    await this.#log.announce(keys, hash);
    this.#keys.push(...keys);
    await this.#log.check(this.#keys);
    for (const [i, output] of chosen.entries()) {
      const parts = await this.#close(output, hash);
      await this.#target.putPiece(keys[i]!, parts, hash, () => this.#log.check(this.#keys));
      free(parts);
    }
  }

  #nextPieceKey(dt: string): string {
    const number = (this.#pieces.get(dt) ?? 0) + 1;
    this.#pieces.set(dt, number);
    return pieceKey(this.#named, dt, this.#options.format, number);
  }

  async #close(output: OpenOutput, hash: string): Promise<readonly Uint8Array[]> {
    this.#open.delete(output.dt);
    this.#encode(output);
    this.#bytes -= output.bytes;
    const table = output.table!;
    this.#rests += table.rests;
    return await table.finish({ [INPUT_HASH]: hash });
  }

  /** Puts what is open, and says that the archive is done, of the input with this SHA-256. */
  async finish(hash: string): Promise<ExportedArchive> {
    if (this.#hash !== undefined && this.#hash !== hash) {
      await this.#log.invalidate(this.#keys);
      throw new TritonError(
        `Cannot export "${this.#entry.key}": it changed meanwhile; run the export again`,
      );
    }
    const { partitionOf, format } = this.#options;
    if (partitionOf === undefined && this.#open.size === 0) this.#start(dayOf(this.#entry));
    const last = [...this.#open.values()];
    const keys = last.map(({ dt }) => outputKey(this.#named, dt, format));
    this.#keys.push(...keys);
    if (partitionOf !== undefined || this.#log.isNeeded) await this.#announceLast(keys, hash);
    let isLast = false;
    for (const [i, output] of last.entries()) {
      const parts = await this.#close(output, hash);
      isLast = await this.#target.putOutput(keys[i]!, parts, hash, async () => {
        // Of an archive that has changed: outputs of both must not be left if this export is killed.
        if (!this.#log.isNeeded) await this.#announceLast(keys, hash);
        await this.#log.check(this.#keys);
      });
      free(parts);
    }
    const [rows, outputs] = [this.#rows, this.#keys.toSorted()];
    const isOurs = this.#log.isNeeded ? await this.#log.close({ rows, outputs }) : isLast;
    return { rows, rests: this.#rests, outputs, isOurs };
  }

  async #announceLast(keys: readonly string[], hash: string): Promise<void> {
    await this.#log.announce(keys, hash);
    await this.#log.check(this.#keys);
    await this.#empty(hash);
  }

  /** Replaces outputs of before that are no longer made by tables without rows: nothing is deleted. */
  async #empty(hash: string): Promise<void> {
    const made = new Set(this.#keys);
    for (const key of this.#log.earlier) {
      if (made.has(key)) continue;
      const parts = await this.#openTable("").finish({ [INPUT_HASH]: hash });
      await this.#target.store.put(key, parts, { metadata: { [INPUT_HASH]: hash } });
    }
  }
}

function free(parts: readonly Uint8Array[]): void {
  for (const { buffer } of parts) freeBuffer(buffer);
}
