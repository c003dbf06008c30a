import { createHash, type Hash } from "node:crypto";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import {
  checkEventSize,
  FORMAT_VERSION,
  OPENING,
  QUARANTINE,
  skippableParts,
} from "./archive_format.ts";
import { encodeManifest, type ManifestShard, type ShardRange } from "./archive_manifest.ts";
import { ChunkPacker, type PackedGroup, unpack } from "./archive_packer.ts";
import type { QuarantinedRecord } from "./archive_quarantine.ts";
import type { EventRun } from "../event_run.ts";
import { QuarantineBuilder } from "./quarantine_builder.ts";
import { concatBytes } from "../../base/bytes.ts";
import { crc32c } from "../snappy/crc32c.ts";
import { freeSlabs, mergeNeighbours } from "../slabs.ts";
import { STREAM_IDENTIFIER } from "../snappy/chunks.ts";

/** The position of a record in its shard. */
export interface RecordPosition {
  /** The record's sequence number. */
  readonly sequenceNumber: SequenceNumber;
  /** When Kinesis received the record, by its own clock. */
  readonly arrivedAt: Date;
}

/** What the manifest says in addition to the contents of the archive. */
export interface ArchiveHeader {
  /** Name of the stream in Kinesis. */
  readonly stream: string;
  /** Name of the client that writes the archive. */
  readonly client: string;
  /** When the archive was created. */
  readonly createdAt: Date;
  /** Name and version of the writing program, such as `triton 0.1.0`. */
  readonly program: string;
  /** The last record of each shard archived before this file; no entry for a shard's first file. */
  readonly previous: ReadonlyMap<ShardId, SequenceNumber>;
  /** The intent of the writer that leads to this file, if it has intents. */
  readonly intent?: string | undefined;
}

/** A range that is being extended. */
type OpenRange = { -readonly [K in keyof ShardRange]: ShardRange[K] };

/**
 * Collects events and builds an archive from them.
 *
 * Everything stays in memory, compressed except for the last 64 KiB of each shard. Events of
 * different shards can be added in any order; events of one shard must be added in its order.
 *
 * @example Usage
 * ```ts
 * import { ArchiveBuilder, encodeEvent, readArchiveEvents } from "@triton/triton/codec";
 * import type { SequenceNumber, ShardId } from "@triton/triton";
 * import { deepEqual, equal } from "node:assert/strict";
 * const shard = "shardId-000000000000" as ShardId;
 * const builder = new ArchiveBuilder();
 * const event = encodeEvent({ type: "click", x: 3 });
 * builder.add(shard, { sequenceNumber: "7" as SequenceNumber, arrivedAt: new Date() }, event);
 * equal(builder.shards.get(shard)?.last, "7");
 * const file = builder.finish({
 *   stream: "clicks_prod",
 *   client: "store",
 *   createdAt: new Date(),
 *   program: "triton 0.1.0",
 *   previous: new Map(),
 * });
 * for await (const bytes of readArchiveEvents(file)) deepEqual(bytes, event);
 * ```
 */
export class ArchiveBuilder implements Disposable {
  readonly #packer = new ChunkPacker((group, data) => this.#take(group, data));
  readonly #shards = new Map<ShardId, OpenRange>();
  #groups: PackedGroup[] = [];
  #groupsSize = 0;
  readonly #quarantine = new QuarantineBuilder();
  #events = 0;
  #quarantined = 0;
  #isDisposed = false;
  /** Hash of the groups so far; undefined after one was removed, which needs a new hash. */
  #hash: Hash | undefined = createHash("sha256");

  /** Number of events. */
  get events(): number {
    return this.#events;
  }

  /** Number of quarantined records. */
  get quarantined(): number {
    return this.#quarantined;
  }

  /** Whether the archive has no records. */
  get isEmpty(): boolean {
    return this.#shards.size === 0;
  }

  /** The contents of each shard, in the order of their first records; a live view. */
  get shards(): ReadonlyMap<ShardId, ShardRange> {
    return this.#shards;
  }

  /**
   * An upper bound of the file's size in bytes, without the manifest. Data that is not compressed yet
   * counts with its full size.
   */
  get size(): number {
    return STREAM_IDENTIFIER.length + OPENING.length + this.#groupsSize + this.#packer.size +
      this.#quarantine.size;
  }

  /**
   * Adds an event.
   *
   * @param shardId The shard it was read from.
   * @param position Its position in the shard.
   * @param event Its MessagePack bytes, which must be a valid event; they are copied.
   * @throws {TypeError} If there are no bytes.
   * @throws {RangeError} If there are more than 64 MiB, which readers reject.
   */
  add(shardId: ShardId, position: RecordPosition, event: Uint8Array): void {
    if (event.length === 0) throw new TypeError("Cannot add event: it has no bytes");
    checkEventSize("event", event);
    this.#packer.add(shardId, event);
    this.#events++;
    this.#extend(shardId, position, 1, 0);
  }

  /**
   * Adds records of a run up to the first one that is not certain to be an event, or until the file is
   * full. The result is the same as if each of them was added separately.
   *
   * @param shardId The shard they were read from.
   * @param run The records, whose data is copied.
   * @param from The first one to add: it is added whatever the size.
   * @param maxSize Adds no more once the file has this size, in bytes.
   * @returns The first one that was not added.
   */
  addRun(shardId: ShardId, run: EventRun, from: number, maxSize: number): number {
    let to = from;
    while (to < run.length && run.isEvent(to)) to++;
    let next = from;
    while (next < to && (next === from || this.size < maxSize)) {
      next = this.#packer.addRun(shardId, run, next, to, maxSize - this.size);
    }
    if (next > from) this.#extendByRun(shardId, run, from, next);
    return next;
  }

