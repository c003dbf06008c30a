import { type Clock, monotonicNow, systemClock } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type {
  KinesisApi,
  RecordBatch,
  RecordPiece,
  Records,
  StartPosition,
} from "./kinesis_api.ts";
import { ReadBudget, type ReadShare } from "./read_budget.ts";
import {
  reportRetry,
  type RetriedRequest,
  type RetryingOptions,
  retryRequest,
} from "../base/retry.ts";
import { newRecords, withoutRedelivered } from "./redelivered.ts";
import { hasCode, ShardIterator, type TrimmedPosition } from "./shard_iterator.ts";
import { ServiceTime } from "../aws/service_time.ts";
import { inTurn, type TurnLine } from "./turns.ts";

/** Options for {@linkcode pollShard}. */
export interface PollShardOptions extends RetryingOptions {
  /**
   * The time from one request to the next while there is nothing more to read, in milliseconds.
   * Default: 1,000, since all consumers of a shard share its five requests per second.
   */
  readonly pollIntervalMs?: number | undefined;
  /** Maximum number of records per request. Default: 10,000, which is also Kinesis' limit. */
  readonly limit?: number | undefined;
  /**
   * A record that was already read, like those before it: they are left out if reading starts at a
   * time. Default: none.
   */
  readonly readBefore?: SequenceNumber | undefined;
  /** Memory shared with the readers of other shards. Default: no limit. */
  readonly budget?: ReadBudget | undefined;
  /** Limits how many requests of all shards run at once. Default: no limit. */
  readonly turns?: TurnLine | undefined;
  /**
   * Called with records while a response arrives; batches are then yielded without records. `isFirst`
   * is true for the first records of a response. An error that it throws ends the reading.
   */
  readonly onRecords?: ((piece: RecordPiece, isFirst: boolean) => Promise<void>) | undefined;
  /** The service's time, shared with others that use the same service. */
  readonly time?: ServiceTime | undefined;
  /**
   * Called when the service refuses a position because the stream has dropped the records after it.
   * Reading continues with the oldest record, unless this throws. Default: the refusal is thrown.
   */
  readonly onTrimmed?: ((position: TrimmedPosition) => void | Promise<void>) | undefined;
}

/** A shard allows five requests per second. */
const BEHIND_INTERVAL_MS = 200;

/**
 * Reads one shard from a position on, for as long as the shard is open.
 *
 * - Every response is yielded, also one without records, so that the caller sees the lag.
 * - The next request waits until the caller asks for the next batch. Requests start `pollIntervalMs`
 *   apart, and at most 200 ms apart while the shard holds more than was read.
 * - An expired iterator is renewed after the last record read. If no record was read yet, it is
 *   renewed at the start position. For `latest` this is the moment at which the first iterator was
 *   requested, by the service's clock (less a second), so nothing that arrived since is missed.
 * - A start time in the service's future, as from a machine whose clock is ahead, means now.
 * - Records at or before the last one read, which a service delivers again, are left out.
 * - Throttling, 5xx, lost connections and responses that cannot be read are retried, with growing
 *   pauses, up to `maxAttempts` times.
 * - With `onRecords`, a response that breaks off is retried after the last record passed on.
 * - The generator ends when the shard was closed and is read to its end. It also ends, at once and
 *   without an error, when `signal` is aborted, in a pause or in a request.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis, pollShard } from "@triton/triton/kinesis";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const [shardId] = kinesis.createStream("clicks");
 * await kinesis.putRecords("clicks", [{ partitionKey: "a", data: new Uint8Array([0x80]) }]);
 * const shard = { stream: "clicks", shardId: shardId!, from: { type: "trim-horizon" } } as const;
 * for await (const { records } of pollShard(kinesis, shard)) {
 *   equal(records[0]!.partitionKey, "a");
 *   break;
 * }
 * ```
 * @param kinesis The service.
 * @param shard Which shard to read, and from where.
 * @param options Pace, clock and signal.
 * @returns One batch for each response.
 * @throws {KinesisError} If a request fails permanently; with code `StreamRecreated` if the position
 * is of an earlier stream with this name.
 */
