/**
 * Writing a live stream.
 *
 * @module
 */

import { KinesisError } from "../errors.ts";
import type { KinesisApi, PutEntry, PutResult } from "../kinesis/mod.ts";
import {
  DEFAULT_MAX_RECORD_BYTES,
  entryBytes,
  faultOfEntry,
  MAX_PUT_BYTES,
  MAX_PUT_ENTRIES,
} from "../kinesis/put_limits.ts";
import { askUntilAnswered, type RetryingOptions } from "../kinesis/retrying.ts";
import { isPassingCode } from "../kinesis/sdk_error.ts";

/** How a stream is written. */
export interface StreamWriterOptions extends RetryingOptions {
  /** The most records of one request: 500 unless given, which is also the most there can be. */
  readonly maxBatchRecords?: number | undefined;
  /** The most bytes of one record and its key: 1 MiB unless given; a stream may be set to 10 MiB. */
  readonly maxRecordBytes?: number | undefined;
}

/** Thrown when Kinesis refuses a record for good. */
export class PutRecordError extends KinesisError {
  /** The record's place among all that were given to the writer, from 0. */
  readonly index: number;

  /**
   * Creates an error.
   *
   * @param message What could not be done, and why.
   * @param options The service's name for it, and the record's place.
   */
  constructor(message: string, options: ErrorOptions & { code: string; index: number }) {
    super(message, { ...options, retryable: false });
    this.index = options.index;
  }
}

/** A record with its place among all that were given to the writer. */
interface IndexedEntry extends PutEntry {
  readonly index: number;
}

/** A record that was not taken in. */
interface Refusal {
  readonly entry: IndexedEntry;
  readonly code: string;
  readonly message: string;
}

/**
 * Writes records into a stream, in batches.
 *
 * - A batch is sent when it is full (500 records, or 5 MiB) and on {@linkcode flush}. While one is on
 *   its way the next one fills; then {@linkcode put} waits.
 * - Of a batch that was taken in part, only the rest is sent again, before anything newer. So records
 *   of one key stay in order, except within one request, where Kinesis may take a later one and
 *   refuse an earlier one.
 * - Throttling, 5xx and lost connections are retried for as long as it takes. Where only the answer
 *   was lost, the records are in the stream twice: Kinesis has no way to tell.
 * - After a refusal for good, `put` and `flush` throw it again and nothing more is sent.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis } from "@triton/triton/kinesis";
 * import { StreamWriter } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks");
 * await using writer = new StreamWriter(kinesis, "clicks");
 * await writer.put({ partitionKey: "a", data: new Uint8Array([0x80]) });
 * await writer.flush();
 * equal(writer.written, 1);
 * ```
 */
export class StreamWriter implements AsyncDisposable {
  /** The stream's name. */
  readonly stream: string;
  readonly #kinesis: KinesisApi;
  readonly #options: StreamWriterOptions;
  readonly #maxRecords: number;
  readonly #maxRecordBytes: number;
  readonly #maxBytes: number;
  #batch: IndexedEntry[] = [];
  #batchBytes = 0;
  #sending: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #failureTold = false;
  #given = 0;
  #written = 0;

  /**
   * Creates a writer.
   *
   * @param kinesis The service, which stays the caller's to close.
   * @param stream The stream's name.
   * @param options Sizes, clock and signal.
   */
  constructor(kinesis: KinesisApi, stream: string, options: StreamWriterOptions = {}) {
    this.stream = stream;
    this.#kinesis = kinesis;
    this.#options = options;
    this.#maxRecords = options.maxBatchRecords ?? MAX_PUT_ENTRIES;
    if (!(this.#maxRecords >= 1 && this.#maxRecords <= MAX_PUT_ENTRIES)) {
      throw new RangeError(
        `Cannot put ${this.#maxRecords} records at once: 1 to ${MAX_PUT_ENTRIES}`,
      );
    }
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    this.#maxBytes = Math.max(MAX_PUT_BYTES, this.#maxRecordBytes);
  }

  /** How many records the stream has taken in. */
  get written(): number {
    return this.#written;
  }

  /**
   * Takes a record; it is in the stream when a later {@linkcode flush} has returned.
   *
   * @param entry The record.
   * @returns When there is room for the next one; await it, or memory fills up.
   * @throws {RangeError} If the key is empty or too long, or the record too large. The writer goes on.
   * @throws {PutRecordError} If an earlier record was refused for good.
   * @throws {KinesisError} If an earlier request was refused for good.
   */
  async put(entry: PutEntry): Promise<void> {
    this.#throwFailure();
    const index = this.#given++;
    const fault = faultOfEntry(entry, this.#maxRecordBytes);
    if (fault !== undefined) {
      throw new RangeError(`Cannot put record ${index} into stream "${this.stream}": ${fault}`);
    }
    const bytes = entryBytes(entry);
    const before = this.#batchBytes + bytes > this.#maxBytes ? this.#send() : undefined;
    this.#batch.push({ partitionKey: entry.partitionKey, data: entry.data, index });
    this.#batchBytes += bytes;
    const after = this.#batch.length >= this.#maxRecords ? this.#send() : undefined;
    await (after ?? before);
    this.#throwFailure();
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
    this.#throwFailure();
  }

  /** Sends what is left, as {@linkcode flush} does; a failure that was told already is not told again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#failureTold) await this.flush();
  }

  /** Sends the batch after those before it; returns when these are done, so that one may fill. */
  #send(): Promise<void> {
    const before = this.#sending;
    if (this.#batch.length === 0) return before;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#sending = before.then(() => this.#putAll(batch)).catch((error) => {
      this.#failure ??= { error };
    });
    return before;
  }

  /** Puts a batch, and what was refused of it again, until all of it is in the stream. */
  async #putAll(batch: readonly IndexedEntry[]): Promise<void> {
    if (this.#failure !== undefined) return;
    const { signal } = this.#options;
    let rest = batch;
    await askUntilAnswered(
      { service: "kinesis", operation: "PutRecords", stream: this.stream },
      async () => {
        const results = await this.#kinesis.putRecords(this.stream, rest, { signal });
        const refusals = this.#findRefusals(rest, results);
        this.#written += rest.length - refusals.length;
        rest = refusals.map(({ entry }) => entry);
        this.#throwRefusal(refusals);
      },
      this.#options,
    );
  }

  #findRefusals(entries: readonly IndexedEntry[], results: readonly PutResult[]): Refusal[] {
    return entries.flatMap((entry, i) => {
      const result = results[i] ?? { ok: false, code: "InvalidAnswer", message: "no result" };
      return result.ok ? [] : [{ entry, code: result.code, message: result.message }];
    });
  }

  /** Throws what can be mended by another try as such; one record beyond that spoils it for all. */
  #throwRefusal(refusals: readonly Refusal[]): void {
    const permanent = refusals.find(({ code }) => !isPassingCode(code));
    const { entry, code, message } = permanent ?? refusals[0] ?? {};
    if (entry === undefined || code === undefined) return;
    const what = `Cannot put record ${entry.index} into stream "${this.stream}"`;
    const why = message ? `${code}: ${message}` : code;
    if (permanent !== undefined) {
      throw new PutRecordError(`${what}: ${why}`, { code, index: entry.index });
    }
    const others = refusals.length > 1 ? ` and ${refusals.length - 1} others` : "";
    throw new KinesisError(`${what}${others}: ${why}`, { code, retryable: true });
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    this.#failureTold = true;
    throw this.#failure.error;
  }
}
