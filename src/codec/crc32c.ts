/**
 * CRC-32C, the checksum of the Snappy framing format.
 *
 * @module
 */

/** The Castagnoli polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/**
 * Sixteen tables of 256 entries: table k holds what a byte does to the checksum when k more bytes
 * follow it, so that sixteen bytes take sixteen independent look-ups instead of a chain of them.
 */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = (shorter >>> 8) ^ tables[shorter & 0xff]!;
  }
  return tables;
}

/**
 * Computes the CRC-32C (Castagnoli) of bytes, as RFC 3720 section 12.1 defines it.
 *
 * Slices by 16 (after https://doi.org/10.1109/ISCC.2005.8), which in Deno takes two thirds of the
 * time of slicing by 8.
 *
 * @example Usage
 * ```ts
 * import { crc32c } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
 * ```
 * @param bytes What to sum up.
 * @param previous The checksum of the bytes that came before these: none unless given.
 * @returns The checksum, from 0 to 2^32-1.
 */
export function crc32c(bytes: Uint8Array, previous: number = 0): number {
  const t = TABLES;
  const length = bytes.length;
  let crc = ~previous;
  let i = 0;
  if (length >= 16) {
    // A DataView reads words at any alignment, as fast as an aligned Int32Array would.
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    for (const end = length - 15; i < end; i += 16) {
      const a = crc ^ view.getInt32(i, true);
      const b = view.getInt32(i + 4, true);
      const c = view.getInt32(i + 8, true);
      const d = view.getInt32(i + 12, true);
      crc = t[3840 + (a & 255)]! ^ t[3584 + ((a >>> 8) & 255)]! ^
        t[3328 + ((a >>> 16) & 255)]! ^ t[3072 + (a >>> 24)]! ^
        t[2816 + (b & 255)]! ^ t[2560 + ((b >>> 8) & 255)]! ^
        t[2304 + ((b >>> 16) & 255)]! ^ t[2048 + (b >>> 24)]! ^
        t[1792 + (c & 255)]! ^ t[1536 + ((c >>> 8) & 255)]! ^
        t[1280 + ((c >>> 16) & 255)]! ^ t[1024 + (c >>> 24)]! ^
        t[768 + (d & 255)]! ^ t[512 + ((d >>> 8) & 255)]! ^
        t[256 + ((d >>> 16) & 255)]! ^ t[d >>> 24]!;
    }
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/**
 * Masks a checksum the way the Snappy framing format stores it (its section 3), because a checksum
 * over data that holds its own checksums is a weak one.
 *
 * @param crc A checksum, from 0 to 2^32-1.
 * @returns The masked checksum, in the same range.
 */
export function maskCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
