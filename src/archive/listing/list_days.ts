import { compareKeys } from "../../objects/keys.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { type ArchiveEntry, compareEntries, parseEntry } from "../archive_entry.ts";
import { countDays, type DayRange, daysBetween } from "./days.ts";
import { inOrder } from "../in_order.ts";
import { anySignal } from "../../base/notifier.ts";
import { isInPart } from "./in_part.ts";
import type { ArchivePart } from "./part.ts";

/** Whose archives to list. */
export interface DayListing {
  readonly stream: string;
  /** The client that wrote them. Default: all clients. */
  readonly client?: string | undefined;
  /** Which part of them. Default: all. */
  readonly part?: ArchivePart | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Listings that run at once. A range of as many days is listed without looking for those that exist. */
const LISTINGS_AT_ONCE = 8;

/** Two pages: a month that holds more objects, of whatever stream, is listed day by day. */
const FEW_OBJECTS = 2_000;

/**
 * Lists the archives of a stream over a range of days: by day, then in the order of `compareEntries`.
 */
export async function* listDays(
  store: ObjectStore,
  range: DayRange,
  options: DayListing,
): AsyncGenerator<ArchiveEntry> {
  const stop = new AbortController();
  const listing = { ...options, signal: anySignal(stop.signal, options.signal) };
  try {
    for await (const entry of listSpans(store, await spansOf(store, range, listing), listing)) {
      options.signal?.throwIfAborted();
      yield entry;
    }
  } finally {
    stop.abort();
  }
}

/** Days that are listed together: one, or days of one month. */
type Span = readonly string[];

async function* listSpans(
  store: ObjectStore,
  spans: readonly Span[],
  options: DayListing,
): AsyncGenerator<ArchiveEntry> {
  const listings = inOrder(spans, LISTINGS_AT_ONCE, async (span) => ({
    span,
    entries: await (span.length === 1 ? listDay : listMonth)(store, span, options),
  }));
  for await (const { span, entries } of listings) {
    yield* entries ?? listSpans(store, span.map((day) => [day]), options);
  }
}

/** The days of a range in spans; of a long range only those that there are. */
async function spansOf(store: ObjectStore, range: DayRange, options: DayListing): Promise<Span[]> {
  if (countDays(range) <= LISTINGS_AT_ONCE) {
    return [...daysBetween(range.from, range.to)].map((day) => [day]);
  }
  const days = await Array.fromAsync(daysThere(store, range, options));
  return [...Map.groupBy(days, (day) => day.slice(0, 6)).values()];
}

/** The days of a range of which the store holds something. */
async function* daysThere(
  store: ObjectStore,
  { from, to }: DayRange,
  { signal }: DayListing,
): AsyncGenerator<string> {
  for await (const folder of store.folders("", { signal, from: `${from}/` })) {
    const day = folder.slice(0, -1);
    if (day > to) return;
    if (/^\d{8}$/.test(day)) yield day;
  }
}

async function listDay(
  store: ObjectStore,
  [day]: Span,
  options: DayListing,
): Promise<ArchiveEntry[]> {
  const { stream, client, signal } = options;
  const prefix = `${day}/${stream}-${client === undefined ? "" : `${client}-`}`;
  const entries = await Array.fromAsync(store.list(prefix, { signal }), parseEntry);
  return entries.filter((entry) => isMeant(entry, options)).sort(compareEntries);
}

/** Lists days of one month, those of other streams included; undefined if it holds too much. */
async function listMonth(
  store: ObjectStore,
  days: Span,
  options: DayListing,
): Promise<ArchiveEntry[] | undefined> {
  const { signal } = options;
  const [first, last] = [days[0]!, days.at(-1)!];
  const entries: ArchiveEntry[] = [];
  let count = 0;
  for await (const info of store.list(first.slice(0, 6), { signal, startAfter: first })) {
    if (info.key.slice(0, last.length) > last) break;
    if (++count > FEW_OBJECTS) return undefined;
    const entry = parseEntry(info);
    if (isMeant(entry, options)) entries.push(entry);
  }
  return entries.sort((a, b) => compareKeys(a.day, b.day) || compareEntries(a, b));
}

function isMeant(
  entry: ArchiveEntry | undefined,
  { stream, client, part }: DayListing,
): entry is ArchiveEntry {
  // The prefix of stream "a" is also that of stream "a-b".
  return entry?.stream === stream && (client === undefined || entry.client === client) &&
    isInPart(entry.key, part);
}
