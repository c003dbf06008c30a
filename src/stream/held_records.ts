/**
 * Records that wait for another attempt, by their keys.
 *
 * @module
 */

import { entryBytes } from "../kinesis/put_limits.ts";
import type { IndexedEntry } from "./put_batch.ts";

/** How much one request holds. */
export interface RequestLimits {
  /** The most records. */
  readonly records: number;
  /** The most bytes, keys included; one record may have more. */
  readonly bytes: number;
  /** Whether a request holds at most one record of each key. */
  readonly ordered: boolean;
}

/** Records that a stream refused for now, and those of the same keys that came after them. */
export class HeldRecords {
  /** Of each key, in the order in which they were given. */
  readonly #queues = new Map<string, IndexedEntry[]>();
  /** How many they are. */
  count = 0;
  /** Their bytes, keys included. */
  bytes = 0;

  /** All of them, in the order of each key. */
  get all(): IndexedEntry[] {
    return [...this.#queues.values()].flat();
  }

  /** Holds records back. */
  add(entries: readonly IndexedEntry[]): void {
    for (const entry of entries) {
      const queue = this.#queues.get(entry.partitionKey);
      if (queue === undefined) this.#queues.set(entry.partitionKey, [entry]);
      else queue.push(entry);
      this.count++;
      this.bytes += entryBytes(entry);
    }
  }

  /** Holds back records whose key has some here already; returns the others. */
  addFollowers(entries: readonly IndexedEntry[]): readonly IndexedEntry[] {
    if (this.#queues.size === 0) return entries;
    this.add(entries.filter(({ partitionKey }) => this.#queues.has(partitionKey)));
    return entries.filter(({ partitionKey }) => !this.#queues.has(partitionKey));
  }

  /** The records of the next request, the oldest first; they stay here until they are removed. */
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

  /** Forgets records that are in the stream. */
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
