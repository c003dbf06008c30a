import { ObjectStoreError, TritonError } from "../../base/errors.ts";

/** Errors that may be gone at a retry; a full disk, for example, once there is room. */
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

/** Whether a file does not exist, or a part of its path is no directory. */
export function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "");
}

/**
 * Converts an error of the file system to an {@linkcode ObjectStoreError}.
 *
 * @param what What could not be done, such as `"Cannot get /a/b"`.
 * @param codes Names that an object store has for some of the system's.
 * @returns The error to throw; misuse and Triton's own errors are returned unchanged.
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

/** The system's message without the code and the path, which are already in the error. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9]+: ([^,]+), \w+/.exec(message)?.[1] ?? message;
}
