/**
 * Checks that responses of Kinesis are complete.
 *
 * A response with a missing or invalid part is from a proxy, or was truncated: a retry may help.
 *
 * @module
 */

import { KinesisError } from "../../base/errors.ts";

/**
 * Checks that a part of a response is present.
 *
 * @param what What cannot be done without it, as in `describe stream "clicks"`.
 * @throws {KinesisError} If it is missing.
 */
export function present<T>(part: T | undefined | null, what: string, name: string): T {
  if (part === undefined || part === null) throw invalidResponse(what, name);
  return part;
}

/** Like {@linkcode present}, for text. */
export function text(part: unknown, what: string, name: string): string {
  if (typeof part !== "string") throw invalidResponse(what, name);
  return part;
}

/** Like {@linkcode present}, for a list. */
export function list<T>(
  part: readonly T[] | undefined | null,
  what: string,
  name: string,
): readonly T[] {
  if (!Array.isArray(part)) throw invalidResponse(what, name);
  return part;
}

/** The error for a response that lacks something. */
export function invalidResponse(what: string, missing: string): KinesisError {
  return new KinesisError(`Cannot ${what}: the response lacks ${missing}`, {
    code: "InvalidAnswer",
    retryable: true,
  });
}
