/**
 * Reading one shard.
 *
 * @module
 */

import { type Clock, monotonicNow, systemClock } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type {
  KinesisApi,
  KinesisRecord,
  RecordBatch,
  RecordPiece,
  Shard,
  StartPosition,
} from "./kinesis_api.ts";
import { ReadBudget, type ReadShare } from "./read_budget.ts";
import { learnTime } from "./learn_time.ts";
import { reportRetry, type RetryingOptions, retryRequest } from "../base/retry.ts";
import { withoutRedelivered } from "./redelivered.ts";
import { listAllShards } from "./shard_list.ts";
import { ServiceTime } from "../aws/service_time.ts";
import type { Turns } from "./turns.ts";

/** A position of which the stream holds nothing any more, nor what followed it. */
export interface TrimmedPosition {
  /** The stream's name. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The position: the last record that was read. */
  readonly after: SequenceNumber;
}

/** How a shard is read. */
export interface PollShardOptions extends RetryingOptions {
  /**
   * The time from one request to the next while there is nothing more to read, in milliseconds:
   * 1,000 unless given, since all consumers of a shard share its five requests a second.
   */
  readonly pollIntervalMs?: number | undefined;
  /** The most records of one request: 10,000 unless given, which is also the most there can be. */
  readonly limit?: number | undefined;
  /**
   * A record that was read before, as were those before it: they are left out where reading begins at a
   * time. Default: none.
   */
  readonly readBefore?: SequenceNumber | undefined;
  /** Memory shared with the reading of other shards; without limit unless given. */
  readonly budget?: ReadBudget | undefined;
  /** How many requests of all shards are under way at once; no limit unless given. */
  readonly turns?: Turns | undefined;
  /**
   * Called with records while an answer comes; batches are then yielded without records. `isFirst`
   * says that these are the first of their answer. What it throws ends the reading.
   */
  readonly onRecords?: ((piece: RecordPiece, isFirst: boolean) => Promise<void>) | undefined;
  /** The service's time, shared with others that use the same service. */
  readonly time?: ServiceTime | undefined;
  /**
   * Called when the service refuses a position because the stream has dropped what followed it.
   * Reading goes on with the oldest record then, unless this throws. Default: the refusal is thrown.
   */
  readonly onTrimmed?: ((position: TrimmedPosition) => void | Promise<void>) | undefined;
}

/** Five requests a second is what a shard allows. */
const BEHIND_INTERVAL_MS = 200;

/**
 * Reads one shard from a position on, for as long as the shard is open.
 *
 * - Every answer is yielded, one without records too, so that the caller sees the lag.
 * - The next request waits until the caller asks for the next batch. Requests begin
 *   `pollIntervalMs` apart; while the shard holds more than was read, 200 ms apart at most.
 * - An expired iterator is renewed after the last record read. If none has been read yet, it is
 *   renewed at the start position; for `latest` that is the moment at which the first iterator was
 *   asked for, by the service's clock (less a second), so nothing that arrived since is missed.
 * - A start time that lies in the future by the service's clock, as one of a machine whose clock is
 *   ahead, means now.
 * - Records at or before the last one read, which a service delivers again, are left out.
 * - Throttling, 5xx, lost connections and answers that cannot be read are retried, with growing
 *   pauses, for as long as it takes.
 * - With `onRecords`, an answer that breaks off is retried after the last record that was handed over.
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
 * @throws {KinesisError} If a request fails in a way that asking again does not mend; with code
 * `StreamRecreated` if the position is of an earlier stream of that name.
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
      const rest = reader.askedAt + interval - monotonicNow(clock);
      if (rest > 0) await clock.sleep(Math.min(rest, interval), signal);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    reader.release();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof KinesisError && error.code === code;
}

/** Whether a number is one that a shard can have. */
function isWithin(
  number: SequenceNumber,
  { startingSequenceNumber: start, endingSequenceNumber: end }: Shard,
): boolean {
  return compareSequenceNumbers(number, start) >= 0 &&
    (end === undefined || compareSequenceNumbers(number, end) <= 0);
}

