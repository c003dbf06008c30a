/**
 * Writing a live stream.
 *
 * @module
 */

import { type Clock, systemClock } from "../base/clock.ts";
import type { KinesisApi, PutEntry } from "../kinesis/mod.ts";
import {
  DEFAULT_MAX_RECORD_BYTES,
  entryBytes,
  faultOfEntry,
  MAX_PUT_BYTES,
  MAX_PUT_ENTRIES,
} from "../kinesis/put_limits.ts";
import type { RetryingOptions } from "../base/retry.ts";
import type { EventData } from "../base/record.ts";
import { BatchSender } from "./batch_sender.ts";
import { putEntryOf } from "../kinesis/partition_key.ts";
import { PutBatch } from "./put_batch.ts";

/** How a stream is written. */
export interface StreamWriterOptions extends RetryingOptions {
  /** The most records of one request: 500 unless given, which is also the most there can be. */
  readonly maxBatchRecords?: number | undefined;
  /**
   * The most bytes of one request, keys included: 5 MiB unless given, which is also the most that
   * Kinesis takes of more than one record. A larger record goes alone.
   */
  readonly maxBatchBytes?: number | undefined;
  /**
   * How long a record may wait for others to be sent with, in milliseconds: 100 unless given.
   * `Infinity` waits until a batch is full or flushed.
   */
  readonly maxDelayMs?: number | undefined;
  /** The most bytes of one record and its key: 1 MiB unless given; a stream may be set to 10 MiB. */
  readonly maxRecordBytes?: number | undefined;
  /**
   * Keeps the records of each partition key in order, whatever is refused, by sending no more than
   * one of each in a request; it takes more requests where keys repeat. `false` unless given.
   */
  readonly ordered?: boolean | undefined;
  /** The field of an event whose value is its partition key; only `putEvent` needs it. */
  readonly partitionKey?: string | undefined;
}

