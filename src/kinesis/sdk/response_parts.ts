/**
 * Insisting on the parts of a response of Kinesis.
 *
 * What is missing, or is not what it must be, comes from a proxy or was cut short: asking again may
 * help.
 *
 * @module
 */

import { KinesisError } from "../../base/errors.ts";

/**
 * Insists on a part of a response.
 *
 * @param part The part.
 * @param what What could not be done without it, as in `describe stream "clicks"`.
 * @param name The part's name.
 * @returns The part.
 * @throws {KinesisError} If it is not there.
 */
export function present<T>(part: T | undefined | null, what: string, name: string): T {
  if (part === undefined || part === null) throw invalidResponse(what, name);
  return part;
}

/** As {@linkcode present} does, of a text. */
export function text(part: unknown, what: string, name: string): string {
  if (typeof part !== "string") throw invalidResponse(what, name);
  return part;
}

/** As {@linkcode present} does, of a list. */
export function list<T>(
  part: readonly T[] | undefined | null,
  what: string,
  name: string,
): readonly T[] {
  if (!Array.isArray(part)) throw invalidResponse(what, name);
  return part;
}

/** Says what a response lacks. */
export function invalidResponse(what: string, missing: string): KinesisError {
  return new KinesisError(`Cannot ${what}: the response lacks ${missing}`, {
    code: "InvalidAnswer",
    retryable: true,
  });
}
