import { type Clock, monotonicNow, systemClock } from "../../base/clock.ts";
import { KinesisError } from "../../base/errors.ts";
import { entryBytes } from "../../kinesis/put_limits.ts";
import { Trace } from "../../telemetry/tracing.ts";
import type { PartWatch } from "../watch/part_watch.ts";
import { isRetryable, type KinesisApi, type PutResult } from "../../kinesis/mod.ts";
import {
  type RetriedRequest,
  Retries,
  type RetryingOptions,
  retryRequest,
} from "../../base/retry.ts";
import { HeldRecords, type RequestLimits } from "../held_records.ts";
import type { IndexedEntry } from "./put_batch.ts";
import { anySignal } from "../../base/notifier.ts";

/** Thrown when Kinesis refuses a record permanently. */
export class PutRecordError extends KinesisError {
  /** The record's index among all records of the writer, from 0. */
  readonly index: number;

  /**
   * Creates an error.
   *
   * @param message What could not be done, and why.
   * @param options The service's code, and the index of the record.
   */
  constructor(message: string, options: ErrorOptions & { code: string; index: number }) {
    super(message, { ...options });
    this.index = options.index;
  }
}

/** A record that the stream has refused. */
interface Refusal {
  readonly entry: IndexedEntry;
  readonly code: string;
  readonly message: string;
}

/** Options for {@linkcode BatchSender}. */
export interface BatchSenderOptions extends RetryingOptions {
  readonly limits: RequestLimits;
  /** Counts what is put. */
  readonly watch: PartWatch;
}

/** How many full requests of records may be held back before all others wait. */
const MAX_HELD_REQUESTS = 4;

/**
 * Sends batches until all of them are in the stream.
 *
 * Records that the stream refuses temporarily are held back, together with all later ones of the same
 * keys, so that each key stays in order; records of other keys do not wait for them. One request with
 * new records and one with held records are in progress at a time.
 */
export class BatchSender {
  /** How many records the stream has accepted. */
  written = 0;
  readonly #kinesis: KinesisApi;
  readonly #stream: string;
  readonly #options: BatchSenderOptions;
  readonly #signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #held = new HeldRecords();
  /** The records of the current batch that are neither in the stream nor held back. */
  #rest: readonly IndexedEntry[] = [];
  /** Sends the held records, while there are any. */
  #retrying: Promise<void> | undefined;
  /** Resolved after each attempt to send held records. */
  #attempted = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;
  readonly #clock: Clock;
  /** When a record was first put, of those since the last that was accepted. */
  #since: number | undefined;

