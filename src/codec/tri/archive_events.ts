import { ArchiveFormatError } from "../../base/errors.ts";
import { EventMeter } from "./archive_meter.ts";
import { skipEvent } from "../msgpack/scan.ts";

/** Complete events of an archive, back to back. */
export interface ArchiveBlock {
  /** The events' MessagePack bytes; {@linkcode eventsIn} splits them. */
  readonly events: Uint8Array;
  /** Number of events, at least one. */
  readonly count: number;
  /** Offset of the chunk in which the first event starts, in bytes from the start of the file. */
  readonly offset: number;
}

/**
 * Splits a block into its events.
 *
 * @param block A block from {@linkcode readArchiveBlocks}.
 * @returns The MessagePack bytes of each event, as views of the block.
 * @throws {ArchiveFormatError} If the block does not consist of complete events; blocks from
 * {@linkcode readArchiveBlocks} do.
 */
export function* eventsIn(block: ArchiveBlock): Generator<Uint8Array, void, void> {
  const { events } = block;
  for (let at = 0; at < events.length;) {
    const end = skipEvent(events, at);
    if (end < 0) throw eventError(block.offset, new RangeError("the block ends inside an event"));
    yield events.subarray(at, end);
    at = end;
  }
}

/** Bytes of a chunk that are first added to an incomplete event. */
const FIRST_PART = 1024;

/** Assembles complete events from the data of chunks, including events that span chunks. */
export class EventAssembler {
  /** The first bytes of an event that continues in the next chunk; the buffer is reused. */
  #open = new Uint8Array(0);
  #openSize = 0;
  #openOffset = 0;
  #meter = new EventMeter();

  /** Offset of the chunk in which an incomplete event starts; undefined if there is none. */
  get openOffset(): number | undefined {
    return this.#openSize > 0 ? this.#openOffset : undefined;
  }

  drop(): void {
    this.#openSize = 0;
  }

  /**
   * Adds the data of the next chunk.
   *
   * @param data The data, which becomes part of the blocks.
   * @param offset Offset of the chunk in the file.
   * @returns The events that end in this chunk.
   * @throws {ArchiveFormatError} If a value is not an event, after yielding all events before it;
   * with the offset of the chunk in which the value starts.
   */
  *add(data: Uint8Array, offset: number): Generator<ArchiveBlock, void, void> {
    let from = 0;
    if (this.#openSize > 0) {
      const done = this.complete(data);
      if (done === undefined) return;
      yield { events: done.event.slice(), count: 1, offset: this.#openOffset };
      from = done.end;
    }
    yield* this.#cut(from === 0 ? data : data.subarray(from), offset);
  }

  /**
   * Adds the data of the next chunk to the incomplete event.
   *
   * @returns The event, valid until the next call, and where in `data` it ends; undefined if it is
   * still incomplete.
   * @throws {ArchiveFormatError} As {@linkcode add} does.
   */
  complete(data: Uint8Array): { event: Uint8Array; end: number } | undefined {
    const before = this.#openSize;
    // In growing parts: most events end soon, and the rest of the chunk need not be copied.
    for (let at = 0, part = FIRST_PART; at < data.length; at += part, part *= 2) {
      this.#append(data.subarray(at, at + part));
      const size = this.#measure();
      if (size < 0) continue;
      this.#openSize = 0;
      return { event: this.#open.subarray(0, size), end: size - before };
    }
    return undefined;
  }

  /**
   * Keeps the beginning of an event that continues in the next chunk.
   *
   * @param data All of the event that is in this chunk.
   * @param offset Offset of the chunk in the file.
   * @throws {ArchiveFormatError} As {@linkcode add} does.
   */
  open(data: Uint8Array, offset: number): void {
    this.#meter = new EventMeter();
    this.#openOffset = offset;
    this.#append(data);
    this.#measure();
  }

  *#cut(data: Uint8Array, offset: number): Generator<ArchiveBlock, void, void> {
    let at = 0;
    let count = 0;
    let fault: unknown;
    try {
      for (let end = 0; at < data.length; at = end, count++) {
        end = skipEvent(data, at);
        if (end < 0) break;
      }
    } catch (error) {
      fault = error;
    }
    if (count > 0) yield { events: data.subarray(0, at), count, offset };
    if (fault !== undefined) throw eventError(offset, fault);
    if (at < data.length) this.open(data.subarray(at), offset);
  }

  #append(data: Uint8Array): void {
    const size = this.#openSize + data.length;
    if (this.#open.length < size) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#openSize, 2 * 65_536));
      larger.set(this.#open.subarray(0, this.#openSize));
      this.#open = larger;
    }
    this.#open.set(data, this.#openSize);
    this.#openSize = size;
  }

  /** Finds the end of the incomplete event, and validates the event once it is complete. */
  #measure(): number {
    try {
      const size = this.#meter.measure(this.#open, this.#openSize);
      if (size >= 0) skipEvent(this.#open, 0, size);
      return size;
    } catch (error) {
      this.#openSize = 0;
      throw eventError(this.#openOffset, error);
    }
  }
}

/** The error for a value that is not an event; `offset` is that of the chunk in which it starts. */
export function eventError(offset: number, cause: unknown): ArchiveFormatError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArchiveFormatError(`Cannot read events of chunk at offset ${offset}: ${why}`, {
    offset,
    cause,
  });
}
