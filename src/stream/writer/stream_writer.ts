import { type Clock, systemClock } from "../../base/clock.ts";
import type { KinesisApi, PutEntry } from "../../kinesis/mod.ts";
import {
  DEFAULT_MAX_RECORD_BYTES,
  entryBytes,
  MAX_PUT_BYTES,
  MAX_PUT_ENTRIES,
} from "../../kinesis/put_limits.ts";
import type { RetryingOptions } from "../../base/retry.ts";
import type { EventData } from "../../base/record.ts";
import { PartWatch } from "../watch/part_watch.ts";
import type { MonitoredOptions } from "../../telemetry/program_monitor.ts";
import { BatchSender } from "./batch_sender.ts";
import { putEntryOf } from "../../kinesis/partition_key.ts";
import { type IndexedEntry, PutBatch } from "./put_batch.ts";
import { RecordLimit } from "./record_limit.ts";

/** Options for {@linkcode StreamWriter}. */
export interface StreamWriterOptions extends RetryingOptions, MonitoredOptions {
  /** Maximum number of records per request. Default: 500, which is also Kinesis' limit. */
  readonly maxBatchRecords?: number | undefined;
  /**
   * Maximum number of bytes per request, keys included. A larger record is sent alone. Default: 5 MiB,
   * which is also Kinesis' limit for more than one record.
   */
  readonly maxBatchBytes?: number | undefined;
  /**
   * Maximum time that a record waits for others in its batch, in milliseconds. `Infinity` waits until a
   * batch is full or flushed. Default: 100.
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * Maximum number of bytes of a record and its key. Default: what the stream allows, which is described
   * when a record is larger than the 1 MiB that every stream allows.
   */
  readonly maxRecordBytes?: number | undefined;
  /**
   * Keeps the records of each partition key in order, even if some are refused, by sending at most one
   * of each key per request. This takes more requests if keys repeat. Default: `false`.
   */
  readonly ordered?: boolean | undefined;
  /** The field of an event whose value is its partition key; only `putEvent` needs it. */
  readonly partitionKey?: string | undefined;
}

/**
 * Writes records into a stream, in batches.
 *
 * - A batch is sent when it is full (500 records, or 5 MiB), when its first record has waited for
 *   `maxDelayMs`, and on {@linkcode flush}. One batch is sent at a time, while the next one fills; when
 *   that one is full, too, {@linkcode put} waits (back-pressure).
 * - If a request is accepted in part, only the rest is retried, after a pause; each accepted record
 *   resets the pauses. Later records of the same keys are held back until then. Those of other keys are
 *   not, up to four full requests (2,000 records, or 20 MiB). So the records of a key stay in order from
 *   one request to the next. Within one request they may not: when a shard is throttled, Kinesis can
 *   refuse a record and accept a later one of the same key. To prevent this, set `ordered`.
 * - Throttling, 5xx and lost connections are retried, up to `maxAttempts` times. If only the response
 *   was lost, the records are in the stream twice, the second time possibly late: Kinesis cannot detect
 *   this.
 * - After a permanent refusal, `put` and `flush` throw it again and nothing more is sent.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis } from "@triton/triton/kinesis";
 * import { StreamWriter } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks");
 * await using writer = new StreamWriter(kinesis, "clicks", { partitionKey: "user" });
 * await writer.putEvent({ user: "ada", page: "/" });
 * await writer.put({ partitionKey: "bob", data: new Uint8Array([0x80]) });
 * await writer.flush();
 * equal(writer.written, 2);
 * ```
 */
export class StreamWriter implements AsyncDisposable {
  /** The stream's name. */
  readonly stream: string;
  readonly #options: StreamWriterOptions;
  readonly #clock: Clock;
  readonly #sender: BatchSender;
  readonly #watch: PartWatch;
  readonly #maxRecords: number;
  readonly #limit: RecordLimit;
  readonly #maxBytes: number;
  #batch = new PutBatch();
  /** How many batches are being sent or wait for it. */
  #closed = 0;
  /** Records that wait until the limit of the stream is known. */
  readonly #unmeasured = new Set<IndexedEntry>();
  /** Batches that wait, or were not sent because of a failure. */
  readonly #waiting = new Set<PutBatch>();
  #sending: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #failureTold = false;
  #given = 0;
  #isDisposed = false;