  constructor(kinesis: KinesisApi, stream: string, options: BatchSenderOptions) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#signal = anySignal(this.#stop.signal, options.signal);
  }

  /**
   * Puts a batch, after those before it.
   *
   * @returns When each of its records is in the stream or held back, and there is room for more.
   * @throws {PutRecordError} If a record was refused permanently; nothing more is sent.
   * @throws {KinesisError} If a request was refused permanently; nothing more is sent.
   */
  async send(batch: readonly IndexedEntry[]): Promise<void> {
    const { ordered } = this.#options.limits;
    try {
      this.#rest = batch; // also if an earlier failure prevents sending it
      while (this.#rest.length > 0 && this.#failure === undefined) {
        const rest = this.#held.addFollowers(this.#rest);
        const { now, later } = ordered ? splitByKey(rest) : { now: rest, later: [] };
        this.#rest = rest;
        if (now.length === 0) break;
        const refusals = await this.#put(now);
        this.#rest = later;
        this.#held.add(refusals.map(({ entry }) => entry));
        throwPermanent(refusals, this.#stream);
        if (refusals.length > 0) {
          this.#retrying ??= this.#retryHeld(explain(refusals, this.#stream));
        }
      }
      while (this.#isFull && this.#failure === undefined) await this.#attempted.promise;
    } catch (error) {
      this.#fail(error);
    }
    this.#throwFailure();
  }

  /**
   * Waits until nothing is held back any more.
   *
   * @throws As {@linkcode send} does.
   */
  async drain(): Promise<void> {
    await this.#retrying;
    this.#throwFailure();
  }

  /** How long the stream has accepted none of the records that are being put, in milliseconds. */
  get waitingMs(): number {
    return this.#since === undefined ? 0 : monotonicNow(this.#clock) - this.#since;
  }

  /** The records that are not known to be in the stream, in no order. */
  get unwritten(): readonly IndexedEntry[] {
    return [...this.#rest, ...this.#held.all];
  }

  get #isFull(): boolean {
    const { records, bytes } = this.#options.limits;
    return this.#held.count >= MAX_HELD_REQUESTS * records ||
      this.#held.bytes >= MAX_HELD_REQUESTS * bytes;
  }

  /** Sends held records until there are none; each accepted record resets the pauses. */
  async #retryHeld(refused: KinesisError): Promise<void> {
    const request = this.#request;
    const retries = new Retries({ ...this.#options, request, signal: this.#signal });
    let error: KinesisError | undefined = refused;
    try {
      while (this.#held.count > 0) {
        if (error !== undefined) await retries.pause(error);
        const entries = this.#held.next(this.#options.limits);
        const refusals = await this.#put(entries);
        const still = new Set(refusals.map(({ entry }) => entry));
        this.#held.remove(entries.filter((entry) => !still.has(entry)));
        throwPermanent(refusals, this.#stream);
        if (refusals.length < entries.length) retries.reset();
        error = refusals.length > 0 ? explain(refusals, this.#stream) : undefined;
        this.#attempted.resolve();
        this.#attempted = Promise.withResolvers();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#retrying = undefined;
    }
  }

  get #request(): RetriedRequest {
    return { service: "kinesis", operation: "PutRecords", stream: this.#stream };
  }

  /** Puts records once; returns the refused ones, temporarily or permanently. */
  async #put(entries: readonly IndexedEntry[]): Promise<Refusal[]> {
    const signal = this.#signal;
    const startedAt = monotonicNow(this.#clock);
    this.#since ??= startedAt;
    const refusals = await this.#trace(entries).run(async (trace) => {
      const results = await retryRequest(
        this.#request,
        () => this.#kinesis.putRecords(this.#stream, entries, { signal }),
        { ...this.#options, signal },
      );
      const refusals = findRefusals(entries, results);
      trace.set({ refused: refusals.length });
      return refusals;
    });
    this.#options.watch.took(
      "triton.writer.request.duration",
      monotonicNow(this.#clock) - startedAt,
    );
    this.#count(entries, refusals);
    return refusals;
  }

  #trace(entries: readonly IndexedEntry[]): Trace {
    const now = () => this.#clock.now();
    const attributes = {
      stream: this.#stream,
      records: entries.length,
      bytes: bytesOf(entries),
    };
    return new Trace("triton.writer.put", { now, attributes, kind: "send" });
  }

  #count(entries: readonly IndexedEntry[], refusals: readonly Refusal[]): void {
    const { watch } = this.#options;
    const accepted = entries.length - refusals.length;
    this.written += accepted;
    if (accepted > 0) this.#since = undefined;
    watch.state = "running";
    watch.count("triton.writer.records", accepted);
    watch.count(
      "triton.writer.bytes",
      bytesOf(entries) - bytesOf(refusals.map(({ entry }) => entry)),
    );
    if (refusals.length === 0) return;
    watch.count("triton.writer.refused", refusals.filter(({ code }) => isRetryable(code)).length);
  }

  /** Ends all sending. */
  #fail(error: unknown): void {
    if (this.#failure === undefined) this.#options.watch.failed(error);
    this.#failure ??= { error };
    this.#stop.abort(this.#failure.error);
    this.#attempted.resolve();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** The bytes of records, keys included. */
function bytesOf(entries: readonly IndexedEntry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}

/** Fails if a record was refused permanently. */
function throwPermanent(refusals: readonly Refusal[], stream: string): void {
  const permanent = refusals.find(({ code }) => !isRetryable(code));
  if (permanent === undefined) return;
  const { code, entry: { index } } = permanent;
  throw new PutRecordError(explain([permanent], stream).message, { code, index });
}

function explain(refusals: readonly Refusal[], stream: string): KinesisError {
  const { entry, code, message } = refusals[0]!;
  const others = refusals.length > 1 ? ` and ${refusals.length - 1} others` : "";
  const why = message ? `${code}: ${message}` : code;
  return new KinesisError(
    `Cannot put record ${entry.index}${others} into stream "${stream}": ${why}`,
    { code, retryable: true },
  );
}

/** The first record of each key, and the others. */
function splitByKey(entries: readonly IndexedEntry[]) {
  const keys = new Set<string>();
  const now: IndexedEntry[] = [];
  const later: IndexedEntry[] = [];
  for (const entry of entries) {
    (keys.has(entry.partitionKey) ? later : now).push(entry);
    keys.add(entry.partitionKey);
  }
  return { now, later };
}

function findRefusals(
  entries: readonly IndexedEntry[],
  results: readonly PutResult[],
): Refusal[] {
  const refusals: Refusal[] = [];
  for (const [i, entry] of entries.entries()) {
    const result = results[i] ?? { ok: false, code: "InvalidAnswer", message: "no result" };
    if (!result.ok) refusals.push({ entry, code: result.code, message: result.message });
  }
  return refusals;
}
