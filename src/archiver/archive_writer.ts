import { getLogger } from "@logtape/logtape";
import type { ArchiveIntent, IntendedRange } from "../ledger/archive_ledger.ts";
import { monotonicNow } from "../base/clock.ts";
import { ArchiveBuilder, formatArchiveKey } from "../codec/mod.ts";
import { CheckpointError } from "../base/errors.ts";
import type { KinesisRecord } from "../kinesis/kinesis_api.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { VERSION } from "../base/version.ts";
import { addRecord } from "./add_record.ts";
import type { ArchivedFile, OpenFileStatus } from "./archiver_status.ts";
import { Gate } from "./gate.ts";
import type { Lease } from "./lease.ts";
import type { CloseReason } from "./rotation.ts";
import { isForgotten, persist, randomName, type Services } from "./services.ts";
import type { Recreation } from "./same_stream.ts";
import { putArchive } from "./settle_archive.ts";

const log = getLogger(["triton", "archiver"]);

/** What an {@linkcode ArchiveWriter} needs to know. */
export interface ArchiveWriterOptions {
  /** This worker's name. */
  readonly worker: string;
  /** A file is closed when it has this compressed size, in bytes. */
  readonly maxSize: number;
  /** Reading waits while finished and unfinished files take more memory than this, in bytes. */
  readonly maxMemory: number;
  /** Finds out whether what was read until now may be of another stream of the same name. */
  readonly findRecreation: () => Promise<Recreation | undefined>;
  /** Told of a lease under which nothing can be archived any more. */
  readonly onLost: (lease: Lease) => void;
  /** Told of what keeps files from being archived for good. */
  readonly onFailure: (error: unknown) => void;
  /** Told of each file that reached the archive; what it throws is logged. */
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

/** The file that is being filled. */
class OpenFile {
  readonly builder = new ArchiveBuilder();
  /** The leases under which its records were read. */
  readonly leases = new Map<ShardId, Lease>();
  /** When its first record came in, in milliseconds since the Unix epoch. */
  openedAt?: number;
}

/** A file that takes no more records. */
interface ClosedFile extends OpenFile {
  readonly reason: CloseReason;
  readonly closedAt: number;
  readonly previous: Map<ShardId, SequenceNumber>;
  /** Up to when each shard has been read when the file was closed. */
  readonly knownAt: Map<ShardId, Date>;
}

/**
 * Collects records in memory and archives them, file by file: steps 3 to 6 of the protocol
 * (docs/ARCHITECTURE.md).
 *
 * Files are put one after the other, while the next is being filled.
 */
export class ArchiveWriter {
  readonly #services: Omit<Services, "kinesis">;
  readonly #options: ArchiveWriterOptions;
  readonly #room = new Gate();
  #open = new OpenFile();
  readonly #queue = new Set<ClosedFile>();
  #uploads: Promise<void> = Promise.resolve();
  /** The first second, since the Unix epoch, for which no key was tried yet. */
  #nextFree = 0;

  constructor(services: Omit<Services, "kinesis">, options: ArchiveWriterOptions) {
    this.#services = services;
    this.#options = options;
  }

