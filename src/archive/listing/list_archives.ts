import { type Clock, systemClock } from "../../base/clock.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { type ArchiveDate, type DayRange, parseDay } from "./days.ts";
import { listDays } from "./list_days.ts";
import { type ArchivePart, checkPart } from "./part.ts";

/** Which archives to find. */
export interface ArchiveSelection {
  /** Name of the stream, as Kinesis knows it; others that begin with it are not meant. */
  readonly stream: string;
  /** The first day, in UTC, by the archives' keys. */
  readonly from: ArchiveDate;
  /** The last day, inclusive. Default: today. */
  readonly to?: ArchiveDate | undefined;
  /** Only archives that this client wrote. Default: all clients. */
  readonly client?: string | undefined;
  /**
   * Only one part of the archives, to divide work between processes that do not know of each other:
   * each archive is in exactly one part, by its key. Default: all.
   */
  readonly part?: ArchivePart | undefined;
}

/** Options of {@linkcode listArchives}. */
export interface ListArchivesOptions extends ArchiveSelection {
  /** Gives up: the next archive then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Clock for the default of `to`. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/**
 * Lists the archives of a stream over a range of days, in order: by the day in their keys, then by
 * the time of their creation, then by key, for all writers together.
 *
 * A long range costs pages, not days: the days that exist are listed first, 1,000 a page,
 * and a month that holds few objects is one listing. Objects whose keys are not those of archives are
 * skipped: the bucket may contain other objects.
 *
 * @example Usage
 * ```ts
 * import { listArchives, MemoryObjectStore } from "@triton/triton/archive";
 * import { deepEqual } from "node:assert/strict";
 * const store = new MemoryObjectStore();
 * await store.put("20151001/clicks_prod-store-1443657600.tri", new Uint8Array(10));
 * await store.put("20151002/clicks_prod-store-1443744000.tri", new Uint8Array(10));
 * const options = { stream: "clicks_prod", from: "2015-10-01", to: "2015-10-01" };
 * const keys = await Array.fromAsync(listArchives(store, options), (archive) => archive.key);
 * deepEqual(keys, ["20151001/clicks_prod-store-1443657600.tri"]);
 * ```
 * @param store Where the archives are.
 * @param options Which archives.
 * @returns The archives; also those that hold no event.
 * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
 * @throws {ObjectStoreError} If the store cannot be listed.
 */
export async function* listArchives(
  store: ObjectStore,
  options: ListArchivesOptions,
): AsyncGenerator<ArchiveEntry> {
  yield* listDays(store, parseRange(options), options);
}

/**
 * Finds the first and the last day of a selection, and checks its part.
 *
 * @returns Both as `YYYYMMDD`.
 * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
 */
export function parseRange(options: ListArchivesOptions): DayRange {
  const { clock = systemClock, part } = options;
  if (part !== undefined) checkPart(part);
  const from = parseDay(options.from);
  const to = parseDay(options.to ?? new Date(clock.now()));
  if (from <= to) return { from, to };
  throw new RangeError(`Cannot list archives from ${from} to ${to}: the end is before the start`);
}
