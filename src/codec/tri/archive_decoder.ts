import { createHash } from "node:crypto";
import { ArchiveChunks } from "./archive_chunks.ts";
import type { ArchiveBlock } from "./archive_events.ts";
import type { ReadArchiveOptions } from "./archive_options.ts";
import { MAX_CHUNK_DATA } from "../snappy/chunks.ts";

export type { ArchiveDamage, ReadArchiveOptions } from "./archive_options.ts";

/**
 * Decodes one file, piece by piece.
 *
 * Like {@linkcode readArchiveBlocks}, but pieces are pushed. Uses memory for one piece, one chunk and
 * one event of at most 64 MiB.
 */
export class ArchiveDecoder {
  readonly #chunks: ArchiveChunks;
  /** The buffer for the data of chunks, if it is reused; it grows on demand. */
  #room: Uint8Array | undefined;

  /**
   * Creates a decoder.
   *
   * @param options How to read.
   */
  constructor(options: ReadArchiveOptions = {}) {
    const newHash = options.verifyHash ? () => createHash("sha256") : undefined;
    this.#chunks = new ArchiveChunks(options, newHash);
    this.#room = options.reuse === true ? new Uint8Array(0) : undefined;
  }

  /**
   * Decodes the next piece of the file.
   *
   * @param piece Bytes, which may be overwritten after the blocks have been consumed.
   * @returns The events that it completes. Consume them before the next piece.
   * @throws {ArchiveFormatError} With the offset of the damaged chunk.
   */
  *push(piece: Uint8Array): Generator<ArchiveBlock, void, void> {
    this.#chunks.push(piece);
    yield* this.#drain();
  }

  /**
   * Ends the file.
   *
   * @returns The last events.
   * @throws {ArchiveFormatError} If the file ends inside a chunk or an event, lacks the manifest that
   * it promised, or does not match its manifest.
   */
  *end(): Generator<ArchiveBlock, void, void> {
    this.#chunks.end();
    yield* this.#drain();
    this.#chunks.finish();
  }

  *#drain(): Generator<ArchiveBlock, void, void> {
    const chunks = this.#chunks;
    for (let chunk = chunks.next(); chunk !== undefined; chunk = chunks.next()) {
      try {
        for (const block of chunks.assembler.add(this.#copy(chunk.data), chunk.offset)) {
          chunks.count(block);
          yield block;
        }
      } catch (error) {
        chunks.lose(error);
      }
    }
  }

  /** Copies the data of a chunk out of the memory of the codec. */
  #copy(data: Uint8Array): Uint8Array {
    if (this.#room === undefined) return data.slice();
    if (this.#room.length < data.length) {
      this.#room = new Uint8Array(Math.min(MAX_CHUNK_DATA, 2 * data.length));
    }
    this.#room.set(data);
    return this.#room.subarray(0, data.length);
  }
}
