import type { ByteRange } from "./object_store.ts";

/**
 * Finds where a part begins and ends in an object of `size` bytes.
 *
 * @param range The part; undefined for all of it.
 * @returns Offsets of the first byte and of the one after the last; equal if the part is empty.
 * @throws {RangeError} If the range does not consist of whole numbers from 0 up.
 */
export function resolveRange(
  range: ByteRange | undefined,
  size: number,
): { readonly start: number; readonly end: number } {
  if (range === undefined) return { start: 0, end: size };
  checkRange(range);
  if ("suffix" in range) return { start: Math.max(0, size - range.suffix), end: size };
  const start = Math.min(range.offset, size);
  return { start, end: Math.min(size, start + (range.length ?? Infinity)) };
}

/**
 * Checks that a range is made of whole numbers from 0 up.
 *
 * @throws {RangeError} If it is not.
 */
export function checkRange(range: ByteRange): void {
  for (const [name, value] of Object.entries(range)) {
    if (value === undefined || Number.isSafeInteger(value) && value >= 0) continue;
    throw new RangeError(`Cannot get a range with ${name} ${value}: not a whole number from 0 up`);
  }
}

/** Whether a range has no bytes, in any object. */
export function isEmptyRange(range: ByteRange | undefined): boolean {
  if (range === undefined) return false;
  return "suffix" in range ? range.suffix === 0 : range.length === 0;
}
