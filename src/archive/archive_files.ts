import type { ObjectStore } from "../objects/object_store.ts";
import type { RetryingOptions } from "../base/retry.ts";
import type { FileBuffer } from "./file_buffer.ts";
import type { ArchiveEntry } from "./archive_entry.ts";
import { type ArchiveSelection, listArchives } from "./listing/list_archives.ts";
import { READ_AHEAD, readAhead } from "./read_ahead.ts";
import { retryingStore } from "./retrying_store.ts";

/** How to read files. */
export interface ReadFilesOptions
  extends Pick<RetryingOptions, "clock" | "maxAttempts" | "onRetry"> {
  /** Ends the reading at once. */
  readonly signal: AbortSignal;
  /** Most files fetched at once. Default: 96. */
  readonly prefetchFiles?: number | undefined;
  /** Most bytes fetched ahead. Default: 32 MiB. */
  readonly prefetchBytes?: number | undefined;
}

/** Which files to read, and how. */
export interface ArchiveFilesOptions extends ArchiveSelection, ReadFilesOptions {}

/**
 * Yields the archives of a stream, in order, to be read before the next one is requested. The next
 * files are fetched meanwhile, and requests are retried.
 */
export function archiveFiles(
  store: ObjectStore,
  options: ArchiveFilesOptions,
): AsyncGenerator<FileBuffer> {
  return filesOf(store, (retrying) => listArchives(retrying, options), options);
}

/**
 * Yields files as {@linkcode archiveFiles} does.
 *
 * @param list Finds the files in the store, whose requests are retried.
 */
export function filesOf(
  store: ObjectStore,
  list: (store: ObjectStore) => AsyncIterable<ArchiveEntry>,
  options: ReadFilesOptions,
): AsyncGenerator<FileBuffer> {
  const { clock, maxAttempts, onRetry, signal } = options;
  // Each call has the signal.
  const retrying = retryingStore(store, { clock, maxAttempts, onRetry });
  const { prefetchFiles: files = READ_AHEAD.files, prefetchBytes: bytes = READ_AHEAD.bytes } =
    options;
  return readAhead(retrying, list(retrying), { files, bytes, signal });
}
