import type { Clock } from "../base/clock.ts";
import type { RetryEvent } from "../base/retry.ts";
import { TritonError } from "../base/errors.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { OpenedObjectStore } from "../objects/open_object_store.ts";
import type { ArchiveRecord, EventData } from "../base/record.ts";
import { archiveFiles } from "./archive_files.ts";
import { EventChecker, type EventCheckOptions } from "./archive_record.ts";
import { type ArchiveFileDamage, type KeyedArchiveBlock, readBlocks } from "./file_blocks.ts";
import { type ArchiveSelection, parseRange } from "./listing/list_archives.ts";
import { anySignal } from "../base/notifier.ts";

/** Which archives to read, and how. */
export interface ArchiveReaderOptions<T = EventData>
  extends ArchiveSelection, EventCheckOptions<T> {
  /** Ends the reading at once: the iteration then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Time, chance and sleeping. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /**
   * Salvages: called with each damaged part of a file, after which reading continues. Default: damage
   * is an error.
   */
  readonly onDamage?: ((damage: ArchiveFileDamage) => void) | undefined;
  /** Whether to hold each file's events against the SHA-256 in its manifest. */
  readonly verifyHash?: boolean | undefined;
  /** Called after each failed request that will be retried. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
  /**
   * Attempts in a row before the error of a request ends the reading. Default: 8,
   * which takes up to 25 seconds.
   */
  readonly maxAttempts?: number | undefined;
  /** Most files fetched at once. Default: 96. */
  readonly prefetchFiles?: number | undefined;
  /** Most bytes fetched ahead. Default: 32 MiB. */
  readonly prefetchBytes?: number | undefined;
}

/**
 * Reads the archived records of a stream, over a range of days, in the order of the archives'
 * creation. The next files are fetched while the current one is read.
 *
 * Each iteration begins at the first archive. Requests that fail temporarily are retried, and a file
 * whose connection breaks is continued where it was. An error in an archive is thrown after all
 * records before it.
 *
 * @example Usage
 * ```ts
 * import { ArchiveReader, MemoryObjectStore } from "@triton/triton/archive";
 * import { encodeEvent, encodeSnappyFrames } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * const store = new MemoryObjectStore();
 * const bytes = encodeEvent({ page: "/", ms: 3 });
 * const frames = await Array.fromAsync(encodeSnappyFrames(bytes));
 * const file = new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer());
 * await store.put("20151001/clicks_prod-store-1443657600.tri", file);
 *
 * await using reader = new ArchiveReader(store, {
 *   stream: "clicks_prod",
 *   from: "2015-10-01",
 *   to: "2015-10-31",
 * });
 * for await (const record of reader) deepEqual(record.data, { page: "/", ms: 3 });
 * ```
 */
export class ArchiveReader<T = EventData>
  implements AsyncIterable<ArchiveRecord<T>>, AsyncDisposable {
  readonly #open: () => Promise<ObjectStore>;
  readonly #options: ArchiveReaderOptions<T>;
  readonly #checker: EventChecker<T>;
  readonly #disposed = new AbortController();
  #opened: Promise<OpenedObjectStore> | undefined;

  /**
   * Creates a reader; nothing is read yet.
   *
   * @param store The object store, which stays the caller's, or a function that opens one, which is
   * called when reading begins, and whose store is disposed of with the reader.
   * @param options Which archives, and how.
   * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
   */
  constructor(
    store: ObjectStore | (() => Promise<OpenedObjectStore>),
    options: ArchiveReaderOptions<T>,
  ) {
    parseRange(options);
    this.#options = options;
    this.#checker = new EventChecker(options);
    this.#open = typeof store === "function"
      ? () => this.#opened ??= store()
      : () => Promise.resolve(store);
  }

  /**
   * Yields the records.
   *
   * @throws {ArchiveFormatError} If an archive is damaged; its message names the archive, `offset`
   * is one in the file.
   * @throws {InvalidArchiveRecordError} If an event does not fit the schema, and `onInvalid` does not
   * say what to do.
   * @throws {ObjectStoreError} If the store cannot be read.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ArchiveRecord<T>, void, void> {
    const signal = this.#signal;
    let place = { key: "", index: 0 };
    for await (const block of this.blocks()) {
      if (block.key !== place.key) place = { key: block.key, index: 0 };
      for (const checked of this.#checker.recordsIn(block, place, signal)) {
        const record = checked instanceof Promise ? await checked : checked;
        if (record !== undefined) yield record;
      }
    }
  }

  /** Aborted when the reading ends, for whatever reason. */
  get #signal(): AbortSignal {
    return anySignal(this.#disposed.signal, this.#options.signal);
  }

  /** Number of events that `onInvalid: "skip"` has skipped. */
  get skipped(): number {
    return this.#checker.skipped;
  }

  /**
   * Yields the records' bytes, many at a time: for those who do not want them decoded one by one,
   * nor held against the schema.
   *
   * @param options `reuse` makes each block valid only until the next one, which takes less memory.
   * @throws {ArchiveFormatError} As the iteration over records does.
   * @throws {ObjectStoreError} If the store cannot be read.
   */
  async *blocks(
    options: { readonly reuse?: boolean } = {},
  ): AsyncGenerator<KeyedArchiveBlock, void, void> {
    const signal = this.#signal;
    signal.throwIfAborted();
    const { onDamage, verifyHash } = this.#options;
    for await (const file of archiveFiles(await this.#open(), { ...this.#options, signal })) {
      yield* readBlocks(file, { ...options, onDamage, verifyHash });
    }
  }

  /** Stops reading, also an iteration under way, and releases the store if it was opened here. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(
      new TritonError("Cannot read more archives: the reader is disposed"),
    );
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.[Symbol.asyncDispose]();
  }
}
