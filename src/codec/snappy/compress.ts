/**
 * Compresses data to a Snappy block.
 *
 * The format: https://github.com/google/snappy/blob/main/format_description.txt.
 *
 * @module
 */

import { INPUT, kernels, memory, OUTPUT } from "../wasm/kernels.ts";

/** The most data in one block, in bytes: the limit of a chunk. */
export const MAX_BLOCK_DATA = 65_536;

/**
 * Compresses data to one block.
 *
 * Google's algorithm, as in the implementations in C++, Go and the package snappyjs: matches of four
 * bytes are found with a hash table, and searched for less often the longer none is found.
 *
 * @param data At most 65,536 bytes.
 * @returns The block, valid until the next call of the codec.
 * @throws {RangeError} If there are more bytes.
 */
export function compressBlock(data: Uint8Array): Uint8Array {
  if (data.length > MAX_BLOCK_DATA) {
    throw new RangeError(`Cannot compress ${data.length} bytes: more than ${MAX_BLOCK_DATA}`);
  }
  memory.set(data, INPUT);
  return memory.subarray(OUTPUT, kernels.compress(INPUT, INPUT + data.length, OUTPUT));
}
