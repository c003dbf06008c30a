import { TritonError } from "../../base/errors.ts";
import { anySignal } from "../../base/notifier.ts";
import { type ArchiveKey, parseArchiveKey } from "../../codec/tri/archive_key.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { type ArchiveEntry, entryOf } from "../archive_entry.ts";
import { inOrder } from "../in_order.ts";
import { parseDay } from "./days.ts";
import { isInPart } from "./in_part.ts";
import type { WholeArchiveSelection } from "./list_all_archives.ts";
import { checkPart } from "./part.ts";

/** The key of an archive, and where it was written. */
export interface NamedKey {
  /** Key of the archive, without bucket and prefix. */
  readonly key: string;
  /** What errors call it, such as `line 7 of keys.txt`. */
  readonly place: string;
}

/** Keys of archives, with the place of each or without. */
export type KeyList = Iterable<string | NamedKey> | AsyncIterable<string | NamedKey>;

/** Options of {@linkcode findArchives}. */
export interface FindArchivesOptions extends Partial<WholeArchiveSelection> {
  /** Gives up: the next archive then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Requests that run at once. */
const REQUESTS_AT_ONCE = 32;

/**
 * Finds archives by their keys, in the given order, with one request for each, 32 at once.
 *
 * The keys are read as they are needed, so any number of them takes the same memory. A key that is
 * given twice is found twice.
 *
 * @example Usage
 * ```ts
 * import { findArchives, MemoryObjectStore } from "@triton/triton/archive";
 * import { equal } from "node:assert/strict";
 * const store = new MemoryObjectStore();
 * const key = "20151001/clicks_prod-store-1443657600.tri";
 * await store.put(key, new Uint8Array(10));
 * const [archive] = await Array.fromAsync(findArchives(store, [key]));
 * equal(archive?.size, 10);
 * ```
 * @param store Where the archives are.
 * @param keys Their keys; with the place of each, which errors then name.
 * @param options What they must be: a key of another stream, client or day is an error. `part` skips
 * those of other parts.
 * @returns The archives, after those before each error.
 * @throws {TritonError} If a key is not that of an archive, or there is no such archive, or it is not
 * what it must be. The message names the key and its place.
 * @throws {ObjectStoreError} If the store cannot be read.
 */
export async function* findArchives(
  store: ObjectStore,
  keys: KeyList,
  options: FindArchivesOptions = {},
): AsyncGenerator<ArchiveEntry> {
  const stop = new AbortController();
  const signal = anySignal(stop.signal, options.signal);
  try {
    const found = inOrder(
      checkedKeys(keys, options),
      REQUESTS_AT_ONCE,
      (key) => find(store, key, signal),
    );
    for await (const entry of found) {
      options.signal?.throwIfAborted();
      yield entry;
    }
  } finally {
    stop.abort();
  }
}

/** A key that was parsed, and what errors call it. */
export interface CheckedKey extends ArchiveKey {
  readonly name: string;
}

async function find(
  store: ObjectStore,
  { name, ...key }: CheckedKey,
  signal: AbortSignal,
): Promise<ArchiveEntry> {
  const info = await store.head(key.key, { signal });
  if (info !== undefined) return entryOf(key, info);
  throw new TritonError(`Cannot find ${name}: there is no such archive in ${store.url}`);
}

/**
 * Parses and checks the keys, and skips those of other parts.
 *
 * @throws {TritonError} If one is not that of an archive, or not of one that is meant.
 */
export async function* checkedKeys(
  keys: KeyList,
  options: FindArchivesOptions,
): AsyncGenerator<CheckedKey> {
  if (options.part !== undefined) checkPart(options.part);
  const check = checkerOf(options);
  let count = 0;
  for await (const item of keys) {
    count++;
    const { key, place } = typeof item === "string" ? { key: item, place: `key ${count}` } : item;
    const parsed = { ...parse(key, place), name: `"${key}" (${place})` };
    const fault = check(parsed);
    if (fault !== undefined) throw new TritonError(`Cannot use ${parsed.name}: ${fault}`);
    if (isInPart(key, options.part)) yield parsed;
  }
}

function parse(key: string, place: string): ArchiveKey {
  try {
    return parseArchiveKey(key);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TritonError(`${error.message} (${place})`, { cause: error });
  }
}

/** Makes the check of whether an archive is what it must be. */
function checkerOf(options: FindArchivesOptions): (key: ArchiveKey) => string | undefined {
  const { stream, client } = options;
  const from = options.from === undefined ? undefined : parseDay(options.from);
  const to = options.to === undefined ? undefined : parseDay(options.to);
  return (key) => {
    if (stream !== undefined && key.stream !== stream) {
      return `it is of stream "${key.stream}", not of "${stream}"`;
    }
    if (client !== undefined && key.client !== client) {
      return `it is of client "${key.client}", not of "${client}"`;
    }
    if (from !== undefined && key.day < from) return `its day is before ${from}`;
    if (to !== undefined && key.day > to) return `its day is after ${to}`;
    return undefined;
  };
}
