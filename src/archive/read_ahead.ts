import type { ObjectStore } from "../objects/object_store.ts";
import { FileBuffer } from "./file_buffer.ts";
import type { ArchiveEntry } from "./archive_entry.ts";
import { Notifier } from "../base/notifier.ts";

/** How far to fetch ahead. */
export interface ReadAheadOptions {
  /** The most files in flight, the one that is being read included. */
  readonly files: number;
  /** The most bytes held: a chunk a file more at most. */
  readonly bytes: number;
  /** Ends it all at once. */
  readonly signal: AbortSignal;
}

/**
 * Default limits: with 30 ms a request, they allow 3,200 small files a second.
 */
export const READ_AHEAD = { files: 96, bytes: 32 * 1024 * 1024 };

/** One large file takes no more than this part of the memory; the others get the rest. */
const LARGEST_SHARE = 1 / 4;

/**
 * Yields files in the order of `entries`, and fetches the next ones meanwhile.
 *
 * Asking for the next file releases the one before. A file that fails does so in its turn: the
 * files before it are read in full.
 */
export async function* readAhead(
  store: ObjectStore,
  entries: AsyncIterable<ArchiveEntry>,
  options: ReadAheadOptions,
): AsyncGenerator<FileBuffer> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const changed = new Notifier();
  const wakeUp = () => changed.notify();
  signal.addEventListener("abort", wakeUp, { once: true });
  const flight = new Flight(store, { ...options, signal }, changed);
  flight.start(entries);
  try {
    for (;;) {
      const file = await flight.next();
      if (file === undefined) return;
      yield file;
      flight.release(file);
    }
  } finally {
    stop.abort(new DOMException("The reader has stopped", "AbortError"));
  }
}

/** The files that are being fetched, and what they may take. */
class Flight {
  readonly #store: ObjectStore;
  readonly #options: ReadAheadOptions;
  readonly #changed: Notifier;
  readonly #waiting: FileBuffer[] = [];
  #files = 0;
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;

  constructor(store: ObjectStore, options: ReadAheadOptions, changed: Notifier) {
    this.#store = store;
    this.#options = options;
    this.#changed = changed;
  }

  /** Begins to fetch the files of `entries`, as far as there is room. */
  start(entries: AsyncIterable<ArchiveEntry>): void {
    this.#launch(entries).then(() => this.#end = {}, (error) => this.#end = { error })
      .finally(() => this.#changed.notify());
  }

  /** Waits for the next file; undefined after the last. */
  async next(): Promise<FileBuffer | undefined> {
    for (;;) {
      this.#options.signal.throwIfAborted();
      const file = this.#waiting.shift();
      if (file !== undefined) return file;
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return undefined;
      }
      await this.#changed.wait();
    }
  }

  /** Makes room. */
  release({ entry }: FileBuffer): void {
    this.#files--;
    this.#bytes -= this.#shareOf(entry);
    this.#changed.notify();
  }

  async #launch(entries: AsyncIterable<ArchiveEntry>): Promise<void> {
    const { signal } = this.#options;
    for await (const entry of entries) {
      const limit = this.#shareOf(entry);
      while (!this.#hasRoom(limit) && !signal.aborted) await this.#changed.wait();
      signal.throwIfAborted();
      this.#files++;
      this.#bytes += limit;
      this.#waiting.push(new FileBuffer(this.#store, entry, { limit, signal }));
      this.#changed.notify();
    }
  }

  #hasRoom(share: number): boolean {
    const { files, bytes } = this.#options;
    return this.#files === 0 || (this.#files < files && this.#bytes + share <= bytes);
  }

  #shareOf({ size }: ArchiveEntry): number {
    return Math.min(size, this.#options.bytes * LARGEST_SHARE);
  }
}
