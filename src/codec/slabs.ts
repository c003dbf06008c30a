/**
 * Memory for the many parts of one file.
 *
 * @module
 */

import { freeBuffer } from "../base/bytes.ts";

/** Room for a chunk of data that cannot be compressed, and its stream identifier. */
const FIRST_SIZE = 66 << 10;
/** The end of the last slab is unused: with many files of a few MB, most of what larger ones take. */
const MOST_SIZE = 4 * FIRST_SIZE;
/** Larger parts get their own buffers: they would leave the ends of slabs empty. */
const MOST_PART = 1 << 17;

/**
 * Allocates parts of large buffers.
 *
 * A file of 64 MiB has two thousand chunks. With one buffer each, they would be scattered over the
 * heap, copied once more for writing, and freed only when V8 collects them.
 */
export class Slabs {
  #slab = new Uint8Array(0);
  #used = 0;

  /** Allocates `size` bytes, directly after the last ones if there is room. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > MOST_PART) return new Uint8Array(size);
    if (this.#used + size > this.#slab.length) {
      const next = Math.min(MOST_SIZE, Math.max(FIRST_SIZE, 2 * this.#slab.length));
      this.#slab = new Uint8Array(Math.max(next, size));
      this.#used = 0;
    }
    return this.#slab.subarray(this.#used, this.#used += size);
  }

  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = this.take(bytes.length);
    copy.set(bytes);
    return copy;
  }
}

/**
 * Frees the memory of parts immediately. The parts have no bytes any more; code that is still writing
 * them fails, and never writes data that replaced them.
 */
export function freeSlabs(parts: Iterable<Uint8Array<ArrayBuffer>>): void {
  for (const buffer of new Set([...parts].map((part) => part.buffer))) freeBuffer(buffer);
}

/** Merges parts that are adjacent in one slab. */
export function mergeNeighbours<Memory extends ArrayBufferLike>(
  parts: readonly Uint8Array<Memory>[],
): Uint8Array<Memory>[] {
  const merged: Uint8Array<Memory>[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    const isNext = last?.buffer === part.buffer &&
      last.byteOffset + last.length === part.byteOffset;
    if (!isNext) merged.push(part);
    else {
      merged[merged.length - 1] = new Uint8Array(
        part.buffer,
        last.byteOffset,
        last.length + part.length,
      );
    }
  }
  return merged;
}
