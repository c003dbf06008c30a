import type { ServiceTime } from "../aws/service_time.ts";
import { KinesisError } from "../base/errors.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import type { KinesisApi, Shard, StartPosition } from "./kinesis_api.ts";
import { learnTime } from "./learn_time.ts";
import { listAllShards } from "./shard_list.ts";
import { inTurn, type TurnLine } from "./turns.ts";

/** A position that the stream has dropped, together with the records that followed it. */
export interface TrimmedPosition {
  /** The stream's name. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The position: the last record that was read. */
  readonly after: SequenceNumber;
}

/** Options of {@linkcode ShardIterator}: those of `pollShard` that it needs. */
interface ShardIteratorOptions extends RetryingOptions {
  readonly time: ServiceTime;
  readonly turns?: TurnLine | undefined;
  readonly onTrimmed?: ((position: TrimmedPosition) => void | Promise<void>) | undefined;
}

/** The iterator of one shard, and the position at which it is renewed. */
export class ShardIterator {
  readonly #kinesis: KinesisApi;
  readonly #shard: { readonly stream: string; readonly shardId: ShardId };
  readonly #options: ShardIteratorOptions;
  readonly #time: ServiceTime;
  #position: StartPosition;
  /** When the first iterator at the latest record was requested, in monotonic time. */
  #latestAt: number | undefined;
  #iterator: string | undefined;

  /** Creates an iterator that begins at `from`. */
  constructor(
    kinesis: KinesisApi,
    { stream, shardId, from }: { stream: string; shardId: ShardId; from: StartPosition },
    options: ShardIteratorOptions,
  ) {
    this.#kinesis = kinesis;
    this.#shard = { stream, shardId };
    this.#options = options;
    this.#time = options.time;
    this.#position = from;
  }

  /** The iterator of the next request. */
  async get(): Promise<string> {
    return this.#iterator ??= await this.#renew();
  }

  /** Sets the iterator of the next request; undefined renews it. */
  advance(next: string | undefined): void {
    this.#iterator = next;
  }

  /** Moves the position: an iterator that is renewed continues after this record. */
  moveTo(sequenceNumber: SequenceNumber): void {
    this.#position = { type: "after", sequenceNumber };
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
    // A second LATEST would skip the records that arrived in between.
    if (this.#latestAt !== undefined && this.#position.type !== "after") {
      this.#position = { type: "at-timestamp", timestamp: this.#time.startAt(this.#latestAt) };
    }
    let sentAt = 0;
    const request = { service: "kinesis", operation: "GetShardIterator", ...this.#shard };
    const send = () => {
      sentAt = this.#time.monotonic();
      return this.#kinesis.getShardIterator(this.#shard, this.#position, { signal });
    };
    const iterator = await retryRequest(
      request,
      () => inTurn(turns, signal, send),
      this.#options,
    );
    if (this.#position.type === "latest") this.#latestAt = sentAt;
    return iterator;
  }

  /** Whether reading starts at a time that is in the future by the service's clock. */
  async #isInFuture(): Promise<boolean> {
    if (this.#position.type !== "at-timestamp") return false;
    await learnTime(this.#kinesis, this.#shard.stream, this.#time, this.#options);
    return this.#position.timestamp.getTime() > this.#time.now();
  }

  /**
   * Continues with the oldest record if the position is of this shard, so that only its age can be
   * wrong with it; otherwise returns false.
   */
  async #skipTrimmed(): Promise<boolean> {
    const { onTrimmed } = this.#options;
    const shard = await this.requireSameStream();
    if (this.#position.type !== "after" || onTrimmed === undefined) return false;
    const { sequenceNumber: after } = this.#position;
    if (shard === undefined || !isWithin(after, shard)) return false;
    await onTrimmed({ ...this.#shard, after });
    this.#position = { type: "trim-horizon" };
    return true;
  }

  /**
   * Refuses a position before the shard's first: sequence numbers grow with time, so it is of an
   * earlier stream with the same name.
   *
   * @returns The shard, if the position names a record and the stream has the shard.
   */
  async requireSameStream(): Promise<Shard | undefined> {
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
}

/** Whether an error has a code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof KinesisError && error.code === code;
}

/** Whether a shard can have a sequence number. */
function isWithin(
  number: SequenceNumber,
  { startingSequenceNumber: start, endingSequenceNumber: end }: Shard,
): boolean {
  return compareSequenceNumbers(number, start) >= 0 &&
    (end === undefined || compareSequenceNumbers(number, end) <= 0);
}

/** The error for a stream that was deleted and created again with the same name. */
function recreatedError(
  { stream, shardId }: { readonly stream: string; readonly shardId: ShardId },
  position: SequenceNumber,
): KinesisError {
  return new KinesisError(
    `Cannot read ${shardId} of "${stream}" after ${position}: that record is older than the shard, so ` +
      "the stream was deleted and created again with this name. Positions of the earlier stream are " +
      "not valid: read with another client name, or move them with " +
      '"triton checkpoint rewind --to trim-horizon"',
    { code: "StreamRecreated" },
  );
}
