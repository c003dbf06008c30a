import type { ObjectStore } from "../../objects/object_store.ts";
import { type ArchiveDate, parseDay } from "./days.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { type ArchiveSelection, listArchives, type ListArchivesOptions } from "./list_archives.ts";
import { listDays } from "./list_days.ts";
import { checkPart } from "./part.ts";

/** Which archives to find, where all days may be meant. */
export interface WholeArchiveSelection extends Omit<ArchiveSelection, "from"> {
  /** The first day, in UTC, by the archives' keys. Default: the first that exists. */
  readonly from?: ArchiveDate | undefined;
  /** The last day, inclusive. Default: the last that exists. */
  readonly to?: ArchiveDate | undefined;
}

/** Options of {@linkcode listAllArchives}. */
export interface ListAllArchivesOptions
  extends Omit<ListArchivesOptions, "from" | "to">, WholeArchiveSelection {}

/** Earlier and later than any day of the calendar: programs of all kinds have written archives. */
const ALL_DAYS = { from: "00000000", to: "99999999" };

/**
 * Lists the archives of a stream in the order of {@linkcode listArchives}, those of all days unless
 * the first is given.
 *
 * Without a first day, the days are listed first, 1,000 a page.
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
 * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
 * @throws {ObjectStoreError} If the store cannot be listed.
 */
export async function* listAllArchives(
  store: ObjectStore,
  options: ListAllArchivesOptions,
): AsyncGenerator<ArchiveEntry> {
  const { from } = options;
  if (from !== undefined) return yield* listArchives(store, { ...options, from });
  if (options.part !== undefined) checkPart(options.part);
  const to = options.to === undefined ? ALL_DAYS.to : parseDay(options.to);
  yield* listDays(store, { ...ALL_DAYS, to }, options);
}
