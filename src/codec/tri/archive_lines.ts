import { ArchiveChunks, type ChunkData } from "./archive_chunks.ts";
import { eventError } from "./archive_events.ts";
import type { ReadArchiveOptions } from "./archive_options.ts";
import { EventKeys, mayHaveReserved, renameReserved } from "../json/event_keys.ts";
import type { LineWriter } from "../json/line_writer.ts";
import { skipEvent } from "../msgpack/scan.ts";
import { INPUT, kernels, memory, PIECE_SIZE } from "../wasm/kernels.ts";

/** How to convert an archive to JSON lines. */
export interface ArchiveLinesOptions extends Pick<ReadArchiveOptions, "onDamage"> {
  /** The most events to convert. Default: all. */
  readonly limit?: number;
  /**
   * Adds the keys `_file`, which is this text, and `_index`, the event's place among those of the file,
   * from 0. Top-level keys of events that are `_file` or `_index`, with any number of underscores, get
   * one more underscore. Default: nothing is added.
   */
  readonly file?: string | undefined;
}

/**
 * Converts one file to JSON lines, piece by piece: what {@linkcode ArchiveDecoder} and
 * {@linkcode NdjsonWriter} do, in half the time.
 *
 * Chunks are uncompressed, checked and converted in the memory of the program. The program leaves out
 * what is rare or wrong, and only that is read in JavaScript.
 */
export class ArchiveLines {
  readonly #chunks: ArchiveChunks;
  readonly #limit: number;
  readonly #keys: EventKeys | undefined;
  #events = 0;
  #bytes = 0;

  constructor({ limit = Infinity, file, ...options }: ArchiveLinesOptions = {}) {
    this.#chunks = new ArchiveChunks(options);
    this.#limit = limit;
    this.#keys = file === undefined ? undefined : new EventKeys(file);
  }

  /** Number of events that were converted. */
  get events(): number {
    return this.#events;
  }

  /** Size of these events, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the limit is reached: nothing is read after that. */
  get isFull(): boolean {
    return this.#events >= this.#limit;
  }

  /** Adds the next piece of the file; {@linkcode next} must have returned false before. */
  push(piece: Uint8Array): void {
    this.#chunks.push(piece);
  }

  /** Ends the file: no piece follows. */
  end(): void {
    this.#chunks.end();
  }

  /**
   * Converts the events that end in the next chunk.
   *
   * @param lines Receives their lines, also those before an error.
   * @returns Whether there was a chunk: if not, more bytes are needed, or it was the last one, or the
   * limit is reached.
   * @throws {ArchiveFormatError} As {@linkcode ArchiveDecoder.push} does.
   */
  next(lines: LineWriter): boolean {
    const chunk = this.isFull ? undefined : this.#chunks.next();
    if (chunk === undefined) return false;
    try {
      this.#add(chunk, lines);
    } catch (error) {
      this.#chunks.lose(error);
    }
    return true;
  }

  /**
   * Checks the end of the file, after its last chunk, unless the limit is reached.
   *
   * @throws {ArchiveFormatError} As {@linkcode ArchiveDecoder.end} does.
   */
  finish(): void {
    if (!this.isFull) this.#chunks.finish();
  }

  #add({ data, offset }: ChunkData, lines: LineWriter): void {
    const { assembler } = this.#chunks;
    let events = data;
    if (assembler.openOffset !== undefined) {
      const done = assembler.complete(data);
      if (done === undefined) return;
      this.#addOne(done.event, lines);
      events = data.subarray(done.end);
    }
    const end = this.#addAll(events, offset, lines);
    if (end < events.length && !this.isFull) assembler.open(events.subarray(end), offset);
  }

  /** Adds an event that was in several chunks. */
  #addOne(event: Uint8Array, lines: LineWriter): void {
    // The chunk's data are behind the place for a piece of events.
    const placed = memory.subarray(INPUT, INPUT + Math.min(event.length, PIECE_SIZE));
    const renamed = this.#renamed(event);
    placed.set(event.subarray(0, placed.length));
    const isPlain = renamed === undefined && event.length <= PIECE_SIZE;
    if (!isPlain || lines.addPlain(placed, 0, 1, this.#keys) === 0) {
      lines.addAny(renamed ?? event, 0, this.#keys);
    }
    this.#count(event, 1);
  }

  /** An event with other keys where some of its own are those that are added. */
  #renamed(event: Uint8Array): Uint8Array | undefined {
    return this.#keys === undefined || !mayHaveReserved(event) ? undefined : renameReserved(event);
  }

  /** Adds the events that are complete; returns where the last of them ends. */
  #addAll(events: Uint8Array, offset: number, lines: LineWriter): number {
    const mayRename = this.#keys !== undefined && mayHaveReserved(events);
    let at = 0;
    while (at < events.length && !this.isFull) {
      const most = Math.min(this.#limit - this.#events, 0xffffffff);
      let end = mayRename ? at : lines.addPlain(events, at, most, this.#keys);
      let count = mayRename ? 0 : kernels.lineCount.value;
      if (count === 0) {
        end = endOf(events, at, offset);
        if (end < 0) break;
        const renamed = mayRename ? renameReserved(events.subarray(at, end)) : undefined;
        if (renamed !== undefined) lines.addAny(renamed, 0, this.#keys);
        else if (!mayRename || lines.addPlain(events, at, 1, this.#keys) === at) {
          lines.addAny(events, at, this.#keys);
        }
        count = 1;
      }
      this.#count(events.subarray(at, end), count);
      at = end;
    }
    return at;
  }

  #count(events: Uint8Array, count: number): void {
    this.#chunks.count({ events, count });
    this.#events += count;
    this.#bytes += events.length;
  }
}

/** Where an event ends; -1 if it continues in the next chunk. */
function endOf(events: Uint8Array, at: number, offset: number): number {
  try {
    return skipEvent(events, at);
  } catch (error) {
    throw eventError(offset, error);
  }
}
