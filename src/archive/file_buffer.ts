import type { ObjectBody, ObjectStore } from "../objects/object_store.ts";
import type { ArchiveEntry } from "./archive_entry.ts";
import { Notifier } from "../base/notifier.ts";

/** How to fetch a file ahead. */
export interface FileBufferOptions {
  /** How many bytes are fetched before the reader takes any: a chunk more at most. */
  readonly limit: number;
  /** Ends the fetching and the reading at once. */
  readonly signal: AbortSignal;
}

/** A file that is fetched ahead of its reader, up to a limit; read it once. */
export class FileBuffer implements AsyncIterable<Uint8Array> {
  readonly entry: ArchiveEntry;
  readonly #options: FileBufferOptions;
  readonly #changed = new Notifier();
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  #body: ObjectBody | undefined;
  #end: { readonly error?: unknown } | undefined;

  /** Starts to fetch. */
  constructor(store: ObjectStore, entry: ArchiveEntry, options: FileBufferOptions) {
    this.entry = entry;
    this.#options = options;
    options.signal.addEventListener("abort", this.#wakeUp, { once: true });
    this.#fetch(store).then(() => this.#finish({}), (error) => this.#finish({ error }));
  }

  /** Yields the file's bytes; ends at an abort even if the store does not. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    return this.pieces();
  }

  /**
   * Yields the file's bytes.
   *
   * @param options `reuse` makes each piece valid only until the one after the next is requested,
   * which takes less memory.
   */
  async *pieces(
    { reuse = false }: { readonly reuse?: boolean } = {},
  ): AsyncGenerator<Uint8Array> {
    let before: Uint8Array | undefined;
    for (;;) {
      this.#options.signal.throwIfAborted();
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#buffered -= chunk.length;
        this.#changed.notify();
        yield chunk;
        if (reuse && before !== undefined) this.#body?.release?.(before);
        before = chunk;
      } else if (this.#end === undefined) {
        await this.#changed.wait();
      } else {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
    }
  }

  /** Reads to the end, for a file of which no more is needed: its bytes and its connection are freed. */
  async discard(): Promise<void> {
    for await (const _ of this.pieces({ reuse: true }));
  }

  async #fetch(store: ObjectStore): Promise<void> {
    const { limit, signal } = this.#options;
    const body = this.#body = await store.get(this.entry.key, { signal });
    let missing = body.size;
    for await (const chunk of body) {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      missing -= chunk.length;
      this.#changed.notify();
      // The last bytes: read to the end at once, which returns the connection.
      while (missing > 0 && this.#buffered >= limit && !signal.aborted) await this.#changed.wait();
      signal.throwIfAborted();
    }
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end = end;
    this.#options.signal.removeEventListener("abort", this.#wakeUp);
    this.#changed.notify();
  }

  readonly #wakeUp = (): void => this.#changed.notify();
}
