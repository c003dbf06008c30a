import type { Clock } from "../../base/clock.ts";
import type { PutEntry } from "../../kinesis/mod.ts";

/** A record with its index among all records of the writer. */
export interface IndexedEntry extends PutEntry {
  /** The index, from 0. */
  readonly index: number;
}

/** The records of one batch. */
export class PutBatch {
  readonly entries: IndexedEntry[] = [];
  /** Their bytes, keys included. */
  bytes = 0;
  /** Whether the first record has waited long enough. */
  isDue = false;
  readonly #closed = new AbortController();

  /** Adds a record of so many bytes, its key included. */
  add(entry: IndexedEntry, bytes: number): void {
    this.entries.push(entry);
    this.bytes += bytes;
  }

  /** Becomes due after a time, unless it is closed before; then calls `onDue`. */
  async wait(ms: number, clock: Clock, onDue: () => void): Promise<void> {
    try {
      await clock.sleep(ms, this.#closed.signal);
    } catch {
      return; // Closed before.
    }
    this.isDue = true;
    onDue();
  }

  /** Ends the wait. */
  close(): void {
    this.#closed.abort();
  }
}
