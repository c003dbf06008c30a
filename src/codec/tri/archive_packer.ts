import { freeBuffer } from "../../base/bytes.ts";
import type { ShardId } from "../../base/record.ts";
import {
  CHECKSUM_SIZE,
  decodeDataChunk,
  encodeDataChunk,
  HEADER_SIZE,
  MAX_CHUNK_DATA,
  STREAM_IDENTIFIER,
} from "../snappy/chunks.ts";
import { Slabs } from "../slabs.ts";
import type { EventRun } from "../event_run.ts";

/** A stream identifier and data chunks with complete events of one shard. */
export interface PackedGroup {
  readonly shardId: ShardId;
  /** The chunks, headers included. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  /** Size of the chunks in bytes. */
  readonly size: number;
  /** Size of the events in bytes, uncompressed. */
  readonly dataSize: number;
}

/** The most that packing adds to the data of one chunk, in bytes. */
const OVERHEAD = STREAM_IDENTIFIER.length + HEADER_SIZE + CHECKSUM_SIZE;
const FIRST_CAPACITY = 1024;

/** Events of a shard that are not compressed yet. */
class OpenChunk {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #used = 0;

  get used(): number {
    return this.#used;
  }

  /** Grows on demand: most of 256 idle shards never need 64 KiB. */
  append(event: Uint8Array): void {
    const size = this.#used + event.length;
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(MAX_CHUNK_DATA, Math.max(size, 2 * this.#used)));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.free();
      this.#bytes = larger;
    }
    this.#bytes.set(event, this.#used);
    this.#used = size;
  }

  free(): void {
    freeBuffer(this.#bytes.buffer);
  }

  /** Returns the collected data, which is valid until the next event is appended. */
  take(): Uint8Array {
    const data = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    return data;
  }
}

/** Packs events into groups of chunks; each group starts with the first byte of an event. */
export class ChunkPacker {
  readonly #open = new Map<ShardId, OpenChunk>();
  readonly #emit: (group: PackedGroup, data: Uint8Array) => void;
  #slabs = new Slabs();
  #size = 0;

  /** `emit` receives each closed group and its data, which is valid only during the call. */
  constructor(emit: (group: PackedGroup, data: Uint8Array) => void) {
    this.#emit = emit;
  }

  /** An upper bound of the final size of the open chunks, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Adds an event, which is copied. */
  add(shardId: ShardId, event: Uint8Array): void {
    const open = this.#openChunk(shardId);
    if (open.used + event.length > MAX_CHUNK_DATA) this.#close(shardId, open);
    if (event.length > MAX_CHUNK_DATA) {
      this.#emit(this.#pack(shardId, event), event);
    } else if (event.length > 0) {
      this.#size += event.length + (open.used === 0 ? OVERHEAD : 0);
      open.append(event);
    }
  }

  /**
   * Adds the events of a run that fit into the open chunk, at least one.
   *
   * @param run Events of the shard.
   * @param from The first one to add.
   * @param to The first one not to add.
   * @param room Adds no more once this size is reached, in bytes.
   * @returns The first one that was not added.
   */
  addRun(shardId: ShardId, run: EventRun, from: number, to: number, room: number): number {
    const open = this.#openChunk(shardId);
    const start = run.endOf(from - 1);
    const fitting = start + MAX_CHUNK_DATA - open.used;
    const enough = start + room - (open.used === 0 ? OVERHEAD : 0);
    let next = from;
    for (let end = start; next < to && (next === from || end < enough); next++) {
      const following = run.endOf(next);
      if (following > fitting) break;
      end = following;
    }
    // One that does not fit closes the chunk.
    const count = Math.max(1, next - from);
    const events = run.data.subarray(start, run.endOf(from + count - 1));
    this.add(shardId, events);
    return from + count;
  }

  /** Drops the open chunk of a shard. */
  remove(shardId: ShardId): void {
    const used = this.#open.get(shardId)?.used ?? 0;
    if (used > 0) this.#size -= used + OVERHEAD;
    this.#open.get(shardId)?.free();
    this.#open.delete(shardId);
  }

  /** Copies groups into new slabs, so that the gaps between them need no memory. */
  compact(groups: readonly PackedGroup[]): PackedGroup[] {
    const slabs = this.#slabs = new Slabs();
    return groups.map((group) => ({
      ...group,
      chunks: group.chunks.map((chunk) => slabs.copy(chunk)),
    }));
  }

  closeAll(): void {
    for (const [shardId, open] of this.#open) this.#close(shardId, open);
    this.free();
  }

  /** Drops the open chunks of all shards. */
  free(): void {
    for (const open of this.#open.values()) open.free();
    this.#open.clear();
  }

  #openChunk(shardId: ShardId): OpenChunk {
    let open = this.#open.get(shardId);
    if (open === undefined) this.#open.set(shardId, open = new OpenChunk());
    return open;
  }

  #close(shardId: ShardId, open: OpenChunk): void {
    if (open.used === 0) return;
    this.#size -= open.used + OVERHEAD;
    const data = open.take();
    this.#emit(this.#pack(shardId, data), data);
  }

  #pack(shardId: ShardId, data: Uint8Array): PackedGroup {
    const chunks = [this.#slabs.copy(STREAM_IDENTIFIER)];
    for (let at = 0; at < data.length; at += MAX_CHUNK_DATA) {
      chunks.push(encodeDataChunk(data.subarray(at, at + MAX_CHUNK_DATA), this.#slabs));
    }
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return { shardId, chunks, size, dataSize: data.length };
  }
}

/**
 * Uncompresses a group.
 *
 * @returns Its data, chunk by chunk, each valid until the next call of the codec.
 */
export function* unpack(group: PackedGroup): Generator<Uint8Array, void, void> {
  for (const bytes of group.chunks.slice(1)) {
    yield decodeDataChunk({ type: bytes[0]!, offset: 0, bytes });
  }
}
