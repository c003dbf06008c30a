/**
 * What was fetched from one shard and not handed out yet.
 *
 * @module
 */

import {
  deaggregate,
  type KinesisRecord,
  type RecordBatch,
  type UserRecord,
  type UserRecords,
} from "../kinesis/mod.ts";
import type { ShardId } from "../base/record.ts";
import type { Lease } from "../shards/lease.ts";
import { Notifier } from "../base/notifier.ts";

/** What a record weighs beside its payload: objects, keys, sequence number, date. */
const RECORD_OVERHEAD_BYTES = 400;

/** A shard whose responses bring neither a record nor less lag for so long has no more. */
const STALLED_MS = 60_000;

/**
 * The records of one shard, in order, between its fetching and its reading: those that the Kinesis
 * Producer Library has aggregated one by one.
 */
export class ShardQueue {
  /** The lease under which the shard is fetched. */
  readonly lease: Lease;
  /** The shard. */
  readonly shardId: ShardId;
  /** Notified whenever a record was handed out. */
  readonly taken: Notifier = new Notifier();
  /** What waits here, in bytes of memory, roughly. */
  bytes = 0;
  readonly #batches: RecordBatch[] = [];
  #next = 0;
  /** What is in the next record, if it is aggregated and was looked into. */
  #inside: UserRecords | undefined;
  #nextInside = 0;
  #isLookedInto = false;
  #closed = false;
  #millisBehindLatest: number | undefined;
  readonly #limit: number;
  /** How many responses it takes until the last one tells of now. */
  #responsesDue = 1;
  #tip = false;
  /** The least lag since the last record, when it was last reached, and when the last response came. */
  #leastBehind = Infinity;
  #progressAt: number | undefined;
  #respondedAt = -Infinity;

  /** Creates an empty queue; `limit` is the most records of one response. */
  constructor(lease: Lease, limit: number) {
    this.lease = lease;
    this.shardId = lease.shardId;
    this.#limit = limit;
  }

  /** Adds what was fetched at some moment, in monotonic time. */
  push(batch: RecordBatch, at: number): void {
    this.#noteProgress(batch, at);
    this.#batches.push(batch);
    this.#responsesDue--;
    // Not every server tells its lag; a full response has more behind it.
    this.#tip = batch.millisBehindLatest === 0 && batch.records.length < this.#limit;
    for (const record of batch.records) this.bytes += weigh(record);
    this.#dropEmpty();
  }

  /** Notes that nothing more will come: the shard was read to its end. */
  close(): void {
    this.#closed = true;
  }

  /** Whether everything has been handed out and nothing more will come. */
  get isDrained(): boolean {
    return this.#closed && this.#batches.length === 0;
  }

  /**
   * Whether there is nothing to hand out, and the last response said that there is nothing more; or
   * responses come that say otherwise, and for a minute none has brought a record or come nearer to the
   * newest one: some servers never report a lag of 0.
   */
  get isAtTip(): boolean {
    if (this.#batches.length > 0 || this.#responsesDue > 0) return false;
    return this.#tip || this.#respondedAt - this.#progressAt! >= STALLED_MS;
  }

  /** Forgets the tip: what the next response says may be old, as it may be on its way already. */
  expectNews(): void {
    this.#responsesDue = 2;
    this.#progressAt = undefined;
  }

  /** The next record, which stays in the queue; undefined if there is none now. */
  peek(): UserRecord | undefined {
    const record = this.#batches[0]?.records[this.#next];
    if (record === undefined) return undefined;
    if (!this.#isLookedInto) {
      this.#inside = deaggregate(record);
      this.#isLookedInto = true;
    }
    return this.#inside?.get(this.#nextInside) ?? record;
  }

  /**
   * Takes the record that {@linkcode peek} showed out of the queue.
   *
   * @returns Whether it was the last one of its Kinesis record.
   */
  take(): boolean {
    if (this.#inside !== undefined && ++this.#nextInside < this.#inside.length) return false;
    this.#inside = undefined;
    this.#nextInside = 0;
    this.#isLookedInto = false;
    this.bytes -= weigh(this.#batches[0]!.records[this.#next]!);
    this.#next++;
    this.#dropEmpty();
    this.taken.notify();
    return true;
  }

  /**
   * How far reading is behind the newest record: as far as the last record taken, or as the first
   * one fetched while none was taken. Undefined before the first response.
   */
  get millisBehindLatest(): number | undefined {
    const batch = this.#batches[0];
    if (batch === undefined) return this.#millisBehindLatest;
    if (this.#next === 0 && this.#millisBehindLatest !== undefined) return this.#millisBehindLatest;
    const [last, here] = [batch.records.at(-1)!, batch.records[Math.max(0, this.#next - 1)]!];
    const rest = last.arrivedAt.getTime() - here.arrivedAt.getTime();
    return batch.millisBehindLatest + Math.max(0, rest);
  }

  #noteProgress({ records, millisBehindLatest }: RecordBatch, at: number): void {
    // A second, since a lag that stays the same differs a little each time.
    const isNearer = millisBehindLatest <= this.#leastBehind - 1_000;
    const isProgress = records.length > 0 || isNearer;
    if (isProgress) this.#leastBehind = millisBehindLatest;
    if (isProgress || this.#progressAt === undefined) this.#progressAt = at;
    this.#respondedAt = at;
  }

  /** Drops the batches that are used up, the first of which may have been empty from the start. */
  #dropEmpty(): void {
    while (this.#batches.length > 0 && this.#next >= this.#batches[0]!.records.length) {
      this.#millisBehindLatest = this.#batches.shift()!.millisBehindLatest;
      this.#next = 0;
    }
  }
}

function weigh(record: KinesisRecord): number {
  return record.data.length + RECORD_OVERHEAD_BYTES;
}
