import type { Hash } from "node:crypto";
import { ArchiveFormatError } from "../../base/errors.ts";
import { type ArchiveBlock, EventAssembler } from "./archive_events.ts";
import { ArchiveFooter, checkTotals, type EventTotals, isOpening } from "./archive_footer.ts";
import { MANIFEST, QUARANTINE } from "./archive_format.ts";
import type { ReadArchiveOptions } from "./archive_options.ts";
import {
  chunkError,
  FIRST_SKIPPABLE,
  hidesData,
  IDENTIFIER,
  type SnappyChunk,
  STREAM_IDENTIFIER,
} from "../snappy/chunks.ts";
import { readChunk } from "../snappy/frames.ts";
import { SnappySplitter } from "../snappy/splitter.ts";

/** Limit for reading the bytes of invalid chunks again, per byte of the file. */
const MAX_REREAD = 16;
/** Added to that limit, in bytes. */
const MIN_REREAD = 32 * 1024 * 1024;

/** Where events were lost, and why, until the end of the loss is found. */
interface Loss {
  readonly offset: number;
  readonly error: ArchiveFormatError;
}

/** The data of a chunk. */
export interface ChunkData {
  /** In the memory of the codec: valid until its next call. */
  readonly data: Uint8Array;
  /** Offset of the chunk in the file. */
  readonly offset: number;
}

/**
 * Reads the chunks of one file that contain events, and checks everything else: the order of the
 * chunks, their checksums, quarantine and manifest. With `onDamage`, it skips what is damaged.
 *
 * The events are the caller's part: it passes the data to {@linkcode assembler}, or does the same by
 * itself, reports the events to {@linkcode count}, and errors to {@linkcode lose}.
 */
export class ArchiveChunks {
  /** Holds the event that continues in the next chunk. */
  readonly assembler: EventAssembler = new EventAssembler();
  readonly #options: ReadArchiveOptions;
  readonly #newHash: (() => Hash) | undefined;
  readonly #splitter = new SnappySplitter();
  #footer = new ArchiveFooter();
  #previousType: number | undefined;
  #events = 0;
  #bytes = 0;
  #hash: Hash | undefined;
  #loss: Loss | undefined;
  /** Whether the start of the next chunk is unknown: then the next stream identifier is searched. */
  #seeking = false;
  /** Number of bytes of invalid chunks that were read again. */
  #reread = 0;
  /** Whether the current archive has lost data, so that its totals cannot match. */
  #damaged = false;

  /**
   * @param options How to read, except for `verifyHash`.
   * @param newHash Starts the hash of an archive, which is then checked. It is a parameter because
   * `node:crypto` takes 3 ms to load, and `triton cat` checks no hash.
   */
  constructor(options: Omit<ReadArchiveOptions, "verifyHash">, newHash?: () => Hash) {
    this.#options = options;
    this.#newHash = newHash;
    this.#begin();
  }

  /** Adds the next piece of the file; {@linkcode next} must have returned undefined before. */
  push(piece: Uint8Array): void {
    this.#splitter.push(piece);
  }

  /** Ends the file: no piece follows. */
  end(): void {
    this.#splitter.end();
  }

  /**
   * Returns the data of the next chunk that has some.
   *
   * @returns The data; undefined if more bytes are needed, or after the last chunk.
   * @throws {ArchiveFormatError} With the offset of the damaged chunk.
   */
  next(): ChunkData | undefined {
    for (let chunk = this.#nextChunk(); chunk !== undefined; chunk = this.#nextChunk()) {
      const data = this.#read(chunk);
      if (data !== undefined) return { data, offset: chunk.offset };
    }
    return undefined;
  }

  /** Returns the next chunk, skipping bytes that are not one. */
  #nextChunk(): SnappyChunk | undefined {
    for (;;) {
      if (this.#seeking && !this.#splitter.seekIdentifier()) return undefined;
      this.#seeking = false;
      try {
        return this.#splitter.next();
      } catch (error) {
        this.lose(error);
        this.#splitter.skipByte();
        this.#seeking = true;
      }
    }
  }

  /** Reads the data of a chunk; undefined if it has none, or if it cannot be trusted. */
  #read(chunk: SnappyChunk): Uint8Array | undefined {
    try {
      const data = readChunk(chunk);
      this.#checkType(chunk, data !== undefined);
      if (chunk.type === IDENTIFIER) this.#recover(chunk.offset);
      this.#see(chunk);
      return this.#loss === undefined ? data : undefined;
    } catch (error) {
      this.lose(error);
      // If no chunk follows this one, its length is wrong, and other chunks may be inside it.
      this.#seeking = !this.#splitter.nextIsPlausible();
      if (this.#seeking && this.#mayReread(chunk)) this.#splitter.putBackTail(chunk);
      return undefined;
    }
  }

