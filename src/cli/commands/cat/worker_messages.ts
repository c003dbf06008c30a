import { ArchiveFormatError, TritonError } from "../../../base/errors.ts";
import type { ArchiveDamage } from "../../../codec/tri/archive_options.ts";

/** What the main thread sends for each piece of a file, and at the end of the file. */
export interface LinesRequest {
  /** Set for the first request of a file: whether damaged parts are skipped, and its name in keys. */
  readonly start?: { readonly salvage: boolean; readonly file?: string | undefined };
  /** The next bytes of the file; none at its end. */
  readonly piece?: Uint8Array<ArrayBuffer>;
  /** A buffer for the lines, if it is large enough. */
  readonly room: Uint8Array<ArrayBuffer>;
}

/** What the worker sends for each request, in their order. */
export interface LinesReply {
  readonly lines: Uint8Array<ArrayBuffer>;
  /** The buffer of the request, to be used again. */
  readonly piece?: Uint8Array<ArrayBuffer>;
  /** Number of events in `lines`. */
  readonly events: number;
  /** Size of these events, in bytes. */
  readonly bytes: number;
  readonly damages: readonly (Omit<ArchiveDamage, "error"> & { readonly error: PlainError })[];
  /** Why the file could not be read any further. */
  readonly error?: PlainError;
}

/** An error as it passes between threads. */
export interface PlainError {
  readonly message: string;
  /** Set for an {@linkcode ArchiveFormatError}. */
  readonly offset?: number;
}

/** Converts an error for the other thread. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof ArchiveFormatError) return { message: error.message, offset: error.offset };
  return { message: error instanceof Error ? error.message : String(error) };
}

/** Converts an error of the other thread. */
export function fromPlainError({ message, offset }: PlainError): Error {
  return offset === undefined ? new TritonError(message) : formatError({ message, offset });
}

/** Converts an {@linkcode ArchiveFormatError} of the other thread. */
export function formatError({ message, offset = 0 }: PlainError): ArchiveFormatError {
  return new ArchiveFormatError(message, { offset });
}
