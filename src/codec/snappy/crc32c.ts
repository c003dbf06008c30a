import { INPUT_SIZE, kernels, place } from "../wasm/kernels.ts";

/**
 * Computes the CRC-32C (Castagnoli) of bytes, as RFC 3720 section 12.1 defines it.
 *
 * Slices by 16, after https://doi.org/10.1109/ISCC.2005.8.
 *
 * @example Usage
 * ```ts
 * import { crc32c } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
 * ```
 * @param bytes The bytes.
 * @param previous The checksum of the bytes before these. Default: 0, there are none.
 * @returns The checksum, from 0 to 2^32-1.
 */
export function crc32c(bytes: Uint8Array, previous: number = 0): number {
  let crc = previous;
  for (let at = 0; at < bytes.length; at += INPUT_SIZE) {
    const piece = bytes.subarray(at, at + INPUT_SIZE);
    const from = place(piece);
    crc = kernels.crc32c(from, from + piece.length, crc);
  }
  return crc >>> 0;
}

/**
 * Masks a checksum as the Snappy framing format stores it (its section 3), because a checksum over
 * data that contains its own checksums is weak.
 *
 * @param crc A checksum, from 0 to 2^32-1.
 * @returns The masked checksum, in the same range.
 */
export function maskCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