  /**
   * Creates a writer.
   *
   * @param kinesis The service, which the caller closes.
   * @param stream The stream's name.
   * @param options Sizes, delay, clock and signal.
   * @throws {RangeError} If a size or the delay is out of range.
   */
  constructor(kinesis: KinesisApi, stream: string, options: StreamWriterOptions = {}) {
    this.stream = stream;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#maxRecords = options.maxBatchRecords ?? MAX_PUT_ENTRIES;
    if (!(this.#maxRecords >= 1 && this.#maxRecords <= MAX_PUT_ENTRIES)) {
      throw new RangeError(
        `Cannot put ${this.#maxRecords} records at once: 1 to ${MAX_PUT_ENTRIES}`,
      );
    }
    this.#limit = new RecordLimit(kinesis, stream, options);
    const most = Math.max(MAX_PUT_BYTES, options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES);
    this.#maxBytes = options.maxBatchBytes ?? MAX_PUT_BYTES;
    if (!(this.#maxBytes >= 1 && this.#maxBytes <= most)) {
      throw new RangeError(`Cannot put ${this.#maxBytes} bytes at once: 1 to ${most}`);
    }
    const { maxDelayMs = 0, ordered = false } = options;
    this.#watch = new PartWatch({
      ...{ type: "writer", stream, clock: this.#clock, monitor: options.monitor },
    });
    this.#sender = new BatchSender(kinesis, stream, {
      ...options,
      onRetry: this.#watch.onRetry(options.onRetry),
      watch: this.#watch,
      limits: { records: this.#maxRecords, bytes: this.#maxBytes, ordered },
    });
    if (!(maxDelayMs >= 0)) throw new RangeError(`Cannot wait for ${maxDelayMs} ms: 0 or more`);
  }

  /** How many records the stream has accepted. */
  get written(): number {
    return this.#sender.written;
  }

  /** How many records were passed to {@linkcode put}, including refused ones. */
  get given(): number {
    return this.#given;
  }

