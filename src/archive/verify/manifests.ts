import type { Clock } from "../../base/clock.ts";
import { isEmptyArchive, promisesManifest } from "../../codec/tri/archive_format.ts";
import type { ArchiveManifest } from "../../codec/tri/archive_manifest.ts";
import { readArchiveBlocks } from "../../codec/tri/archive_reader.ts";
import { readManifest } from "../../codec/tri/archive_tail.ts";
import { ArchiveFormatError, ObjectStoreError } from "../../base/errors.ts";
import type { ByteRange, ObjectStore } from "../../objects/object_store.ts";
import { retryingStore } from "../retrying_store.ts";
import { inOrder } from "../in_order.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { anySignal } from "../../base/notifier.ts";

/** Options of {@linkcode readManifests}. */
export interface ReadManifestsOptions {
  /** Ends the reading: the next file then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Time, chance and sleeping. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Files that are read at once. Default: 32. */
  readonly filesAtOnce?: number | undefined;
  /** Attempts in a row before the error of a request is thrown. Default: 8. */
  readonly maxAttempts?: number | undefined;
}

/** An archive, and what was found at its end. */
export type InspectedArchive =
  & {
    /** Its key, and what the object store says of it. */
    readonly entry: ArchiveEntry;
  }
  & (
    /** It has a manifest. */
    | { readonly type: "provable"; readonly manifest: ArchiveManifest }
    /** It holds nothing, and never will: it keeps a key from being used. */
    | { readonly type: "empty" }
    /** It has no manifest: another program wrote it, such as go-triton. */
    | { readonly type: "unprovable" }
    /** It should have a manifest, which cannot be read, or the file is gone. */
    | { readonly type: "damaged"; readonly error: ArchiveFormatError | ObjectStoreError }
  );

/** What S3 calls an object that must be restored before it can be read. */
export const COLD_STORAGE = "InvalidObjectState";

/** Enough for a manifest of twenty shards. */
const TAIL_BYTES = 8 * 1024;
/** Enough to see whether a file promises a manifest. */
export const HEAD_BYTES = 23;

/**
 * Reads the manifests of archives: one request a file, a second where a manifest is larger than 8
 * KiB or there is none at the end of a larger file.
 *
 * @example How many events the archives of a stream hold
 * ```ts
 * import { listAllArchives, MemoryObjectStore, readManifests } from "@triton/triton/archive";
 * const store = new MemoryObjectStore();
 * const archives = listAllArchives(store, { stream: "clicks_prod" });
 * let events = 0;
 * for await (const file of readManifests(store, archives)) {
 *   if (file.type === "provable") events += file.manifest.events;
 * }
 * console.log(events);
 * ```
 * @param store Where the archives are.
 * @param archives Which ones.
 * @param options How to read.
 * @returns What was found at the end of each archive, in the order of `archives`; damage is no error.
 * @throws {ObjectStoreError} If the store cannot be read.
 */
export async function* readManifests(
  store: ObjectStore,
  archives: AsyncIterable<ArchiveEntry>,
  options: ReadManifestsOptions = {},
): AsyncGenerator<InspectedArchive> {
  const stop = new AbortController();
  const signal = anySignal(stop.signal, options.signal);
  const reading = retryingStore(store, { ...options, signal });
  try {
    const limit = options.filesAtOnce ?? 32;
    const files = inOrder(archives, limit, (entry) => inspect(reading, entry, signal));
    for await (const file of files) {
      signal.throwIfAborted();
      yield file;
    }
  } finally {
    stop.abort();
  }
}

async function inspect(
  store: ObjectStore,
  entry: ArchiveEntry,
  signal: AbortSignal,
): Promise<InspectedArchive> {
  signal.throwIfAborted();
  if (entry.size === 0) return { type: "damaged", entry, error: noBytesError() };
  const get = async (range: ByteRange) => {
    const body = await store.get(entry.key, { range, signal });
    return { bytes: await body.bytes(), size: body.size };
  };
  try {
    let tail = await get({ suffix: TAIL_BYTES });
    if (isEmptyArchive(tail.bytes)) return { type: "empty", entry };
    let search = readManifest(tail.bytes, tail.size);
    while (search.type === "more") {
      tail = await get({ suffix: search.bytes });
      search = readManifest(tail.bytes, tail.size);
    }
    if (search.type === "found") return { type: "provable", entry, manifest: search.manifest };
    if (tail.bytes.length === tail.size) await readToEnd(tail.bytes);
    else if (promisesManifest((await get({ offset: 0, length: HEAD_BYTES })).bytes)) {
      throw cutOffError(tail.size);
    }
    return { type: "unprovable", entry };
  } catch (error) {
    if (!isAboutFile(error)) throw error;
    return { type: "damaged", entry, error };
  }
}

/** Reads a small file, which fails if it is not an archive, or was cut off. */
async function readToEnd(file: Uint8Array): Promise<void> {
  const events = readArchiveBlocks(file);
  while (!(await events.next()).done);
}

/** The file is gone, was overwritten, or is in cold storage. */
const FILE_CODES: ReadonlySet<string> = new Set(["NoSuchKey", "ObjectChanged", COLD_STORAGE]);

/** Whether an error is about one file only, so that others can be read. */
export function isAboutFile(error: unknown): error is ArchiveFormatError | ObjectStoreError {
  return error instanceof ArchiveFormatError ||
    error instanceof ObjectStoreError && FILE_CODES.has(error.code);
}

function noBytesError(): ArchiveFormatError {
  return new ArchiveFormatError(
    "Cannot read archive: the file has no bytes, and even an empty archive has 10",
    { offset: 0 },
  );
}

function cutOffError(size: number): ArchiveFormatError {
  return new ArchiveFormatError(
    "Cannot read manifest: the file promises one and does not end with one, so it was cut off",
    { offset: size },
  );
}
