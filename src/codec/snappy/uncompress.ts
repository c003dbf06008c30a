/**
 * Uncompresses Snappy blocks.
 *
 * The format: https://github.com/google/snappy/blob/main/format_description.txt. A block is the
 * length of the data, then elements: literals, and copies of earlier data.
 *
 * @module
 */

import { DATA, INPUT_SIZE, kernels, memory, OUTPUT } from "../wasm/kernels.ts";
import { MAX_BLOCK_DATA } from "./compress.ts";

/**
 * Uncompresses a block.
 *
 * @returns The data, at most 65,536 bytes, valid until the next call of the codec; or what is wrong
 * with the block, if it claims more, or is malformed or truncated.
 */
export function uncompressBlock(block: Uint8Array): Uint8Array | string {
  const preamble = readLength(block);
  if (typeof preamble === "string") return preamble;
  const { length, next } = preamble;
  if (length > MAX_BLOCK_DATA) return `it claims ${length} bytes, more than ${MAX_BLOCK_DATA}`;
  if (block.length > INPUT_SIZE) return `it has ${block.length} bytes`;
  memory.set(block, OUTPUT); // so that the data are in the input of the other functions
  const fault = kernels.uncompress(OUTPUT + next, OUTPUT + block.length, DATA, length);
  return fault === 0 ? memory.subarray(DATA, DATA + length) : explain(fault, length);
}

/** Reads the length at the start of a block: 7 bits per byte, the lowest first. */
function readLength(block: Uint8Array): { length: number; next: number } | string {
  let length = 0;
  for (let i = 0, unit = 1; i < 5; i++, unit *= 128) {
    if (i >= block.length) return "it is truncated";
    const byte = block[i]!;
    length += (byte & 127) * unit;
    if (byte < 128) return { length, next: i + 1 };
  }
  return "its length has more than 5 bytes";
}

/** The meaning of the error numbers of the WebAssembly program. */
function explain(fault: number, length: number): string {
  const done = kernels.doneBytes.value;
  switch (fault) {
    case 1:
      return "it is truncated";
    case 2:
      return `it has more than the ${length} bytes it claims`;
    case 3:
      return `it copies from ${kernels.badOffset.value >>> 0} bytes back after ${done} bytes`;
    default:
      return `it has ${done} bytes but claims ${length}`;
  }
}
