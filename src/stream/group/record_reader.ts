import { monotonicNow, pause } from "../../base/clock.ts";
import type { SequenceNumber, StreamRecord } from "../../base/record.ts";
import type { RecordChecker } from "../record_checker.ts";
import type { HeldShard } from "./held_shard.ts";
import type { Membership } from "./membership.ts";

/** A record that was read. */
export interface ReadRecord<T> {
  /** The record; undefined if it is invalid, and skipped. */
  readonly record: StreamRecord<T> | undefined;
  /** Its position. */
  readonly sequenceNumber: SequenceNumber;
  /** Whether it is the last one of its Kinesis record. */
  readonly isWhole: boolean;
}

/** Consecutive records, up to the end of a Kinesis record. */
export interface ReadBatch<T> {
  /** The valid records: at least one. */
  readonly records: readonly StreamRecord<T>[];
  /** The position of the last one, or of one that was skipped after that. */
  readonly last: SequenceNumber;
}

/** Limits of a batch. */
export interface BatchLimits {
  readonly maxRecords: number;
  readonly maxWaitMs: number;
}

/** Reads the records of one shard, until it ends or is revoked. */
export class RecordReader<T> {
  readonly #shard: HeldShard;
  readonly #member: Membership;
  readonly #checker: RecordChecker<T>;

  constructor(shard: HeldShard, member: Membership, checker: RecordChecker<T>) {
    this.#shard = shard;
    this.#member = member;
    this.#checker = checker;
  }

  /** Reads the next record that was fetched; undefined if there is none, or the shard is revoked. */
  async read(): Promise<ReadRecord<T> | undefined> {
    const next = this.#shard.peek();
    if (next === undefined) return undefined;
    const record = await this.#checker.check(this.#shard.shardId, next);
    if (!this.#shard.isReadable) return undefined;
    const isWhole = this.#shard.take(next);
    return { record, sequenceNumber: next.sequenceNumber, isWhole };
  }

  /** Waits for the next record; undefined if the shard is read to its end or revoked. */
  async next(): Promise<ReadRecord<T> | undefined> {
    for (;;) {
      const read = await this.read();
      if (read !== undefined) return read;
      if (this.#isOver) return undefined;
      if (this.#shard.peek() !== undefined) continue; // it came in this very moment
      await this.#shard.queue.pushed.wait(this.#shard.lease.signal);
    }
  }

  /** Waits for the next batch; undefined if the shard is read to its end or revoked. */
  async nextBatch({ maxRecords, maxWaitMs }: BatchLimits): Promise<ReadBatch<T> | undefined> {
    const { clock } = this.#member;
    const records: StreamRecord<T>[] = [];
    let last: SequenceNumber | undefined;
    let bytes = 0;
    let until = Infinity;
    for (;;) {
      for (let read = await this.read(); read !== undefined; read = await this.read()) {
        const { record, sequenceNumber, isWhole } = read;
        if (record !== undefined) {
          if (records.length === 0) until = monotonicNow(clock) + maxWaitMs;
          records.push(record);
          bytes += record.raw.length;
        }
        if (!isWhole) continue;
        // Nothing before it is in process, and nothing of it is to be.
        if (records.length === 0) this.#shard.advance(sequenceNumber);
        last = sequenceNumber;
        const isFull = records.length >= maxRecords || bytes >= this.#member.share;
        if (isFull && records.length > 0) return { records, last };
      }
      if (!this.#shard.isReadable) return undefined;
      const rest = until - monotonicNow(clock);
      const isReady = this.#shard.queue.isDrained || rest <= 0;
      if (isReady && records.length > 0) return { records, last: last! };
      if (this.#isOver) return undefined;
      if (this.#shard.peek() === undefined) await this.#wait(rest);
    }
  }

  /** Whether nothing more will come. */
  get #isOver(): boolean {
    return !this.#shard.isReadable || this.#shard.queue.isDrained;
  }

  /** Waits for records, for some time, or until the shard is revoked. */
  async #wait(ms: number): Promise<void> {
    const { queue, lease: { signal } } = this.#shard;
    if (ms === Infinity) return await queue.pushed.wait(signal);
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener("abort", end, { once: true });
    void pause(this.#member.clock, ms, over.signal).then(end);
    await queue.pushed.wait(over.signal);
    end();
    signal.removeEventListener("abort", end); // it may live for years
  }
}
