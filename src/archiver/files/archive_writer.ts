import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { Notifier } from "../../base/notifier.ts";
import type { Records } from "../../kinesis/kinesis_api.ts";
import type { ServiceTime } from "../../kinesis/mod.ts";
import type { LeasedShards } from "../../shards/leased_shards.ts";
import { ArchiveFile, type ClosedFile } from "./archive_file.ts";
import type { FileArchiver } from "./file_archiver.ts";
import type { CloseReason } from "./rotation.ts";
import type { ShardProgress } from "../shard_progress.ts";
import type { ArchivedFile, OpenFileStatus } from "../status/archiver_status.ts";

const log = getLogger(["triton", "archiver"]);

/** What an {@linkcode ArchiveWriter} needs. */
export interface ArchiveWriterParts {
  /** This machine's clock. */
  readonly clock: Clock;
  /** The time by Kinesis' clock. */
  readonly time: ServiceTime;
  /** Archives the files. */
  readonly files: FileArchiver;
  /** Where leases end under which nothing can be archived any more. */
  readonly leases: Pick<LeasedShards, "lose">;
}

/** Options for {@linkcode ArchiveWriter}. */
export interface ArchiveWriterOptions {
  /** A file is closed when it has this compressed size, in bytes. */
  readonly maxSize: number;
  /** Reading waits while finished and unfinished files take more memory than this, in bytes. */
  readonly maxMemory: number;
  /** Called with each file that reached the archive; what it throws is logged. */
  readonly onFile?: ((file: ArchivedFile) => void | Promise<void>) | undefined;
}

/** What was read and is not archived. */
export interface Unarchived {
  /** In how many files it was to be. */
  readonly files: number;
  /** How many events. */
  readonly events: number;
  /** How many records that are not events. */
  readonly quarantined: number;
}

/**
 * Collects records in memory, file by file: step 3 of the protocol (docs/ARCHITECTURE.md).
 *
 * Files are archived one after the other, while the next is being filled.
 */
export class ArchiveWriter {
  readonly #parts: ArchiveWriterParts;
  readonly #options: ArchiveWriterOptions;
  /** Notified when memory was freed. */
  readonly #freed = new Notifier();
  readonly #failed = new AbortController();
  readonly #queue = new Set<ClosedFile>();
  #open = new ArchiveFile();
  #uploads: Promise<void> = Promise.resolve();

  constructor(parts: ArchiveWriterParts, options: ArchiveWriterOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Aborted, with the error as reason, when something keeps files from being archived for good. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /**
   * Takes in what is in Kinesis records, all that is in one of them into the same file, so that a
   * position between two records is all there is to remember.
   */
  add(shard: ShardProgress, records: Records): void {
    // Half of the memory, so that one file can be filled while another is put.
    const maxSize = Math.min(this.#options.maxSize, this.#options.maxMemory / 2);
    const now = this.#parts.clock.now();
    for (let from = 0; from < records.length;) {
      from = this.#open.add(shard, records, { from, maxSize, now });
      if (this.#open.builder.size >= maxSize) this.close("size");
    }
  }

  /** What was read and is not archived yet. */
  get unarchived(): Unarchived {
    const files = this.#files.filter(({ builder }) => !builder.isEmpty);
    const events = files.reduce((sum, { builder }) => sum + builder.events, 0);
    const quarantined = files.reduce((sum, { builder }) => sum + builder.quarantined, 0);
    return { files: files.length, events, quarantined };
  }

  /** How much they may take before reading waits, in bytes. */
  get maxMemory(): number {
    return this.#options.maxMemory;
  }

  /** How much memory records take that are not archived yet, in bytes. */
  get buffered(): number {
    let bytes = this.#open.builder.size;
    for (const file of this.#queue) bytes += file.builder.size;
    return bytes;
  }

  /** How many closed files are not archived yet. */
  get uploads(): number {
    return this.#queue.size;
  }

  /** The file that is being filled, if anything is in it. */
  get openFile(): OpenFileStatus | undefined {
    const { builder, openedAt } = this.#open;
    if (builder.isEmpty || openedAt === undefined) return undefined;
    const { events, quarantined, size: bytes } = builder;
    return { openedAt: new Date(openedAt), events, quarantined, bytes };
  }

  /** When the oldest record of a shard that waits to be archived arrived. */
  oldestOf(shard: ShardProgress): Date | undefined {
    return this.#files.find((file) => file.holds(shard))
      ?.builder.shards.get(shard.shardId)?.firstArrival;
  }

  /** Waits while memory is full. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.buffered >= this.maxMemory && this.#queue.size > 0 && !signal.aborted) {
      await this.#freed.wait(signal);
    }
  }

  /** Whether records that were read under the lease of a shard wait to be archived. */
  holds(shard: ShardProgress): boolean {
    return this.#files.some((file) => file.holds(shard));
  }

  /** Leaves out what was read of a shard and is in no closed file. */
  discard(shard: ShardProgress): void {
    if (this.#open.holds(shard)) this.#open.remove(shard.shardId);
  }

  /**
   * Closes the file, if there is anything in it.
   *
   * @param reason Why, for the log.
   * @returns When all that was taken in so far is archived, or was given up with its lease.
   */
  close(reason: CloseReason): Promise<void> {
    if (this.#open.builder.isEmpty) return this.#uploads;
    // By Kinesis' clock, since a key's day is where readers look for records of that day.
    const file = this.#open.close(reason, this.#parts.time.now());
    this.#open = new ArchiveFile();
    this.#queue.add(file);
    this.#uploads = this.#uploads.then(() => this.#archive(file));
    this.#uploads.catch((error) => this.#failed.abort(error));
    return this.#uploads;
  }

  /** The files that are not archived yet, the oldest first. */
  get #files(): ArchiveFile[] {
    return [...this.#queue, this.#open];
  }

  async #archive(file: ClosedFile): Promise<void> {
    const { archived, lost, failure } = await this.#parts.files.archive(file);
    for (const lease of lost) this.#parts.leases.lose(lease);
    if (failure !== undefined) this.#failed.abort(failure);
    if (archived !== undefined) this.#callOnFile(archived);
    this.#queue.delete(file);
    file.builder[Symbol.dispose]();
    this.#freed.notify();
  }

  /** The file is archived, whatever the callback does. */
  async #callOnFile(file: ArchivedFile): Promise<void> {
    try {
      await this.#options.onFile?.(file);
    } catch (error) {
      log.warn("Cannot tell of {key}, which is archived: {reason}", {
        event: "file.untold",
        key: file.key,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
