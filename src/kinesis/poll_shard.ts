/**
 * Reading one shard.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { KinesisError } from "../errors.ts";
import type { ShardId } from "../record.ts";
import type { KinesisApi, RecordBatch, StartPosition } from "./kinesis_api.ts";
import { ReadBudget, type ReadShare } from "./read_budget.ts";
import { askUntilAnswered, type RetriedRequest, type RetryingOptions } from "./retrying.ts";

/** How a shard is read. */
export interface PollShardOptions extends RetryingOptions {
  /**
   * The time from one request to the next while there is nothing more to read, in milliseconds:
   * 1,000 unless given, since all consumers of a shard share its five requests a second.
   */
  readonly pollIntervalMs?: number | undefined;
  /** The most records of one request: 10,000 unless given, which is also the most there can be. */
  readonly limit?: number | undefined;
  /** Memory shared with the reading of other shards; without limit unless given. */
  readonly budget?: ReadBudget | undefined;
}

/** Five requests a second is what a shard allows. */
const BEHIND_INTERVAL_MS = 200;
/** How far apart this machine's clock and that of Kinesis may be. */
const CLOCK_TOLERANCE_MS = 1_000;

/**
 * Reads one shard from a position on, for as long as the shard is open.
 *
 * - Every answer is yielded, one without records too, so that the caller sees the lag.
 * - The next request waits until the caller asks for the next batch. Requests begin
 *   `pollIntervalMs` apart; while the shard holds more than was read, 200 ms apart at most.
 * - An expired iterator is renewed after the last record read. If none has been read yet, it is
 *   renewed at the start position; for `latest` that is the moment at which the first iterator was
 *   asked for (less a second, because two clocks are never equal), so nothing that arrived since
 *   is missed.
 * - Throttling, 5xx, lost connections and answers that cannot be read are retried, with growing
 *   pauses, for as long as it takes.
 * - The generator ends when the shard has been closed and read to its end. It ends as well, at once
 *   and without an error, when `signal` is aborted, be it in a pause or in a request.
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
 * @returns One batch for each answer of the service.
 * @throws {KinesisError} If a request fails in a way that asking again does not mend.
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
      batch = undefined; // a shard that waits must not hold megabytes meanwhile
      reader.release();
      if (isLast) return;
      await sleepUntil(reader.askedAt + interval, interval, clock, signal);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    reader.release();
  }
}

/** Sleeps until a time, but never longer than `atMost`: the clock may have been set back. */
async function sleepUntil(
  time: number,
  atMost: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  const rest = Math.min(time - clock.now(), atMost);
  if (rest > 0) await clock.sleep(rest, signal);
}

function isExpiry(error: unknown): boolean {
  return error instanceof KinesisError && error.code === "ExpiredIteratorException";
}

/** The iterator of one shard, and where to renew it. */
class ShardReader {
  /** When the last answer was asked for. */
  askedAt = 0;
  readonly #kinesis: KinesisApi;
  readonly #shard: { readonly stream: string; readonly shardId: ShardId };
  readonly #options: PollShardOptions;
  readonly #limit: number;
  readonly #share: ReadShare;
  #position: StartPosition;
  #iterator: string | undefined;

  constructor(
    kinesis: KinesisApi,
    { stream, shardId, from }: { stream: string; shardId: ShardId; from: StartPosition },
    options: PollShardOptions,
  ) {
    this.#kinesis = kinesis;
    this.#shard = { stream, shardId };
    this.#options = options;
    this.#limit = options.limit ?? 10_000;
    this.#share = (options.budget ?? new ReadBudget(Infinity)).share();
    this.#position = from;
  }

  /** Whether the shard holds more than was read; not every server tells its lag. */
  isBehind(batch: RecordBatch): boolean {
    return batch.millisBehindLatest > 0 || batch.records.length >= this.#limit;
  }

  /** Reads the next batch, with a new iterator where there is none or it has expired. */
  async read(): Promise<RecordBatch> {
    const { signal, clock = systemClock } = this.#options;
    for (let expired = 0;; expired++) {
      // One that expires at once, on a server whose clock is off, must not make a busy loop.
      if (expired > 1) await clock.sleep(BEHIND_INTERVAL_MS, signal);
      this.#iterator ??= await this.#renew();
      try {
        return this.#advance(await this.#getRecords(this.#iterator));
      } catch (error) {
        if (!isExpiry(error)) throw error;
        this.#iterator = undefined;
      }
    }
  }

  /** Gives the memory of the last batch back. */
  release(): void {
    this.#share.release();
  }

  #advance(batch: RecordBatch): RecordBatch {
    const last = batch.records.at(-1);
    if (last !== undefined) {
      this.#position = { type: "after", sequenceNumber: last.sequenceNumber };
    }
    this.#iterator = batch.nextIterator;
    return batch;
  }

  #getRecords(iterator: string): Promise<RecordBatch> {
    const { signal, clock = systemClock } = this.#options;
    return this.#ask(
      "GetRecords",
      () => {
        const ask = () => {
          this.askedAt = clock.now();
          const options = { limit: this.#limit, shard: this.#shard, signal };
          return this.#kinesis.getRecords(iterator, options);
        };
        return this.#share.hold(ask, signal);
      },
    );
  }

  async #renew(): Promise<string> {
    const { signal, clock = systemClock } = this.#options;
    let askedAt = 0;
    const iterator = await this.#ask("GetShardIterator", () => {
      askedAt = clock.now();
      return this.#kinesis.getShardIterator(this.#shard, this.#position, { signal });
    });
    if (this.#position.type === "latest") {
      // A second LATEST would skip what arrives until it is asked for. The first cannot be a time:
      // a clock that runs ahead of the service's would name a future one, which is refused.
      const timestamp = new Date(askedAt - CLOCK_TOLERANCE_MS);
      this.#position = { type: "at-timestamp", timestamp };
    }
    return iterator;
  }

  #ask<T>(operation: string, act: () => Promise<T>): Promise<T> {
    const request: RetriedRequest = { service: "kinesis", operation, ...this.#shard };
    return askUntilAnswered(request, act, this.#options);
  }
}