  /**
   * The indexes, from 0 and in order, of the records that {@linkcode put} has accepted and that are not
   * known to be in the stream. After a failure, put these again. If the response to the last request was
   * lost, some of them may be in the stream anyway.
   */
  get unwritten(): readonly number[] {
    const waiting = [...this.#waiting, this.#batch].flatMap(({ entries }) => entries);
    return [...this.#sender.unwritten, ...waiting, ...this.#unmeasured].map(({ index }) => index)
      .sort((a, b) => a - b);
  }

  /**
   * Adds a record; it is in the stream when a later {@linkcode flush} has returned. Its bytes are not
   * copied: they must not change until then.
   *
   * @param entry The record.
   * @returns When there is room for the next one; await it, or memory fills up.
   * @throws {RangeError} If the key is empty or too long, or the record too large; the message has the
   * index of the record, from 0. The writer continues.
   * @throws {TypeError} If the writer is disposed: nobody would send the record.
   * @throws {PutRecordError} If an earlier record was refused permanently.
   * @throws {KinesisError} If an earlier request was refused permanently.
   */
  async put(entry: PutEntry): Promise<void> {
    await this.#accept(entry);
  }

  /** Adds a record; returns what to wait for before the next one, if there is no room for it. */
  #accept({ partitionKey, data }: PutEntry): Promise<void> | undefined {
    this.#throwFailure();
    if (this.#isDisposed) {
      throw new TypeError(`Cannot put into stream "${this.stream}": the writer is disposed`);
    }
    if (this.#given === 0) this.#show();
    const entry = { partitionKey, data, index: this.#given++ };
    const mustWait = this.#unmeasured.size > 0 || this.#limit.isNeeded(entry);
    return mustWait ? this.#measure(entry) : this.#take(entry);
  }

  /** Takes a record once the limit of the stream is known, after the records before it. */
  async #measure(entry: IndexedEntry): Promise<void> {
    this.#unmeasured.add(entry);
    await this.#limit.learn().catch((error) => this.#failure ??= { error });
    this.#throwFailure();
    this.#unmeasured.delete(entry);
    await this.#take(entry);
  }

  #take(entry: IndexedEntry): Promise<void> | undefined {
    const fault = this.#limit.faultOf(entry);
    if (fault !== undefined) {
      throw new RangeError(
        `Cannot put record ${entry.index} into stream "${this.stream}": ${fault}`,
      );
    }
    const bytes = entryBytes(entry);
    const isTooMuch = this.#batch.bytes + bytes > this.#maxBytes;
    const before = isTooMuch && this.#batch.bytes > 0 ? this.#send() : undefined;
    this.#add(entry, bytes);
    return (this.#isFull ? this.#send() : before)?.then(() => this.#throwFailure());
  }

  /**
   * Adds an event; it is in the stream when a later {@linkcode flush} has returned.
   *
   * @param event The event, or its MessagePack bytes.
   * @returns When there is room for the next one; await it, or memory fills up.
   * @throws {PartitionKeyError} If the event does not have the field that `partitionKey` names, or
   * it is not a string, a number or a boolean. The writer continues.
   * @throws {ArchiveFormatError} If bytes are not an event. The writer continues.
   * @throws {TypeError} If the writer has no `partitionKey`, or MessagePack cannot encode the event.
   * @throws {RangeError} As {@linkcode put}, like all its other errors.
   */
  async putEvent(event: EventData | Uint8Array): Promise<void> {
    await this.addEvent(event);
  }

  /**
   * Adds an event, as {@linkcode putEvent} does. For many small events, whose promises would take more
   * time than everything else.
   *
   * @param event The event, or its MessagePack bytes.
   * @returns Undefined if there is room for the next one; otherwise a promise of it, which may reject
   * because of an earlier record, or because this one is too large. Await it, or memory fills up. All
   * other errors are thrown.
   * @throws As {@linkcode putEvent} does.
   */
  addEvent(event: EventData | Uint8Array): Promise<void> | undefined {
    const field = this.#options.partitionKey;
    if (field === undefined) {
      throw new TypeError(
        `Cannot put event into stream "${this.stream}": set partitionKey of the writer, the field ` +
          "that picks the shard",
      );
    }
    return this.#accept(putEntryOf(event, field));
  }

  /**
   * Sends the rest, and waits until the stream has accepted every record.
   *
   * @throws {PutRecordError} If a record was refused permanently.
   * @throws {KinesisError} If a request was refused permanently.
   */
  async flush(): Promise<void> {
    // Records that wait for the limit are taken before this continues.
    if (this.#unmeasured.size > 0) await this.#limit.learn().catch(() => {});
    this.#send();
    await this.#sending;
    await this.#sender.drain().catch((error) => this.#failure ??= { error });
    this.#throwFailure();
  }

  /** Sends the rest, as {@linkcode flush} does; an error that was already thrown is not thrown again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    try {
      if (!this.#failureTold) await this.flush();
    } finally {
      this.#batch.close();
      this.#watch[Symbol.dispose]();
    }
  }

  /** Shows this writer to OpenTelemetry and to its monitor. */
  #show(): void {
    const details = () => ({ waiting: this.unwritten.length, waitingMs: this.#sender.waitingMs });
    this.#watch.show(details, () => {
      const { waiting, waitingMs } = details();
      return [
        { name: "triton.writer.waiting", value: waiting },
        { name: "triton.writer.waiting.age", value: waitingMs / 1000 },
      ];
    });
  }

  get #isFull(): boolean {
    const { entries, bytes } = this.#batch;
    return entries.length >= this.#maxRecords || bytes >= this.#maxBytes;
  }

  #add(entry: IndexedEntry, bytes: number): void {
    const batch = this.#batch;
    batch.add(entry, bytes);
    const { maxDelayMs = 100 } = this.#options;
    if (batch.entries.length > 1 || maxDelayMs === Infinity) return;
    // A batch that is due while others are being sent fills until they are done.
    batch.wait(maxDelayMs, this.#clock, () => {
      if (this.#closed === 0) this.#send();
    });
  }

  /** Sends the batch after those before it; returns when these are done, so that the next may fill. */
  #send(): Promise<void> {
    const before = this.#sending;
    const batch = this.#batch;
    if (batch.entries.length === 0) return before;
    batch.close();
    this.#batch = new PutBatch();
    this.#closed++;
    this.#waiting.add(batch);
    this.#sending = before.then(() => this.#putAll(batch));
    return before;
  }

  async #putAll(batch: PutBatch): Promise<void> {
    try {
      if (this.#failure === undefined) {
        this.#waiting.delete(batch);
        await this.#sender.send(batch.entries);
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#closed--;
    if (this.#closed === 0 && this.#batch.isDue) this.#send();
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    this.#failureTold = true;
    throw this.#failure.error;
  }
}
