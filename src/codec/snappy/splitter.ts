import {
  bodyLength,
  chunkError,
  FIRST_SKIPPABLE,
  HEADER_SIZE,
  headerFault,
  IDENTIFIER,
  MAX_CHUNK_DATA,
  PADDING,
  type SnappyChunk,
  STREAM_IDENTIFIER,
} from "./chunks.ts";

const NOTHING = new Uint8Array(0);

/** The most room that is reserved for the next piece in advance, in bytes. */
const MAX_ROOM = 1 << 20;

/**
 * Splits pieces of any size into chunks, without reading their bodies.
 *
 * Keeps no more than one chunk (at most 16 MiB) and the current piece. A chunk is returned when the
 * header of the next one is available too, so that the caller, if it finds the chunk damaged, can
 * check whether its length was right, and search again from its second byte.
 */
export class SnappySplitter {
  #buffer: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** Whether `#buffer` is our own, rather than a piece that the caller may overwrite. */
  #owned = false;
  #offset = 0;
  #ended = false;

  /** Where the next chunk starts, in bytes from the start of the stream. */
  get offset(): number {
    return this.#offset;
  }

  /** Adds the next piece; {@linkcode next} must have returned undefined before. */
  push(piece: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (kept === 0) {
      // Views a Buffer as a plain array, because the `slice` of a Buffer does not copy.
      this.#buffer = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
      this.#owned = false;
      this.#start = 0;
      this.#end = piece.length;
    } else {
      this.#reserve(kept + piece.length);
      this.#buffer.set(piece, this.#end);
      this.#end += piece.length;
    }
  }

  /** Ends the stream: no piece follows. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Returns the next chunk.
   *
   * @returns The chunk; undefined if more bytes are needed, or after the last one.
   * @throws {ArchiveFormatError} If the header of the next chunk is invalid, or the stream ends inside
   * the chunk. The bytes are kept, for {@linkcode seekIdentifier}.
   */
  next(): SnappyChunk | undefined {
    const size = this.#nextSize();
    const kept = this.#end - this.#start;
    if (size === undefined || (!this.#ended && kept < size + HEADER_SIZE)) {
      this.#own();
      return undefined;
    }
    if (kept < size) {
      throw chunkError(this.#offset, `the input ends after ${kept} of its ${size} bytes`);
    }
    const bytes = this.#buffer.subarray(this.#start, this.#start + size);
    const chunk = { type: bytes[0]!, offset: this.#offset, bytes };
    this.#move(size);
    return chunk;
  }

  /** Size of the next chunk, header included; undefined if its header is incomplete. */
  #nextSize(): number | undefined {
    const kept = this.#end - this.#start;
    if (kept < HEADER_SIZE) {
      if (!this.#ended || kept === 0) return undefined;
      throw chunkError(this.#offset, `the input ends after ${kept} bytes of its header`);
    }
    const length = bodyLength(this.#buffer, this.#start);
    const fault = headerFault(this.#buffer[this.#start]!, length);
    if (fault !== undefined) throw chunkError(this.#offset, fault);
    return HEADER_SIZE + length;
  }

  /**
   * Whether the bytes after the last chunk look like a chunk, which means that the length of the last
   * one is right. Stricter than {@linkcode next}: half of all random bytes are skippable types.
   */
  nextIsPlausible(): boolean {
    const kept = this.#end - this.#start;
    if (kept < HEADER_SIZE) return kept === 0;
    const type = this.#buffer[this.#start]!;
    const length = bodyLength(this.#buffer, this.#start);
    if (headerFault(type, length) !== undefined) return false;
    const used = type <= FIRST_SKIPPABLE + 1 || type === PADDING || type === IDENTIFIER;
    return used && (type < FIRST_SKIPPABLE || length < MAX_CHUNK_DATA);
  }

  /** Puts back a chunk, except its first byte; it must be the last one that was returned. */
  putBackTail(chunk: SnappyChunk): void {
    this.#move(1 - chunk.bytes.length);
  }

  skipByte(): void {
    this.#move(Math.min(1, this.#end - this.#start));
  }

  /**
   * Skips bytes up to the next stream identifier.
   *
   * @returns Whether there is one; if not, more bytes are needed, or the stream ends without one.
   */
  seekIdentifier(): boolean {
    const buffer = this.#buffer.subarray(0, this.#end);
    const last = STREAM_IDENTIFIER.length;
    for (let at = this.#start;; at++) {
      at = buffer.indexOf(IDENTIFIER, at);
      if (at < 0) {
        this.#move(this.#end - this.#start);
        this.#own();
        return false;
      }
      // All bytes may be 0xff: creating an array for each would be slow.
      if (at + 1 < buffer.length && buffer[at + 1] !== STREAM_IDENTIFIER[1]) continue;
      const found = buffer.subarray(at, at + last);
      if (!found.every((byte, i) => byte === STREAM_IDENTIFIER[i])) continue;
      if (found.length < last && this.#ended) continue;
      this.#move(at - this.#start);
      this.#own();
      return found.length === last;
    }
  }

  #move(bytes: number): void {
    this.#start += bytes;
    this.#offset += bytes;
  }

  /** Copies the rest of a piece, because the caller may overwrite it, or give it to another thread. */
  #own(): void {
    if (this.#owned) return;
    // With room for a next piece of the same size.
    const kept = this.#end - this.#start;
    if (kept > 0) this.#reserve(kept + Math.min(this.#end, MAX_ROOM));
    else {
      this.#buffer = NOTHING;
      this.#start = this.#end = 0;
    }
  }

  /** Makes room for `size` bytes in our own buffer, with the kept bytes at its start. */
  #reserve(size: number): void {
    const kept = this.#buffer.subarray(this.#start, this.#end);
    if (!this.#owned || this.#buffer.length < size) {
      this.#buffer = new Uint8Array(size + (size >>> 1));
      this.#owned = true;
      this.#buffer.set(kept);
    } else if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = kept.length;
  }
}
