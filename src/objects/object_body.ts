/**
 * Bodies of objects, which never end early without an error.
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";
import type { ObjectBody, ObjectContent } from "./object_store.ts";

/** A body read from any source of chunks. */
export class StreamedBody implements ObjectBody {
  readonly size: number;
  readonly release?: (chunk: Uint8Array) => void;
  readonly #chunks: AsyncIterable<Uint8Array>;

  /**
   * Creates a body.
   *
   * @param chunks The chunks of the body; must fail if bytes are missing.
   * @param size Size of the whole object in bytes.
   * @param release Frees a chunk after its reader has processed it.
   */
  constructor(
    chunks: AsyncIterable<Uint8Array>,
    size: number,
    release?: (chunk: Uint8Array) => void,
  ) {
    this.#chunks = chunks;
    this.size = size;
    if (release !== undefined) this.release = release;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#chunks[Symbol.asyncIterator]();
  }

  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#chunks) chunks.push(chunk);
    return joinChunks(chunks);
  }
}

/** The parts of an object to put. */
export function partsOf(body: ObjectContent): readonly Uint8Array[] {
  return body instanceof Uint8Array ? [body] : body;
}

/** Joins chunks into one array; a single chunk is returned unchanged. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : concatBytes(chunks);
}