/** The error of a stream that was deleted and created again under its name. */
function recreatedError(
  { stream, shardId }: { readonly stream: string; readonly shardId: ShardId },
  position: SequenceNumber,
): KinesisError {
  return new KinesisError(
    `Cannot read ${shardId} of "${stream}" after ${position}: that record is older than the shard, so ` +
      "the stream was deleted and created again under this name. The positions of the earlier " +
      "stream mean nothing here: read under another client name, or move them with " +
      '"triton checkpoint rewind --to trim-horizon"',
    { code: "StreamRecreated", retryable: false },
  );
}

/** Why an answer broke off after some of its records had been read. */
class BrokenAnswer extends Error {}

/** The iterator of one shard, and where to renew it. */
class ShardReader {
  /** When the last answer was asked for, in monotonic time. */
  askedAt = 0;
  readonly #clock: Clock;
  readonly #time: ServiceTime;
  readonly #kinesis: KinesisApi;
  readonly #shard: { readonly stream: string; readonly shardId: ShardId };
  readonly #options: PollShardOptions;
  readonly #limit: number;
  readonly #share: ReadShare;
  #position: StartPosition;
  /** When the first iterator was asked for, if it is one at the latest: in monotonic time. */
  #latestAt: number | undefined;
  #iterator: string | undefined;
  /** How many records of the current answer were read. */
  #count = 0;
  /** The last record read: what comes again is left out. */
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
    this.#position = from;
    this.#last = from.type === "after" ? from.sequenceNumber : options.readBefore;
  }

  /** Whether the shard holds more than was read; not every server tells its lag. */
  isBehind(batch: RecordBatch): boolean {
    return batch.millisBehindLatest > 0 || this.#count >= this.#limit;
  }

  /** Reads the next batch, with a new iterator where there is none or it has expired. */
  async read(): Promise<RecordBatch> {
    for (let failures = 0;; failures++) {
      // An iterator that expires at once, on a server whose clock is off, must not make a busy loop.
      if (failures > 1) await this.#clock.sleep(BEHIND_INTERVAL_MS, this.#options.signal);
      this.#iterator ??= await this.#renew();
      try {
        return await this.#advance(await this.#getRecords(this.#iterator));
      } catch (error) {
        if (hasCode(error, "InvalidArgumentException")) await this.#requireSameStream();
        if (error instanceof BrokenAnswer) failures = this.#reportBroken(error);
        else if (!hasCode(error, "ExpiredIteratorException")) throw error;
        this.#iterator = undefined;
      }
    }
  }

  /** Gives the memory of the last batch back. */
  release(): void {
    this.#share.release();
  }

  async #advance(batch: RecordBatch): Promise<RecordBatch> {
    const { onRecords } = this.#options;
    const records = onRecords === undefined ? this.#withoutRedelivered(batch) : [];
    if (onRecords === undefined) this.#moveTo(records);
    else await this.#handOver(batch);
    this.#iterator = batch.nextIterator;
    return records === batch.records ? batch : { ...batch, records };
  }

  /** Hands records over; the position moves once they are taken. */
  async #handOver(piece: RecordPiece): Promise<void> {
    const records = this.#withoutRedelivered(piece);
    if (records.length === 0) return;
    await this.#options.onRecords?.({ ...piece, records }, this.#count === 0);
    this.#moveTo(records);
  }

  #withoutRedelivered({ records }: RecordPiece): readonly KinesisRecord[] {
    return withoutRedelivered(records, { ...this.#shard, last: this.#last });
  }

  #moveTo(records: readonly KinesisRecord[]): void {
    this.#count += records.length;
    const last = records.at(-1);
    if (last === undefined) return;
    this.#last = last.sequenceNumber;
    this.#position = { type: "after", sequenceNumber: last.sequenceNumber };
  }

  #getRecords(iterator: string): Promise<RecordBatch> {
    const { signal, turns, onRecords } = this.#options;
    return this.#ask("GetRecords", async () => {
      using _turn = await turns?.take(signal);
      const ask = () => {
        this.askedAt = this.#time.monotonic();
        const sentAt = this.askedAt;
        this.#count = 0;
        const options = {
          limit: this.#limit,
          shard: this.#shard,
          signal,
          // Its time is best noted at once: to take the records may take long.
          onRecords: onRecords && ((piece: RecordPiece) => {
            this.#time.observe(piece, sentAt);
            return this.#handOver(piece);
          }),
        };
        return this.#time.of(() => this.#kinesis.getRecords(iterator, options));
      };
      try {
        return await this.#share.hold(ask, signal);
      } catch (error) {
        const isBroken = this.#count > 0 && error instanceof KinesisError && error.retryable;
        throw isBroken ? new BrokenAnswer(error.message, { cause: error }) : error;
      }
    });
  }

  /** Says that an answer is read on from where it broke off, after a pause. */
  #reportBroken({ cause: error }: BrokenAnswer): number {
    const request = { service: "kinesis", operation: "GetRecords", ...this.#shard };
    reportRetry(request, { error, attempt: 1, delayMs: BEHIND_INTERVAL_MS }, this.#options);
    return 1;
  }

  async #renew(): Promise<string> {
    try {
      return await this.#getIterator();
    } catch (error) {
      if (!hasCode(error, "InvalidArgumentException")) throw error;
      if (await this.#isInFuture()) this.#latestAt ??= this.#time.monotonic();
      else if (!await this.#skipTrimmed()) throw error;
      return await this.#getIterator();
    }
  }

  async #getIterator(): Promise<string> {
    const { signal, turns } = this.#options;
    // A second LATEST would skip what arrives until it is asked for.
    if (this.#latestAt !== undefined && this.#position.type !== "after") {
      this.#position = { type: "at-timestamp", timestamp: this.#time.startAt(this.#latestAt) };
    }
    let askedAt = 0;
    const iterator = await this.#ask("GetShardIterator", async () => {
      using _turn = await turns?.take(signal);
      askedAt = this.#time.monotonic();
      return await this.#kinesis.getShardIterator(this.#shard, this.#position, { signal });
    });
    if (this.#position.type === "latest") this.#latestAt = askedAt;
    return iterator;
  }

  /** Whether reading is to begin at a time that has not come yet, by the service's clock. */
  async #isInFuture(): Promise<boolean> {
    if (this.#position.type !== "at-timestamp") return false;
    await learnTime(this.#kinesis, this.#shard.stream, this.#time, this.#options);
    return this.#position.timestamp.getTime() > this.#time.now();
  }

  /**
   * Goes on with the oldest record if the position is of this shard, so that its age is all that can
   * be wrong with it; false if it is not.
   */
  async #skipTrimmed(): Promise<boolean> {
    const { onTrimmed } = this.#options;
    const shard = await this.#requireSameStream();
    if (this.#position.type !== "after" || onTrimmed === undefined) return false;
    const { sequenceNumber: after } = this.#position;
    if (shard === undefined || !isWithin(after, shard)) return false;
    await onTrimmed({ ...this.#shard, after });
    this.#position = { type: "trim-horizon" };
    return true;
  }

  /**
   * Refuses a position before the shard's first: sequence numbers grow with time, so it is one of an
   * earlier stream of that name.
   *
   * @returns The shard, if the position names a record and the stream has the shard.
   */
  async #requireSameStream(): Promise<Shard | undefined> {
    if (this.#position.type !== "after") return undefined;
    const { sequenceNumber } = this.#position;
    const { stream, shardId } = this.#shard;
    const shards = await listAllShards(this.#kinesis, stream, this.#options);
    const shard = shards.find(({ id }) => id === shardId);
    if (
      shard !== undefined &&
      compareSequenceNumbers(sequenceNumber, shard.startingSequenceNumber) < 0
    ) throw recreatedError(this.#shard, sequenceNumber);
    return shard;
  }

  #ask<T>(operation: string, act: () => Promise<T>): Promise<T> {
    const request = { service: "kinesis", operation, ...this.#shard };
    return retryRequest(request, act, this.#options);
  }
}
