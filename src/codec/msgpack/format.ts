/**
 * Limits, sizes and errors for all MessagePack readers and writers.
 *
 * @module
 */

import { ArchiveFormatError } from "../../base/errors.ts";

/**
 * How deep arrays and maps may be nested. Real events stay below ten; the limit bounds the memory of
 * readers, and is far below what exhausts a stack.
 */
export const MAX_DEPTH = 10_000;

/**
 * Sizes in bytes, first byte included, of values whose size is known from the first byte; 0 for all
 * others: long strings, binaries and extensions, non-empty containers, and 0xc1.
 */
export const FIXED_SIZES: Uint8Array = fixedSizes();

function fixedSizes(): Uint8Array {
  const sizes = new Uint8Array(256);
  sizes.fill(1, 0x00, 0x80); // positive fixint
  sizes[0x80] = sizes[0x90] = 1; // empty map, empty array
  for (let length = 0; length < 32; length++) sizes[0xa0 + length] = 1 + length; // fixstr
  sizes[0xc0] = sizes[0xc2] = sizes[0xc3] = 1; // nil, false, true
  sizes.set([5, 9, 2, 3, 5, 9, 2, 3, 5, 9], 0xca); // float 32, 64; uint 8 to 64; int 8 to 64
  sizes.set([3, 4, 6, 10, 18], 0xd4); // fixext 1 to 16
  sizes.fill(1, 0xe0, 0x100); // negative fixint
  return sizes;
}

/** An error for 0xc1, which no value starts with. */
export function unknownTypeError(offset: number): ArchiveFormatError {
  return new ArchiveFormatError(
    `Cannot read MessagePack at offset ${offset}: no value begins with 0xc1`,
    { offset },
  );
}

/** An error for nesting over {@linkcode MAX_DEPTH}. */
export function tooDeepError(offset: number): ArchiveFormatError {
  return new ArchiveFormatError(
    `Cannot read MessagePack at offset ${offset}: nested more than ${MAX_DEPTH} deep`,
    { offset },
  );
}

/** An error for bytes that end inside the value that starts at `offset`. */
export function truncatedError(offset: number): ArchiveFormatError {
  return new ArchiveFormatError(
    `Cannot read MessagePack at offset ${offset}: the bytes end before the value does`,
    { offset },
  );
}

/** An error for bytes after a value that should be the only one. */
export function trailingError(offset: number): ArchiveFormatError {
  return new ArchiveFormatError(
    `Cannot read MessagePack at offset ${offset}: more bytes follow the value`,
    { offset },
  );
}

/** Whether a value that starts with `lead` is a map. */
export function isMapLead(lead: number): boolean {
  return (lead & 0xf0) === 0x80 || lead === 0xde || lead === 0xdf;
}

/** An error for an event that is not a map. */
export function notMapError(offset: number, lead: number): ArchiveFormatError {
  const hex = lead.toString(16).padStart(2, "0");
  return new ArchiveFormatError(
    `Cannot read event at offset ${offset}: it begins with 0x${hex}, not as a map`,
    { offset },
  );
}
