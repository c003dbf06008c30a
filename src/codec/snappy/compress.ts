/**
 * From data to a Snappy block.
 *
 * The format: https://github.com/google/snappy/blob/main/format_description.txt.
 *
 * @module
 */

import { INPUT, kernels, memory, OUTPUT } from "../wasm/kernels.ts";

/** The most data that one block may stand for, in bytes: what a chunk may hold. */
export const MAX_BLOCK_DATA = 65_536;

/**
 * Compresses data to one block.
 *
 * Google's algorithm, as the implementations in C++, Go and the package snappyjs have it: matches
 * of four bytes are found by a hash table, and sought less often the longer none turns up.
 *
 * @param data At most 65,536 bytes.
 * @returns The block, valid until the codec is called again.
 * @throws {RangeError} If there are more bytes.
 */
export function compressBlock(data: Uint8Array): Uint8Array {
  if (data.length > MAX_BLOCK_DATA) {
    throw new RangeError(`Cannot compress ${data.length} bytes: over ${MAX_BLOCK_DATA}`);
  }
  memory.set(data, INPUT);
  return memory.subarray(OUTPUT, kernels.compress(INPUT, INPUT + data.length, OUTPUT));
}
