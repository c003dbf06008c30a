/**
 * Finding the archives of a stream.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { type ArchiveKey, parseArchiveKey } from "../codec/archive_key.ts";
import { ArchiveFormatError } from "../errors.ts";
import { compareKeys } from "../objects/keys.ts";
import type { ObjectInfo, ObjectStore } from "../objects/object_store.ts";
import { type ArchiveDate, daysBetween, parseDay } from "./days.ts";

/** Which archives to find. */
export interface ArchiveSelection {
  /** Name of the stream, as Kinesis knows it; others that begin with it are not meant. */
  readonly stream: string;
  /** The first day, in UTC, by the archives' keys. */
  readonly from: ArchiveDate;
  /** The last day, which is included: today unless given. */
  readonly to?: ArchiveDate | undefined;
  /** Only archives that this client wrote: those of all clients unless given. */
  readonly client?: string | undefined;
}

/** Options of {@linkcode listArchives}. */
export interface ListArchivesOptions extends ArchiveSelection {
  /** Gives up: the next archive then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Says which day today is: the machine's unless given. */
  readonly clock?: Clock | undefined;
}

/** One archive, as its key and the object store tell of it. */
export interface ArchiveEntry extends ArchiveKey {
  /** Size of the file in bytes. */
  readonly size: number;
  /** When the file was written, by the object store's clock. */
  readonly modifiedAt: Date;
}

/** How many days are listed at once: a year in 46 round trips. */
const DAYS_AT_ONCE = 8;

/**
 * Lists the archives of a stream over a range of days, in order: by the day in their keys, then by
 * the time of their creation, then by key, whoever wrote them.
 *
 * Each day is listed to its last page, several days at once. Objects whose keys are not those of
 * archives are passed over: other things may live in the same bucket.
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
 * @throws {RangeError} If a day does not exist, or the last one is before the first.
 * @throws {ObjectStoreError} If the store cannot be listed.
 */
export async function* listArchives(
  store: ObjectStore,
  options: ListArchivesOptions,
): AsyncGenerator<ArchiveEntry> {
  const { from, to } = parseRange(options);
  const stop = new AbortController();
  const signals = [stop.signal, options.signal].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  const days = daysBetween(from, to);
  const ahead: Promise<ArchiveEntry[]>[] = [];
  const listNext = () => {
    const day = days.next();
    if (day.done) return;
    const listing = listDay(store, day.value, { ...options, signal });
    listing.catch(() => {}); // seen when its turn comes, if it does
    ahead.push(listing);
  };
  try {
    for (let i = 0; i < DAYS_AT_ONCE; i++) listNext();
    for (let day = ahead.shift(); day !== undefined; day = ahead.shift()) {
      const entries = await day;
      listNext();
      for (const entry of entries) {
        options.signal?.throwIfAborted();
        yield entry;
      }
    }
  } finally {
    stop.abort();
  }
}

/**
 * Finds the first and the last day of a selection.
 *
 * @returns Both as `YYYYMMDD`.
 * @throws {RangeError} If one does not exist, or the last one is before the first.
 */
export function parseRange(
  options: ListArchivesOptions,
): { readonly from: string; readonly to: string } {
  const { clock = systemClock } = options;
  const from = parseDay(options.from);
  const to = parseDay(options.to ?? new Date(clock.now()));
  if (from <= to) return { from, to };
  throw new RangeError(`Cannot list archives from ${from} to ${to}: the end is before the start`);
}

async function listDay(
  store: ObjectStore,
  day: string,
  { stream, client, signal }: ListArchivesOptions,
): Promise<ArchiveEntry[]> {
  const prefix = `${day}/${stream}-${client === undefined ? "" : `${client}-`}`;
  const entries: ArchiveEntry[] = [];
  for await (const info of store.list(prefix, { signal })) {
    const entry = parseEntry(info);
    // The prefix of stream "a" is also that of stream "a-b".
    if (entry?.stream !== stream) continue;
    if (client === undefined || entry.client === client) entries.push(entry);
  }
  return entries.sort(compareEntries);
}

/** Compares archives of one day: by the time of their creation, then by key. */
export function compareEntries(a: ArchiveEntry, b: ArchiveEntry): number {
  return a.createdAt - b.createdAt || compareKeys(a.key, b.key);
}

/** The archive that an object is; undefined if its key is not that of one. */
export function parseEntry({ key, size, modifiedAt }: ObjectInfo): ArchiveEntry | undefined {
  try {
    return { ...parseArchiveKey(key), size, modifiedAt };
  } catch (error) {
    if (error instanceof ArchiveFormatError) return undefined;
    throw error;
  }
}
