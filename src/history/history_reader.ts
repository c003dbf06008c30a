import { type Clock, systemClock } from "../base/clock.ts";
import type { EventData } from "../base/record.ts";
import {
  type KinesisApi,
  learnTime,
  type PartStatus,
  PartWatch,
  readStreamState,
  ServiceTime,
  type StreamReader,
  type StreamState,
} from "../stream/mod.ts";
import { AutoCheckpoint } from "../stream/auto_checkpoint.ts";
import { Positions } from "../stream/positions.ts";
import { ArchivePart } from "./archive_part.ts";
import { type EarlierRun, loadEarlierRun } from "./earlier_run.ts";
import {
  type HistoryReaderOptions,
  type HistoryRecord,
  type HistoryServices,
  toMoment,
} from "./history_options.ts";
import { isInStream, openLivePart } from "./live_part.ts";
import { anySignal } from "../base/notifier.ts";

/**
 * Reads a stream from a moment in the past: its archive, and where that ends the live stream, at the
 * exact sequence number of each shard. No record is missing, and none comes twice.
 *
 * - The manifest of a file has the record before it, for each shard. Files are read in that order;
 *   after the last one, the archive is listed again, until there is nothing new. Each shard then
 *   starts after its last archived record; if nothing is archived that arrived since `from`, at
 *   `from`.
 * - Records of a shard come in order. Files of different shards come in the order of their keys, so
 *   in the archive the first records of a shard may come before the last ones of the shard that it
 *   comes from, where the clocks of two writers differ, or one writer closed many files at once.
 * - Records that are not events come in the live part only, to `onInvalid`: in the archive they are in
 *   quarantine.
 * - Files of other programs (go-triton's) have no manifest. They are read in the order of their keys.
 *   If the stream may still hold records of theirs, each shard must have a newer file with a manifest,
 *   or reading throws at the archive's end.
 * - Gaps are passed to `onGap`, or thrown: a file that follows a record that no other file ends with,
 *   and an archive that ends before the oldest record that the stream still holds. They do not include
 *   what was dropped before it could be archived, which the archiver records and `verifyArchive`
 *   reports, nor what arrived before the archive begins.
 * - In the archive {@linkcode checkpoint} saves, for each shard, the last record of the files that
 *   were read to their end; live, as {@linkcode StreamReader.checkpoint} does. A restart reads on in
 *   the archive, again from the beginning of a file in which it stopped; or in the live stream, if
 *   that still holds all that follows.
 * - Leaving the loop and iterating again continues with the next record; after an error in the
 *   archive, with the file that failed.
 *
 * @example Usage
 * ```ts
 * import { HistoryReader, MemoryKinesis, MemoryObjectStore } from "@triton/triton";
 * import { encodeEvent } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks");
 * await kinesis.putRecords("clicks", [{ partitionKey: "a", data: encodeEvent({ page: "/" }) }]);
 * const store = new MemoryObjectStore(); // with the archives of "clicks"
 * await using history = new HistoryReader({ kinesis, store }, "clicks", {
 *   from: new Date(Date.now() - 3_600_000),
 *   idle: true,
 * });
 * for await (const record of history) {
 *   equal(record.data.page, "/");
 *   if ("key" in record) console.log("archived in", record.key);
 *   else console.log("live, in", record.shardId);
 * }
 * ```
 */
