/**
 * Memory for many parts of one file.
 *
 * @module
 */

import { freeBuffer } from "../base/free_buffer.ts";

const FIRST_SIZE = 64 << 10;
const MOST_SIZE = 1 << 20;
/** Larger parts have buffers of their own: they would leave the ends of slabs empty. */
const MOST_PART = 1 << 17;

/**
 * Gives out parts of large buffers.
 *
 * A file of 64 MiB has two thousand chunks: in buffers of their own they are scattered all over the
 * heap, are copied once more to be written in one go, and stay until V8 comes round to them.
 */
export class Slabs {
  #slab = new Uint8Array(0);
  #used = 0;

  /** Gives out so many bytes, right after the last ones if there is room. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > MOST_PART) return new Uint8Array(size);
    if (this.#used + size > this.#slab.length) {
      const next = Math.min(MOST_SIZE, Math.max(FIRST_SIZE, 2 * this.#slab.length));
      this.#slab = new Uint8Array(Math.max(next, size));
      this.#used = 0;
    }
    return this.#slab.subarray(this.#used, this.#used += size);
  }

  /** Copies bytes. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = this.take(bytes.length);
    copy.set(bytes);
    return copy;
  }
}

/**
 * Gives back the memory behind parts at once. They have no bytes any more; who is still writing
 * them somewhere fails, and never writes what came after.
 */
export function freeSlabs(parts: Iterable<Uint8Array<ArrayBuffer>>): void {
  for (const buffer of new Set([...parts].map((part) => part.buffer))) freeBuffer(buffer);
}

/** Makes one part of parts that lie side by side in one slab. */
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
