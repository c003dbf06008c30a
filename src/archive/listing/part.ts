/** One of several parts of an archive: `{ number: 1, of: 4 }` is the first of four. */
export interface ArchivePart {
  /** Which part it is, from 1 to `of`. */
  readonly number: number;
  /** Number of parts. */
  readonly of: number;
}

/**
 * Parses a part such as `3/64`, the third of 64.
 *
 * @example Usage
 * ```ts
 * import { parsePart } from "@triton/triton/archive";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(parsePart("3/64"), { number: 3, of: 64 });
 * ```
 * @param text Two positive integers with a slash between them.
 * @returns The part.
 * @throws {RangeError} If it is not that, or there is no such part.
 */
export function parsePart(text: string): ArchivePart {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (match === null) {
    throw new RangeError(
      `Cannot use part "${text}": it is not I/N, such as 3/64 for the third of 64 parts`,
    );
  }
  return checkPart({ number: Number(match[1]), of: Number(match[2]) });
}

/**
 * Returns the part if it exists.
 *
 * @throws {RangeError} If it does not.
 */
export function checkPart(part: ArchivePart): ArchivePart {
  const { number, of } = part;
  const name = formatPart(part);
  if (!Number.isSafeInteger(of) || of < 1) {
    throw new RangeError(
      `Cannot use part "${name}": the number of parts is not a positive integer`,
    );
  }
  if (Number.isInteger(number) && number >= 1 && number <= of) return part;
  throw new RangeError(`Cannot use part "${name}": the parts are 1/${of} to ${of}/${of}`);
}

/** Formats a part as {@linkcode parsePart} reads it. */
export function formatPart({ number, of }: ArchivePart): string {
  return `${number}/${of}`;
}