  /**
   * Whether the bytes of an invalid chunk may be read again: each of them could start another one of
   * the same length, and following all of them would take quadratic time.
   */
  #mayReread({ bytes }: SnappyChunk): boolean {
    this.#reread += bytes.length;
    return this.#reread <= MIN_REREAD + MAX_REREAD * this.#splitter.offset;
  }

  /** Detects a data chunk that a damaged type would hide. */
  #checkType(chunk: SnappyChunk, isData: boolean): void {
    if (this.#footer.promised) this.#checkPlace(chunk, isData);
    if (isData || chunk.type === IDENTIFIER) return;
    // Quarantine contains foreign bytes, which may look like data; but in our own archives, which
    // the manifest covers, quarantine never follows a stream identifier.
    const isOurs = this.#footer.promised && this.#previousType !== IDENTIFIER &&
      (chunk.type === MANIFEST || chunk.type === QUARANTINE);
    if (!isOurs && hidesData(chunk)) {
      throw chunkError(chunk.offset, "its type is skippable, but it contains data");
    }
  }

  /** Detects chunks that are in the wrong place in an archive of ours. */
  #checkPlace(chunk: SnappyChunk, isData: boolean): void {
    const previous = this.#previousType ?? IDENTIFIER;
    if (isData && previous >= FIRST_SKIPPABLE && previous !== IDENTIFIER) {
      throw chunkError(chunk.offset, "it contains events, but the chunk before it does not");
    }
    if (!isData && this.assembler.openOffset !== undefined) {
      const why = "it is where an event continues, but it does not contain events";
      this.lose(chunkError(chunk.offset, why));
    }
  }

  #see(chunk: SnappyChunk): void {
    if (isOpening(chunk, this.#previousType)) {
      const begin = chunk.offset - STREAM_IDENTIFIER.length;
      if (begin > 0) {
        this.#finish(begin);
        this.#begin();
      }
      this.#footer.promise();
    }
    this.#footer.see(chunk);
    this.#previousType = chunk.type;
  }

  /** Counts complete events, for the comparison with the manifest. */
  count({ events, count }: Pick<ArchiveBlock, "events" | "count">): void {
    this.#events += count;
    this.#bytes += events.length;
    this.#hash?.update(events);
  }

  /** Records damage; throws if there is no `onDamage`. */
  lose(error: unknown): void {
    if (this.#options.onDamage === undefined || !(error instanceof ArchiveFormatError)) throw error;
    this.#loss ??= { offset: this.assembler.openOffset ?? error.offset, error };
    this.#damaged = true;
    this.assembler.drop();
  }

  /** Continues after damage, at the start of an event. */
  #recover(offset: number): void {
    const loss = this.#loss;
    if (loss === undefined) return;
    this.#loss = undefined;
    this.#options.onDamage?.({ ...loss, length: offset - loss.offset });
  }

  /**
   * Checks the end of the file, after its last chunk.
   *
   * @throws {ArchiveFormatError} If the file ends inside an event, lacks the manifest that it promised,
   * or does not match its manifest.
   */
  finish(): void {
    this.#finish(this.#splitter.offset);
  }

  /** Ends an archive, and checks it against its manifest. */
  #finish(end: number): void {
    const offset = this.assembler.openOffset;
    if (offset !== undefined) this.lose(cutOffError(offset));
    this.#recover(end);
    try {
      const manifest = this.#footer.manifest(end);
      if (manifest === undefined) return;
      if (!this.#damaged) checkTotals(manifest, this.#totals(), end);
      this.#options.onManifest?.(manifest);
    } catch (error) {
      this.lose(error);
      this.#recover(end);
    }
  }

  #totals(): EventTotals {
    return { events: this.#events, bytes: this.#bytes, sha256: this.#hash?.digest("hex") };
  }

  /** Starts an archive: the file's first, or one that is appended to another. */
  #begin(): void {
    this.#footer = new ArchiveFooter();
    this.#events = 0;
    this.#bytes = 0;
    this.#damaged = false;
    this.#hash = this.#newHash?.();
  }
}

function cutOffError(offset: number): ArchiveFormatError {
  return new ArchiveFormatError(
    `Cannot read events of chunk at offset ${offset}: the input ends inside one of them`,
    { offset },
  );
}