export async function* pollShard(
  kinesis: KinesisApi,
  shard: {
    readonly stream: string;
    readonly shardId: ShardId;
    readonly from: StartPosition;
  },
  options: PollShardOptions = {},
): AsyncGenerator<RecordBatch> {
  const { signal, pollIntervalMs = 1_000, clock = systemClock } = options;
  const reader = new ShardReader(kinesis, shard, options);
  try {
    while (!signal?.aborted) {
      let batch: RecordBatch | undefined = await reader.read();
      const isLast = batch.nextIterator === undefined;
      const interval = reader.isBehind(batch)
        ? Math.min(BEHIND_INTERVAL_MS, pollIntervalMs)
        : pollIntervalMs;
      yield batch;
      batch = undefined; // a shard that waits must not hold megabytes
      reader.release();
      if (isLast) return;
      const rest = reader.sentAt + interval - monotonicNow(clock);
      if (rest > 0) await clock.sleep(Math.min(rest, interval), signal);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    reader.release();
  }
}

/** Why a response broke off after some of its records had been read. */
class BrokenResponse extends Error {}

/** Reads the batches of one shard. */
class ShardReader {
  /** When the last request was sent, in monotonic time. */
  sentAt = 0;
  readonly #clock: Clock;
  readonly #time: ServiceTime;
  readonly #kinesis: KinesisApi;
  readonly #shard: { readonly stream: string; readonly shardId: ShardId };
  readonly #options: PollShardOptions;
  readonly #limit: number;
  readonly #share: ReadShare;
  readonly #iterator: ShardIterator;
  /** How many records of the current response were read. */
  #count = 0;
  /** The last record read: records that are delivered again are left out. */
  #last: SequenceNumber | undefined;

  constructor(
    kinesis: KinesisApi,
    { stream, shardId, from }: { stream: string; shardId: ShardId; from: StartPosition },
    options: PollShardOptions,
  ) {
    this.#kinesis = kinesis;
    this.#shard = { stream, shardId };
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#time = options.time ?? new ServiceTime(this.#clock);
    this.#limit = options.limit ?? 10_000;
    this.#share = (options.budget ?? new ReadBudget(Infinity)).share();
    this.#iterator = new ShardIterator(kinesis, { stream, shardId, from }, {
      ...options,
      time: this.#time,
    });
    this.#last = from.type === "after" ? from.sequenceNumber : options.readBefore;
  }

  /** Whether the shard holds more than was read; not every server reports its lag. */
  isBehind(batch: RecordBatch): boolean {
    return batch.millisBehindLatest > 0 || this.#count >= this.#limit;
  }

  /** Reads the next batch, with a new iterator if there is none or it has expired. */
  async read(): Promise<RecordBatch> {
    for (let failures = 0;; failures++) {
      // An iterator that expires at once, on a server with a wrong clock, must not cause a busy loop.
      if (failures > 1) await this.#clock.sleep(BEHIND_INTERVAL_MS, this.#options.signal);
      const iterator = await this.#iterator.get();
      try {
        return await this.#advance(await this.#getRecords(iterator));
      } catch (error) {
        if (hasCode(error, "InvalidArgumentException")) await this.#iterator.requireSameStream();
        if (error instanceof BrokenResponse) failures = this.#reportBroken(error);
        else if (!hasCode(error, "ExpiredIteratorException")) throw error;
        this.#iterator.advance(undefined);
      }
    }
  }

  /** Releases the memory of the last batch. */
  release(): void {
    this.#share.release();
  }

  async #advance(batch: RecordBatch): Promise<RecordBatch> {
    const { onRecords } = this.#options;
    const records = onRecords === undefined ? withoutRedelivered(batch.records, this.#read) : [];
    if (onRecords === undefined) this.#moveTo(records);
    else await this.#passOn(batch);
    this.#iterator.advance(batch.nextIterator);
    return records === batch.records ? batch : { ...batch, records };
  }

  /** Passes records on; the position moves when `onRecords` is done with them. */
  async #passOn(piece: RecordPiece): Promise<void> {
    const records = newRecords(piece.records, this.#read);
    if (records.length === 0) return;
    await this.#options.onRecords?.({ ...piece, records }, this.#count === 0);
    this.#moveTo(records);
  }

  /** The shard, and the last record read of it. */
  get #read(): Parameters<typeof newRecords>[1] {
    return { ...this.#shard, last: this.#last };
  }

  #moveTo(records: Records): void {
    this.#count += records.length;
    const last = records.packed?.sequenceNumberOf(records.length - 1) ??
      records.at(-1)?.sequenceNumber;
    if (last === undefined) return;
    this.#last = last;
    this.#iterator.moveTo(last);
  }

  #getRecords(iterator: string): Promise<RecordBatch> {
    const { signal, turns } = this.#options;
    const request = () => this.#share.hold(() => this.#send(iterator), signal);
    return retryRequest(this.#request, async () => {
      try {
        return await inTurn(turns, signal, request);
      } catch (error) {
        const isBroken = this.#count > 0 && error instanceof KinesisError && error.retryable;
        throw isBroken ? new BrokenResponse(error.message, { cause: error }) : error;
      }
    }, this.#options);
  }

  #send(iterator: string): Promise<RecordBatch> {
    const { signal, onRecords } = this.#options;
    const sentAt = this.sentAt = this.#time.monotonic();
    this.#count = 0;
    const options = {
      limit: this.#limit,
      shard: this.#shard,
      signal,
      // The time is noted at once: `onRecords` may take long.
      onRecords: onRecords && ((piece: RecordPiece) => {
        this.#time.observe(piece, sentAt);
        return this.#passOn(piece);
      }),
    };
    return this.#time.of(() => this.#kinesis.getRecords(iterator, options));
  }

  get #request(): RetriedRequest {
    return { service: "kinesis", operation: "GetRecords", ...this.#shard };
  }

  /** Reports that a response that broke off is continued after a pause. */
  #reportBroken({ cause: error }: BrokenResponse): number {
    reportRetry(this.#request, { error, attempt: 1, delayMs: BEHIND_INTERVAL_MS }, this.#options);
    return 1;
  }
}