export class HistoryReader<T = EventData>
  implements AsyncIterable<HistoryRecord<T>>, AsyncDisposable {
  /** The stream's name. */
  readonly stream: string;
  readonly #open: () => Promise<HistoryServices>;
  readonly #options: HistoryReaderOptions<T>;
  readonly #from: Date;
  readonly #clock: Clock;
  readonly #time: ServiceTime;
  readonly #disposed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #positions: Positions;
  /** Saves positions in the archive; the live part saves its own. */
  readonly #autoCheckpoint: AutoCheckpoint;
  readonly #watch: PartWatch;
  /** What the live part is doing. */
  #liveStatus: (() => PartStatus) | undefined;
  #earlier: EarlierRun | undefined;
  #archive: ArchivePart<T> | undefined;
  #live: StreamReader<T> | undefined;
  #isArchiveRead = false;
  /** The part that is being read; leaving the loop does not end it. */
  #records: AsyncGenerator<HistoryRecord<T>, void, undefined> | undefined;
  #iterating = false;
  #isReading = false;

  /**
   * Creates a reader; it sends no request before it is iterated.
   *
   * @param services Kinesis and the object store, which remain the caller's; or a function that opens
   * them when reading begins.
   * @param stream The stream's name, as Kinesis knows it.
   * @param options Where to begin, where positions are kept, and how to read.
   * @throws {RangeError} If `from` is no day.
   * @throws {TypeError} If `autoCheckpoint` is given, and no checkpointer.
   */
  constructor(
    services: HistoryServices | (() => Promise<HistoryServices>),
    stream: string,
    options: HistoryReaderOptions<T>,
  ) {
    const { clock = systemClock, signal } = options;
    this.stream = stream;
    this.#open = typeof services === "function" ? services : () => Promise.resolve(services);
    this.#options = options;
    this.#clock = clock;
    this.#time = options.time ?? new ServiceTime(clock);
    this.#from = toMoment(options.from);
    this.#signal = anySignal(this.#disposed.signal, signal);
    const { checkpointer, monitor } = options;
    this.#watch = new PartWatch({
      ...{ type: "history", stream, client: checkpointer?.client, clock, monitor },
    });
    this.#positions = new Positions(stream, {
      ...this.#retrying,
      checkpointer,
      watch: this.#watch,
    });
    this.#autoCheckpoint = new AutoCheckpoint(this.#positions, clock, options);
  }

  /**
   * Yields the records.
   *
   * @throws {HistoryGapError} If records may be missing, and `onGap` does not say what to do.
   * @throws {InvalidRecordError} If a record is not an event, or does not fit the schema, and
   * `onInvalid` does not say what to do.
   * @throws {ArchiveFormatError} If an archive is damaged.
   * @throws {ServiceError} If the object store, Kinesis or the database cannot be read.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<HistoryRecord<T>, void, undefined> {
    if (this.#iterating) throw new TypeError("Cannot iterate a history twice at the same time");
    this.#iterating = true;
    try {
      this.#show();
      while (!this.#signal.aborted) {
        const next = await this.#next();
        if (next === undefined) return;
        yield next;
      }
    } catch (error) {
      this.#watch.failed(error);
      throw error;
    } finally {
      await this.#leave();
      this.#iterating = false;
    }
  }

  /**
   * Saves the position of what was yielded so far: live, of every record, the current one included;
   * in the archive, of the files that were read to their end.
   *
   * @throws {CheckpointError} If the database refuses.
   * @throws {TypeError} If the reader has no checkpointer.
   */
  async checkpoint(): Promise<void> {
    await this.#positions.save();
    await this.#live?.checkpoint();
  }

  /** Whether the archive has been read, and records come from the live stream. */
  get isLive(): boolean {
    return this.#live !== undefined;
  }

  /** How far reading is behind the newest record, in milliseconds; undefined in the archive. */
  get millisBehindLatest(): number | undefined {
    return this.#live?.millisBehindLatest;
  }

  /** Number of records that `onInvalid: "skip"` has skipped. */
  get skipped(): number {
    return (this.#archive?.skipped ?? 0) + (this.#live?.skipped ?? 0);
  }

  /**
   * Stops reading. With `autoCheckpoint`, saves what is finished.
   *
   * @throws {CheckpointError} If the database refuses, or cannot be reached: there is one attempt.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    this.#watch[Symbol.dispose]();
    // What is being read ends by the abort; to wait for it, a callback would wait for itself.
    if (!this.#isReading) await this.#records?.return().catch(() => {});
    await this.#live?.[Symbol.asyncDispose]();
    await this.#autoCheckpoint.close();
  }

  /** Shows this history to OpenTelemetry and to its monitor. */
  #show(): void {
    this.#watch.state = this.#isArchiveRead ? "running" : "archive";
    const details = () => {
      const { savedAt } = this.#positions;
      return { inner: this.#liveStatus?.(), ...savedAt && { savedAt } };
    };
    this.#watch.show(details, () => []);
  }

  /** The next record; undefined at the end. */
  async #next(): Promise<HistoryRecord<T> | undefined> {
    try {
      for (;;) {
        const isLive = this.#isArchiveRead;
        this.#records ??= isLive
          ? (await this.#openLive())[Symbol.asyncIterator]()
          : (await this.#openArchive()).read();
        this.#isReading = true;
        const next = await this.#records.next();
        if (!next.done) return next.value;
        this.#records = undefined;
        if (isLive) return undefined;
        this.#isArchiveRead = true;
      }
    } catch (error) {
      this.#records = undefined;
      if (!this.#signal.aborted) throw error;
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  /** Saves what is finished. The live part is iterated again later; the archive is kept where it is. */
  async #leave(): Promise<void> {
    await this.#autoCheckpoint.leave();
    if (!this.#isArchiveRead) return;
    await this.#records?.return();
    this.#records = undefined;
  }

  async #openArchive(): Promise<ArchivePart<T>> {
    if (this.#archive !== undefined) return this.#archive;
    const { kinesis, store } = await this.#open();
    const { client, maxAttempts, prefetchFiles, prefetchBytes } = this.#options;
    await learnTime(kinesis, this.stream, this.#time, { ...this.#retrying, maxAttempts: 1 });
    const { from, checkpoints } = this.#earlier = await loadEarlierRun(
      ...[this.#positions, this.#from, this.#time, this.#signal] as const,
    );
    void this.#autoCheckpoint.run(this.#signal);
    return this.#archive = new ArchivePart(store, {
      ...this.#options,
      ...{ stream: this.stream, client, from, checkpoints, maxAttempts },
      ...{ ...this.#retrying, maxAttempts },
      ...{ clock: this.#clock, signal: this.#signal, now: () => this.#time.now() },
      prefetch: { files: prefetchFiles ?? 48, bytes: prefetchBytes ?? 32 * 1024 * 1024 },
      isInStream: async (files, progress) =>
        isInStream(files, progress, await this.#readState(kinesis)),
      onFile: async (records) => {
        this.#positions.advance(this.#archive!.progress.positions);
        this.#watch.count("triton.reader.archived.records", records);
        this.#autoCheckpoint.count(records);
        if (this.#autoCheckpoint.isDue) await this.#autoCheckpoint.save(this.#signal);
      },
    });
  }

  /** Continues where the archive ends. */
  async #openLive(): Promise<StreamReader<T>> {
    if (this.#live !== undefined) return this.#live;
    const { kinesis } = await this.#open();
    const { progress, files } = this.#archive!;
    const { from, savedAt } = this.#earlier!;
    const state = await this.#readState(kinesis);
    const known = { stream: this.stream, from, savedAt, progress, files };
    const { onRetry, monitor } = this.#options;
    const live = await openLivePart(kinesis, known, state, {
      ...this.#options,
      ...{ ...this.#retrying, onRetry, time: this.#time },
      monitor: monitor && { meter: monitor.meter, add: (status) => this.#addLive(status) },
    });
    this.#watch.state = "running";
    this.#positions.advance(progress.positions);
    if (this.#options.autoCheckpoint) await this.#positions.save();
    return this.#live = live;
  }

  /** The live part is shown as a part of the history. */
  #addLive(status: () => PartStatus): () => void {
    this.#liveStatus = status;
    return () => {};
  }

  #readState(kinesis: KinesisApi): Promise<StreamState> {
    return readStreamState(kinesis, this.stream, { ...this.#retrying, time: this.#time });
  }

  /** How requests to Kinesis and the database are retried: `maxAttempts` is for the object store alone. */
  get #retrying() {
    const onRetry = this.#watch.onRetry(this.#options.onRetry);
    return { onRetry, clock: this.#clock, signal: this.#signal, maxAttempts: undefined };
  }
}
