import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import type { Records } from "../../kinesis/kinesis_api.ts";
import type { ServiceTime } from "../../kinesis/mod.ts";
import type { LeasedShards } from "../../shards/leased_shards.ts";
import type { MemoryUser, SharedMemory } from "../shared/shared_memory.ts";
import { ArchiveFile, type ClosedFile, dropFile } from "./archive_file.ts";
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
  /** Memory for files, shared with other streams of the process. */
  readonly memory: SharedMemory;
}

/** Options for {@linkcode ArchiveWriter}. */
export interface ArchiveWriterOptions {
  /** Name of the stream, for the log. */
  readonly stream: string;
  /** A file is closed when it has this compressed size, in bytes. */
  readonly maxSize: number;
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
export class ArchiveWriter implements MemoryUser {
  readonly #parts: ArchiveWriterParts;
  readonly #options: ArchiveWriterOptions;
  readonly #failed = new AbortController();
  readonly #queue = new Set<ClosedFile>();
  #open = new ArchiveFile();
  /** The file of the queue that is being archived; its intent may be written. */
  #leaving: ClosedFile | undefined;
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
    const maxSize = Math.min(this.#options.maxSize, this.#parts.memory.forFiles / 2);
    const now = this.#parts.clock.now();
    const { stream } = this.#options;
    for (let from = 0; from < records.length;) {
      from = this.#open.add(shard, records, { from, maxSize, now, stream });
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

  /** How much records of all streams may take before reading waits, in bytes. */
  get maxMemory(): number {
    return this.#parts.memory.limit;
  }

  /** How much memory records take that are not archived yet, in bytes. */
  get buffered(): number {
    let bytes = this.#open.builder.size;
    for (const file of this.#queue) bytes += file.builder.size;
    return bytes;
  }

  /** What of it is in the file that is being filled, in bytes. */
  get open(): number {
    return this.#open.builder.isEmpty ? 0 : this.#open.builder.size;
  }

  /** Whether closed files are being archived, and whether the last attempt failed. */
  get uploading(): "nothing" | "well" | "failing" {
    if (this.#queue.size === 0) return "nothing";
    return this.#leaving?.isFailing ? "failing" : "well";
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

  /** Takes part in sharing the memory: before the first record. */
  join(): void {
    this.#parts.memory.join(this);
  }

  /** Frees all memory: nothing can be archived any more. */
  leave(): void {
    for (const { builder } of this.#files) builder[Symbol.dispose]();
    this.#parts.memory.leave(this);
  }

  /** Waits while memory is full. */
  room(signal: AbortSignal): Promise<void> {
    return this.#parts.memory.room(this, signal);
  }

  /**
   * Waits while memory is full, in the middle of an answer. With several streams, the reading of the
   * shard is interrupted instead: others need its turn.
   */
  async roomInAnswer(shard: ShardProgress, signal: AbortSignal): Promise<void> {
    if (!await this.#parts.memory.roomAlone(this, signal)) shard.interrupt();
  }

  /** Closes the file that is being filled: its memory is needed. */
  closeOpen(): void {
    this.close("size");
  }

  /**
   * Drops the newest records until the others take at most this, in bytes. They are read again. The
   * file that is being archived stays: once its intent is written, only the archive can tell whether
   * it is there.
   */
  keep(bytes: number): void {
    const newest = this.#files.filter((file) => file !== this.#leaving).reverse();
    for (const file of newest) {
      if (this.buffered <= bytes) break;
      if (!file.builder.isEmpty) this.#drop(file);
    }
  }

  /** Whether records that were read under the lease of a shard wait to be archived. */
  holds(shard: ShardProgress): boolean {
    return this.#files.some((file) => file.holds(shard));
  }

  /** Leaves out what was read of a shard and is in no closed file. */
  discard(shard: ShardProgress): void {
    if (!this.#open.holds(shard)) return;
    this.#open.remove(shard.shardId);
    this.#parts.memory.notify();
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

  #drop(file: ArchiveFile): void {
    const { events, quarantined } = file.builder;
    log.warn(
      "Dropped {events} events of {stream} from memory, to be read again: its uploads fail",
      {
        event: "memory.dropped",
        stream: this.#options.stream,
        events,
        quarantined,
      },
    );
    dropFile(file);
    if (file === this.#open) this.#open = new ArchiveFile();
    else this.#queue.delete(file as ClosedFile);
    // Only now: whoever waits would otherwise find nothing changed, and so on without end.
    this.#parts.memory.notify();
  }

  async #archive(file: ClosedFile): Promise<void> {
    if (!this.#queue.has(file)) return; // it was dropped
    this.#leaving = file;
    const { archived, lost, failure } = await this.#parts.files.archive(file);
    for (const lease of lost) this.#parts.leases.lose(lease);
    if (failure !== undefined) this.#failed.abort(failure);
    if (archived !== undefined) this.#callOnFile(archived);
    this.#leaving = undefined;
    this.#queue.delete(file);
    file.builder[Symbol.dispose]();
    this.#parts.memory.archived(this);
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
