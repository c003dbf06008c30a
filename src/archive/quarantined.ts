import {
  Quarantined,
  type QuarantinedRecord,
  readQuarantine,
} from "../codec/tri/archive_quarantine.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { namingKey } from "./archive_record.ts";
import { listAllArchives, type WholeArchiveSelection } from "./listing/list_all_archives.ts";
import {
  type InspectedArchive,
  readManifests,
  type ReadManifestsOptions,
} from "./verify/manifests.ts";
import { retryingStore } from "./retrying_store.ts";

/** Which records to find, and how. */
export interface ListQuarantineOptions extends WholeArchiveSelection, ReadManifestsOptions {}

/** A record that is not an event, and where it was found. */
export interface ArchivedQuarantine extends QuarantinedRecord {
  /** Key of the archive. */
  readonly key: string;
}

/**
 * Finds the records of a stream that were put into quarantine because they are not events.
 *
 * Reads the end of each file, and only files with such records whole.
 *
 * @example Usage
 * ```ts
 * import { listQuarantine, MemoryObjectStore } from "@triton/triton/archive";
 * const store = new MemoryObjectStore();
 * for await (const record of listQuarantine(store, { stream: "clicks_prod" })) {
 *   console.error(`${record.key}: ${record.shardId} ${record.sequenceNumber}: ${record.reason}`);
 * }
 * ```
 * @param store Where the archives are.
 * @param options Which records.
 * @returns The records, file by file, in each as they were archived.
 * @throws {ArchiveFormatError} If a file is damaged; the message names it.
 * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
 * @throws {ObjectStoreError} If the store cannot be read.
 */
export async function* listQuarantine(
  store: ObjectStore,
  options: ListQuarantineOptions,
): AsyncGenerator<ArchivedQuarantine> {
  const reading = retryingStore(store, options);
  const listed = listAllArchives(reading, options);
  for await (const file of readManifests(store, listed, options)) {
    try {
      if (holdsQuarantine(file)) yield* recordsOf(reading, file.entry.key, options.signal);
    } catch (error) {
      throw namingKey(file.entry.key, error);
    }
  }
}

function holdsQuarantine(file: InspectedArchive): boolean {
  if (file.type === "damaged") throw file.error;
  return file.type === "provable" && file.manifest.quarantined > 0;
}

async function* recordsOf(
  store: ObjectStore,
  key: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ArchivedQuarantine> {
  const body = await store.get(key, { signal });
  for await (const record of readQuarantine(body)) {
    yield Object.assign(new Quarantined(), { key, ...record });
  }
}