/**
 * Writes records into a stream, in batches.
 *
 * - A batch is sent when it is full (500 records, or 5 MiB), when its first record has waited for
 *   `maxDelayMs`, and on {@linkcode flush}. One is on its way at a time, while the next one fills;
 *   when that is full too, {@linkcode put} waits.
 * - Of a request that was taken in part, only the rest is sent again, after a pause; each record that
 *   is taken in starts the pauses anew. Later records of the same keys are held back until then, and
 *   those of other keys are not, up to four requests' worth (2,000 records, or 20 MiB). So the records
 *   of a key stay in order from one request to the next. Within one request they may not: Kinesis can
 *   refuse one, when a shard is throttled, and take a later one of the same key. Where that matters,
 *   `ordered` keeps them apart.
 * - Throttling, 5xx and lost connections are retried for as long as it takes. Where only the response
 *   was lost, the records are in the stream twice, and the second time may come late: Kinesis has
 *   no way to tell.
 * - After a refusal for good, `put` and `flush` throw it again and nothing more is sent.
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
  readonly #maxRecords: number;
  readonly #maxRecordBytes: number;
  readonly #maxBytes: number;
  #batch = new PutBatch();
  /** How many batches are on their way or wait for it. */
  #closed = 0;
  /** Those that wait, or that a failure has kept from being sent. */
  readonly #waiting = new Set<PutBatch>();
  #sending: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #failureTold = false;
  #given = 0;
  #isDisposed = false;

  /**
   * Creates a writer.
   *
   * @param kinesis The service, which stays the caller's to close.
   * @param stream The stream's name.
   * @param options Sizes, delay, clock and signal.
   * @throws {RangeError} If a size or the delay is not one.
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
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    const most = Math.max(MAX_PUT_BYTES, this.#maxRecordBytes);
    this.#maxBytes = options.maxBatchBytes ?? MAX_PUT_BYTES;
    if (!(this.#maxBytes >= 1 && this.#maxBytes <= most)) {
      throw new RangeError(`Cannot put ${this.#maxBytes} bytes at once: 1 to ${most}`);
    }
    const { maxDelayMs = 0, ordered = false } = options;
    this.#sender = new BatchSender(kinesis, stream, {
      ...options,
      limits: { records: this.#maxRecords, bytes: this.#maxBytes, ordered },
    });
    if (!(maxDelayMs >= 0)) throw new RangeError(`Cannot wait for ${maxDelayMs} ms: 0 or more`);
  }

  /** How many records the stream has taken in. */
  get written(): number {
    return this.#sender.written;
  }

  /** How many records were given to {@linkcode put}, refused ones included. */
  get given(): number {
    return this.#given;
  }

  /**
   * The places, from 0 and in order, of the records that {@linkcode put} has taken and that are not
   * known to be in the stream. After a failure these are the ones to put again. Where the response to
   * the last request was lost, some of them may be in the stream all the same.
   */
  get unwritten(): readonly number[] {
    const waiting = [...this.#waiting, this.#batch].flatMap(({ entries }) => entries);
    return [...this.#sender.unwritten, ...waiting].map(({ index }) => index).sort((a, b) => a - b);
  }

  /**
   * Takes a record; it is in the stream when a later {@linkcode flush} has returned. Its bytes are
   * not copied: they must stay as they are until then.
   *
   * @param entry The record.
   * @returns When there is room for the next one; await it, or memory fills up.
   * @throws {RangeError} If the key is empty or too long, or the record too large; the message names
   * the record by its place among all that were put, from 0. The writer goes on.
   * @throws {TypeError} If the writer is disposed of: nobody would send the record any more.
   * @throws {PutRecordError} If an earlier record was refused for good.
   * @throws {KinesisError} If an earlier request was refused for good.
   */
  async put(entry: PutEntry): Promise<void> {
    this.#throwFailure();
    if (this.#isDisposed) {
      throw new TypeError(`Cannot put into stream "${this.stream}": the writer is disposed of`);
    }
    const index = this.#given++;
    const fault = faultOfEntry(entry, this.#maxRecordBytes);
    if (fault !== undefined) {
      throw new RangeError(`Cannot put record ${index} into stream "${this.stream}": ${fault}`);
    }
    const isTooMuch = this.#batch.bytes + entryBytes(entry) > this.#maxBytes;
    const before = isTooMuch && this.#batch.bytes > 0 ? this.#send() : undefined;
    this.#add({ partitionKey: entry.partitionKey, data: entry.data, index });
    await (this.#isFull ? this.#send() : before);
    this.#throwFailure();
  }

  /**
   * Takes an event; it is in the stream when a later {@linkcode flush} has returned.
   *
   * @param event The event, or its MessagePack bytes.
   * @returns When there is room for the next one; await it, or memory fills up.
   * @throws {PartitionKeyError} If the event does not have the field that `partitionKey` names, or
   * it is not a string, a number or a boolean. The writer goes on.
   * @throws {ArchiveFormatError} If bytes are not an event. The writer goes on.
   * @throws {TypeError} If the writer has no `partitionKey`, or the event holds what MessagePack
   * cannot.
   * @throws {RangeError} As {@linkcode put} does, as all its other errors.
   */
  async putEvent(event: EventData | Uint8Array): Promise<void> {
    const field = this.#options.partitionKey;
    if (field === undefined) {
      throw new TypeError(
        `Cannot put event into stream "${this.stream}": give the writer a partitionKey, the field ` +
          "that picks the shard",
      );
    }
    await this.put(putEntryOf(event, field));
  }

  /**
   * Sends what is there, and waits until the stream has taken in every record given so far.
   *
   * @throws {PutRecordError} If a record was refused for good.
   * @throws {KinesisError} If a request was refused for good.
   */
  async flush(): Promise<void> {
    this.#send();
    await this.#sending;
    await this.#sender.drain().catch((error) => this.#failure ??= { error });
    this.#throwFailure();
  }

  /** Sends what is left, as {@linkcode flush} does; a failure that was told already is not told again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    if (!this.#failureTold) await this.flush();
    this.#batch.close();
  }

  get #isFull(): boolean {
    const { entries, bytes } = this.#batch;
    return entries.length >= this.#maxRecords || bytes >= this.#maxBytes;
  }

  #add(entry: PutEntry & { readonly index: number }): void {
    const batch = this.#batch;
    batch.add(entry);
    const { maxDelayMs = 100 } = this.#options;
    if (batch.entries.length > 1 || maxDelayMs === Infinity) return;
    // One that is due while others are on their way takes in more until these are done.
    batch.wait(maxDelayMs, this.#clock, () => {
      if (this.#closed === 0) this.#send();
    });
  }

  /** Sends the batch after those before it; returns when these are done, so that one may fill. */
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