  /**
   * Takes in what is in a Kinesis record, all of it into the same file, so that a position between
   * two records is all there is to remember.
   */
  add(lease: Lease, record: KinesisRecord): void {
    this.#open.openedAt ??= this.#services.clock.now();
    this.#open.leases.set(lease.shardId, lease);
    addRecord(this.#open.builder, lease.shardId, record);
    lease.lastRead = record.sequenceNumber;
    // Half of the memory, so that one file can be filled while another is put.
    const { maxSize, maxMemory } = this.#options;
    if (this.#open.builder.size >= Math.min(maxSize, maxMemory / 2)) this.close("size");
  }

  /** What was read and is not archived yet. */
  get unarchived(): Unarchived {
    const files = [...this.#queue, this.#open].filter(({ builder }) => !builder.isEmpty);
    const events = files.reduce((sum, { builder }) => sum + builder.events, 0);
    const quarantined = files.reduce((sum, { builder }) => sum + builder.quarantined, 0);
    return { files: files.length, events, quarantined };
  }

  /** How much they may take before reading waits, in bytes. */
  get maxMemory(): number {
    return this.#options.maxMemory;
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

  /** When the oldest record of a lease that waits to be archived arrived. */
  oldestOf(lease: Lease): Date | undefined {
    return [...this.#queue, this.#open].find((file) => file.leases.get(lease.shardId) === lease)
      ?.builder.shards.get(lease.shardId)?.firstArrival;
  }

  /** Waits while memory is full. */
  async room(signal: AbortSignal): Promise<void> {
    if (this.buffered >= this.#options.maxMemory && this.#queue.size > 0) this.#room.close();
    await this.#room.pass(signal);
  }

  /** Whether records of a lease wait to be archived. */
  holds(lease: Lease): boolean {
    return [this.#open, ...this.#queue].some((file) => file.leases.get(lease.shardId) === lease);
  }

  /** Leaves out what was read under a lease and is not archived yet. */
  discard(lease: Lease): void {
    if (this.#open.leases.get(lease.shardId) !== lease) return;
    this.#open.leases.delete(lease.shardId);
    this.#open.builder.removeShard(lease.shardId);
  }

  /**
   * Closes the file, if there is anything in it.
   *
   * @param reason Why, for the log.
   * @returns When all that was taken in so far is archived, or was given up with its lease.
   */
  close(reason: CloseReason): Promise<void> {
    const { builder, leases } = this.#open;
    if (builder.isEmpty) return this.#uploads;
    const previous = new Map<ShardId, SequenceNumber>();
    const knownAt = new Map<ShardId, Date>();
    for (const [shardId, lease] of leases) {
      const { last, lastArrival } = builder.shards.get(shardId)!;
      knownAt.set(shardId, new Date(Math.max(lease.readUntil, lastArrival.getTime())));
      if (lease.archived !== undefined) previous.set(shardId, lease.archived);
      lease.archived = last;
    }
    // By Kinesis' clock, since a key's day is where readers look for records of that day.
    const closedAt = this.#services.time.now();
    const file: ClosedFile = { builder, leases, reason, closedAt, previous, knownAt };
    this.#open = new OpenFile();
    this.#queue.add(file);
    this.#uploads = this.#uploads.then(() => this.#archive(file));
    this.#uploads.catch(this.#options.onFailure);
    return this.#uploads;
  }

  /** How much memory records take that are not archived yet, in bytes. */
  get buffered(): number {
    let bytes = this.#open.builder.size;
    for (const file of this.#queue) bytes += file.builder.size;
    return bytes;
  }

  async #archive(file: ClosedFile): Promise<void> {
    const { ledger } = this.#services;
    await this.#leaveStrangersOut(file);
    let replaces: string | undefined;
    const closedAt = Math.floor(file.closedAt / 1000);
    for (let createdAt = Math.max(closedAt, this.#nextFree);; createdAt++) {
      const key = formatArchiveKey({ stream: ledger.stream, client: ledger.client, createdAt });
      const intent = await this.#intend(file, key, replaces);
      if (intent === undefined) break;
      this.#nextFree = createdAt + 1;
      const body = this.#finish(file, intent, createdAt);
      const startedAt = monotonicNow(this.#services.clock);
      if (await putArchive(intent, body, this.#services)) {
        this.#services.monitor.uploaded(monotonicNow(this.#services.clock) - startedAt);
        await this.#commit(file, intent);
        this.#announce(file, key, body.reduce((size, part) => size + part.length, 0));
        break;
      }
      replaces = intent.id;
    }
    this.#queue.delete(file);
    file.builder[Symbol.dispose]();
    this.#room.open();
  }

  /** Leaves out what was read of another stream of the same name. */
  async #leaveStrangersOut(file: ClosedFile): Promise<void> {
    const found = await this.#options.findRecreation();
    if (found === undefined) return;
    const isOurs = (shardId: ShardId) =>
      file.builder.shards.get(shardId)!.lastArrival < found.createdAt;
    this.#leaveOut(file, [...file.leases.keys()].filter((shardId) => !isOurs(shardId)));
    this.#options.onFailure(found.error);
  }

  #leaveOut(file: ClosedFile, shardIds: readonly ShardId[]): void {
    for (const shardId of shardIds) {
      const lease = file.leases.get(shardId)!;
      file.leases.delete(shardId);
      file.builder.removeShard(shardId);
      this.#options.onLost(lease);
    }
  }

  /** Writes the intent down; shards that are no longer ours are left out of the file. */
  async #intend(
    file: ClosedFile,
    key: string,
    replaces: string | undefined,
  ): Promise<ArchiveIntent | undefined> {
    const { ledger, clock, store: { identity: store } } = this.#services;
    const { worker } = this.#options;
    const intent = { id: randomName(clock), key, store, worker, ranges: rangesOf(file) };
    const accepted = new Set(
      await persist("ledger", this.#services, () => ledger.intend(intent, replaces))
        .catch((error) => {
          if (isForgotten(error)) return [];
          throw error;
        }),
    );
    log.debug("Wrote down that {key} is about to be put", { event: "file.intended", key });
    this.#leaveOut(file, [...file.leases.keys()].filter((shardId) => !accepted.has(shardId)));
    return accepted.size > 0 ? intent : undefined;
  }

  /** Moves the positions; if the database has forgotten the intent, the shards are taken anew. */
  async #commit(file: ClosedFile, { id, key }: ArchiveIntent): Promise<void> {
    const { ledger } = this.#services;
    try {
      const state = await persist("ledger", this.#services, () => ledger.commit(id));
      if (state === "void") throw voidError(key);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      log.error("The database has forgotten {key}, which is archived: it was set back", {
        event: "file.forgotten",
        key,
      });
      for (const lease of file.leases.values()) this.#options.onLost(lease);
    }
  }

  #finish(file: ClosedFile, intent: ArchiveIntent, createdAt: number): readonly Uint8Array[] {
    const { ledger } = this.#services;
    return file.builder.finishParts({
      stream: ledger.stream,
      client: ledger.client,
      createdAt: new Date(createdAt * 1000),
      program: `triton ${VERSION}`,
      previous: file.previous,
      intent: intent.id,
    });
  }

  #announce(file: ClosedFile, key: string, size: number): void {
    const { events, quarantined, shards } = file.builder;
    const archived = { key, size, events, quarantined, reason: file.reason };
    const { stream, client } = this.#services.ledger;
    log.info("Archived {key}: {events} events, {size} bytes, closed by {reason}", {
      event: "file.archived",
      stream,
      client,
      key,
      events,
      size,
      quarantined,
      reason: file.reason,
    });
    this.#services.monitor.archived(archived, shards);
    this.#tell(archived);
  }

  /** Tells of a file, which is archived whatever becomes of who is told. */
  async #tell(file: ArchivedFile): Promise<void> {
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

/** What a file holds of each shard, as its intent names it. */
function rangesOf(file: ClosedFile): IntendedRange[] {
  return [...file.leases].map(([shardId, { epoch }]) => ({
    shardId,
    epoch,
    previous: file.previous.get(shardId),
    last: file.builder.shards.get(shardId)!.last,
    knownAt: file.knownAt.get(shardId),
  }));
}

/** The error of a file that landed although its intent was declared void. */
function voidError(key: string): CheckpointError {
  return new CheckpointError(
    `Cannot commit archive "${key}": another worker declared it void although it is there, which ` +
      "happens only if the bucket does not honour If-None-Match or an empty archive was deleted; " +
      "its records may be archived twice",
    { code: "IntentVoid", retryable: false },
  );
}