  #extendByRun(shardId: ShardId, run: EventRun, from: number, to: number): void {
    let [first, last] = [Infinity, -Infinity];
    for (let index = from; index < to; index++) {
      const seconds = run.secondsOf(index);
      if (seconds < first) first = seconds;
      if (seconds > last) last = seconds;
    }
    this.#events += to - from;
    const position = (index: number, seconds: number) => ({
      sequenceNumber: run.sequenceNumberOf(index),
      arrivedAt: new Date(Math.round(seconds * 1000)),
    });
    this.#extend(shardId, position(from, first), to - from, 0);
    this.#extend(shardId, position(to - 1, last), 0, 0);
  }

  /**
   * Adds a record that is not an event.
   *
   * @param record The record, and why it is not an event.
   * @throws {RangeError} If it has more than 64 MiB with its metadata, which readers reject.
   */
  quarantine(record: QuarantinedRecord): void {
    this.#quarantine.add(record);
    this.#quarantined++;
    this.#extend(record.shardId, record, 0, 1);
  }

  #extend(shardId: ShardId, position: RecordPosition, events: number, quarantined: number): void {
    const { sequenceNumber, arrivedAt } = position;
    let range = this.#shards.get(shardId);
    if (range === undefined) {
      range = {
        first: sequenceNumber,
        last: sequenceNumber,
        events: 0,
        quarantined: 0,
        firstArrival: arrivedAt,
        lastArrival: arrivedAt,
      };
      this.#shards.set(shardId, range);
    }
    range.last = sequenceNumber;
    range.events += events;
    range.quarantined += quarantined;
    if (arrivedAt.getTime() < range.firstArrival.getTime()) range.firstArrival = arrivedAt;
    if (arrivedAt.getTime() > range.lastArrival.getTime()) range.lastArrival = arrivedAt;
  }

  /**
   * Removes all records of one shard.
   *
   * @param shardId The shard; no error if it has no records.
   */
  removeShard(shardId: ShardId): void {
    const range = this.#shards.get(shardId);
    if (range === undefined) return;
    this.#shards.delete(shardId);
    this.#packer.remove(shardId);
    const chunks = this.#chunks();
    const left = this.#groups.filter((group) => group.shardId !== shardId);
    this.#groups = this.#packer.compact(left);
    freeSlabs(chunks);
    this.#groupsSize = this.#groups.reduce((sum, group) => sum + group.size, 0);
    this.#quarantine.remove(shardId);
    this.#events -= range.events;
    this.#quarantined -= range.quarantined;
    this.#hash = undefined;
  }

  /**
   * Builds the file. It can be built again, under another name or without one of its shards.
   *
   * @param header What the manifest says in addition to the contents.
   * @returns The whole file.
   */
  finish(header: ArchiveHeader): Uint8Array {
    return concatBytes(this.finishParts(header));
  }

  /**
   * Builds the file like `finish`, but in parts of about 256 KiB, which needs no more memory than
   * the builder has.
   *
   * @param header What the manifest says in addition to the contents.
   * @returns The parts, in order. They belong to the builder: do not change them, and do not use them
   * after it is disposed.
   * @throws {TypeError} If the builder is disposed.
   */
  finishParts(header: ArchiveHeader): readonly Uint8Array[] {
    if (this.#isDisposed) throw new TypeError("Cannot finish archive: its builder is disposed");
    this.#packer.closeAll();
    const quarantine = this.#quarantine.parts();
    const manifest = encodeManifest({
      format: FORMAT_VERSION,
      program: header.program,
      stream: header.stream,
      client: header.client,
      createdAt: header.createdAt,
      events: this.#events,
      bytes: this.#groups.reduce((sum, group) => sum + group.dataSize, 0),
      sha256: this.#digest(),
      quarantined: this.#quarantined,
      quarantineBytes: quarantine.reduce((sum, { length }) => sum + length, 0),
      quarantineCrc32c: quarantine.reduce((sum, part) => crc32c(part, sum), 0),
      intent: header.intent,
      shards: this.#linked(header.previous),
    });
    const head = concatBytes([STREAM_IDENTIFIER, OPENING]);
    const skippable = skippableParts(QUARANTINE, quarantine);
    return [head, ...mergeNeighbours(this.#chunks()), ...skippable, manifest];
  }

  /**
   * Frees the memory of the events immediately, without waiting for the garbage collector. The parts
   * that `finishParts` returned have no bytes any more.
   */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    freeSlabs(this.#chunks());
    this.#packer.free();
    this.#groups = [];
    this.#quarantine.free();
  }

  #chunks(): Uint8Array<ArrayBuffer>[] {
    return this.#groups.flatMap((group) => group.chunks);
  }

  /** The ranges, each with the last record archived before it. */
  #linked(previous: ReadonlyMap<ShardId, SequenceNumber>): ReadonlyMap<ShardId, ManifestShard> {
    return new Map(
      [...this.#shards].map(([id, range]) => [id, { previous: previous.get(id), ...range }]),
    );
  }

  #take(group: PackedGroup, data: Uint8Array): void {
    this.#groups.push(group);
    this.#groupsSize += group.size;
    this.#hash?.update(data);
  }

  #digest(): string {
    if (this.#hash !== undefined) return this.#hash.copy().digest("hex");
    const hash = createHash("sha256");
    for (const group of this.#groups) for (const data of unpack(group)) hash.update(data);
    return hash.digest("hex");
  }
}
