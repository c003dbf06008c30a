/**
 * Errors of the file system, as errors of an object store.
 *
 * @module
 */

import { ObjectStoreError, TritonError } from "../../base/errors.ts";

/** What may be gone when asked again; a full disk is, once somebody has made room. */
const RETRYABLE = new Set([
  "EAGAIN",
  "EBUSY",
  "EDQUOT",
  "EINTR",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOSPC",
  "ESTALE",
  "ETIMEDOUT",
]);

/** The system's name for an error, such as `"ENOENT"`; undefined if it has none. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/**
 * Makes an {@linkcode ObjectStoreError} of what the file system threw.
 *
 * @param what What could not be done, such as `"Cannot get /a/b"`.
 * @param error What was thrown.
 * @param codes Names that an object store has for some of the system's.
 * @returns The error to throw; misuse and errors of Triton's own are returned as they are.
 */
export function directoryError(
  what: string,
  error: unknown,
  codes: Readonly<Record<string, string>> = {},
): unknown {
  const isMisuse = error instanceof RangeError || error instanceof TypeError;
  if (error instanceof TritonError || isMisuse) return error;
  const code = systemCode(error) ?? (error as Error | null)?.name ?? "Unknown";
  return new ObjectStoreError(`${what}: ${reasonOf(error)}`, {
    code: codes[code] ?? code,
    retryable: RETRYABLE.has(code),
    cause: error,
  });
}

/** The system's message without its code and without the path, which are said already. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9]+: ([^,]+), \w+/.exec(message)?.[1] ?? message;
}
