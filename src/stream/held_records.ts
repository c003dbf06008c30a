import { entryBytes } from "../kinesis/put_limits.ts";
import type { IndexedEntry } from "./writer/put_batch.ts";

/** Limits of a request. */
export interface RequestLimits {
  /** Maximum number of records. */
  readonly records: number;
  /** Maximum number of bytes, keys included; a single record may have more. */
  readonly bytes: number;
  /** Whether a request holds at most one record of each key. */
  readonly ordered: boolean;
}

/** Records that a stream refused temporarily, and later ones of the same keys. */
export class HeldRecords {
  /** The records of each key, in order. */
  readonly #queues = new Map<string, IndexedEntry[]>();
  count = 0;
  /** Their bytes, keys included. */
  bytes = 0;

  /** All of them, in the order of each key. */
  get all(): IndexedEntry[] {
    return [...this.#queues.values()].flat();
  }

  add(entries: readonly IndexedEntry[]): void {
    for (const entry of entries) {
      const queue = this.#queues.get(entry.partitionKey);
      if (queue === undefined) this.#queues.set(entry.partitionKey, [entry]);
      else queue.push(entry);
      this.count++;
      this.bytes += entryBytes(entry);
    }
  }

  /** Holds back records whose key has held records; returns the others. */
  addFollowers(entries: readonly IndexedEntry[]): readonly IndexedEntry[] {
    if (this.#queues.size === 0) return entries;
    this.add(entries.filter(({ partitionKey }) => this.#queues.has(partitionKey)));
    return entries.filter(({ partitionKey }) => !this.#queues.has(partitionKey));
  }

  /** The records of the next request, oldest first; they stay held until they are removed. */
  next({ records, bytes, ordered }: RequestLimits): IndexedEntry[] {
    const candidates = ordered ? [...this.#queues.values()].map(([first]) => first!) : this.all;
    candidates.sort((a, b) => a.index - b.index);
    let size = 0;
    const end = candidates.findIndex((entry, i) => {
      size += entryBytes(entry);
      return i === records || i > 0 && size > bytes;
    });
    return end < 0 ? candidates : candidates.slice(0, end);
  }

  /** Removes records that are in the stream. */
  remove(entries: readonly IndexedEntry[]): void {
    const gone = new Set(entries);
    for (const key of new Set(entries.map(({ partitionKey }) => partitionKey))) {
      const rest = this.#queues.get(key)!.filter((entry) => !gone.has(entry));
      if (rest.length > 0) this.#queues.set(key, rest);
      else this.#queues.delete(key);
    }
    this.count -= entries.length;
    this.bytes -= entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  }
}
