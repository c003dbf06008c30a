/**
 * Finding the archives of a stream when nobody knows the first day.
 *
 * @module
 */

import type { ObjectStore } from "../objects/object_store.ts";
import { type ArchiveDate, parseDay } from "./days.ts";
import {
  type ArchiveEntry,
  type ArchiveSelection,
  compareEntries,
  listArchives,
  type ListArchivesOptions,
  parseEntry,
} from "./list_archives.ts";

/** Which archives to find, where all days may be meant. */
export interface WholeArchiveSelection extends Omit<ArchiveSelection, "from"> {
  /** The first day, in UTC, by the archives' keys: the first that there is unless given. */
  readonly from?: ArchiveDate | undefined;
  /** The last day, which is included: the last that there is unless given. */
  readonly to?: ArchiveDate | undefined;
}

/** Options of {@linkcode listAllArchives}. */
export interface ListAllArchivesOptions
  extends Omit<ListArchivesOptions, "from" | "to">, WholeArchiveSelection {}

/** What a key of an archive begins with. */
const FIRST_CHARACTERS = "0123456789";
/** Later than any day of the Gregorian calendar with four digits of a year. */
const LAST_DAY = "99991231";

/**
 * Lists the archives of a stream in the order of {@linkcode listArchives}, those of all days unless
 * the first is given.
 *
 * Without a first day, all keys that begin with a digit are listed, page after page: also those of
 * other streams in the same bucket.
 *
 * @example Usage
 * ```ts
 * import { listAllArchives, MemoryObjectStore } from "@triton/triton/archive";
 * import { deepEqual } from "node:assert/strict";
 * const store = new MemoryObjectStore();
 * await store.put("20151001/clicks_prod-store-1443657600.tri", new Uint8Array(10));
 * await store.put("20251001/clicks_prod-store-1759276800.tri", new Uint8Array(10));
 * const archives = listAllArchives(store, { stream: "clicks_prod" });
 * deepEqual(await Array.fromAsync(archives, ({ day }) => day), ["20151001", "20251001"]);
 * ```
 * @param store Where the archives are.
 * @param options Which archives.
 * @returns The archives; also those that hold no event.
 * @throws {RangeError} If a day does not exist, or the last one is before the first.
 * @throws {ObjectStoreError} If the store cannot be listed.
 */
export async function* listAllArchives(
  store: ObjectStore,
  options: ListAllArchivesOptions,
): AsyncGenerator<ArchiveEntry> {
  const { from, client } = options;
  if (from !== undefined) return yield* listArchives(store, { ...options, from });
  const to = options.to === undefined ? LAST_DAY : parseDay(options.to);
  let entries: ArchiveEntry[] = [];
  for await (const entry of listDigits(store, options)) {
    if (entry.day !== entries[0]?.day) {
      yield* entries.sort(compareEntries);
      entries = [];
    }
    if (entry.day > to) return;
    if (client === undefined || entry.client === client) entries.push(entry);
  }
  yield* entries.sort(compareEntries);
}

/** Lists the archives of all clients of a stream, in the order of their keys. */
async function* listDigits(
  store: ObjectStore,
  { stream, signal }: ListAllArchivesOptions,
): AsyncGenerator<ArchiveEntry> {
  for (const prefix of FIRST_CHARACTERS) {
    for await (const info of store.list(prefix, { signal })) {
      signal?.throwIfAborted();
      const entry = parseEntry(info);
      if (entry?.stream === stream) yield entry;
    }
  }
}
