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

/** Memory of a record besides its payload: objects, keys, sequence number, date. */
const RECORD_OVERHEAD_BYTES = 400;

/** A shard is caught up if its responses had neither a record nor less lag for this time. */
const STALLED_MS = 60_000;

/** After how many bytes {@linkcode ShardQueue.taken} is notified: waiting costs more than most records. */
const NOTIFY_BYTES = 32 << 10;

/**
 * The records of one shard that were fetched and not yet read, in order. Aggregated records are split.
 */
export class ShardQueue {
  /** The lease under which the shard is fetched. */
  readonly lease: Lease;
  readonly shardId: ShardId;
  /** Notified after some kilobytes of records were yielded, and when the queue is empty. */
  readonly taken: Notifier = new Notifier();
  /** Notified after each response, and when the shard was read to its end. */
  readonly pushed: Notifier = new Notifier();
  /** Memory of the queue, in bytes, roughly. */
  bytes = 0;
  /** The memory of what was yielded since `taken` was notified. */
  #takenBytes = 0;
  readonly #batches: RecordBatch[] = [];
  #next = 0;
  /** The user records of the next record, if it is aggregated. */
  #inside: UserRecords | undefined;
  #nextInside = 0;
  #isLookedInto = false;
  #closed = false;
  #millisBehindLatest: number | undefined;
  readonly #limit: number;
  /** How many responses are needed until the last one reflects the present. */
  #responsesDue = 1;
  #tip = false;
  /** The least lag since the last record, when it was last reached, and when the last response came. */
  #leastBehind = Infinity;
  #progressAt: number | undefined;
  #respondedAt = -Infinity;

  /** Creates an empty queue; `limit` is the maximum number of records of one response. */
  constructor(lease: Lease, limit: number) {
    this.lease = lease;
    this.shardId = lease.shardId;
    this.#limit = limit;
  }

  /**
   * Adds records that were fetched at some moment, in monotonic time.
   *
   * @returns The bytes of their data.
   */
  push(batch: RecordBatch, at: number): number {
    this.#noteProgress(batch, at);
    this.#batches.push(batch);
    this.#responsesDue--;
    // Not every server reports its lag; after a full response there is more.
    this.#tip = batch.millisBehindLatest === 0 && batch.records.length < this.#limit;
    let bytes = 0;
    for (const record of batch.records) bytes += record.data.length;
    this.bytes += bytes + batch.records.length * RECORD_OVERHEAD_BYTES;
    this.#dropEmpty();
    this.pushed.notify();
    return bytes;
  }

  /** Notes that the shard was read to its end. */
  close(): void {
    this.#closed = true;
    this.pushed.notify();
  }

  /** Whether everything was yielded and nothing more will come. */
  get isDrained(): boolean {
    return this.#closed && this.#batches.length === 0;
  }

  /**
   * Whether there is nothing to yield, and the last response reported no lag, or for a minute no
   * response had a record or came nearer to the newest one: some servers never report a lag of 0.
   */
  get isAtTip(): boolean {
    if (this.#batches.length > 0 || this.#responsesDue > 0) return false;
    return this.#tip || this.#respondedAt - this.#progressAt! >= STALLED_MS;
  }

  /** Forgets the tip: the next response may be old, as it may already be in progress. */
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
   * Removes the record that {@linkcode peek} returned.
   *
   * @returns Whether it was the last one of its Kinesis record.
   */
  take(): boolean {
    if (this.#inside !== undefined && ++this.#nextInside < this.#inside.length) return false;
    this.#inside = undefined;
    this.#nextInside = 0;
    this.#isLookedInto = false;
    const bytes = weigh(this.#batches[0]!.records[this.#next]!);
    this.bytes -= bytes;
    this.#takenBytes += bytes;
    this.#next++;
    this.#dropEmpty();
    if (this.#takenBytes >= NOTIFY_BYTES || this.bytes === 0) {
      this.#takenBytes = 0;
      this.taken.notify();
    }
    return true;
  }

  /**
   * How far reading is behind the newest record: the lag of the last record yielded, or of the first
   * one fetched if none was yielded. Undefined before the first response.
   */
  get millisBehindLatest(): number | undefined {
    const batch = this.#batches[0];
    if (batch === undefined) return this.#millisBehindLatest;
    if (this.#next === 0 && this.#millisBehindLatest !== undefined) return this.#millisBehindLatest;
    const [last, here] = [batch.records.at(-1)!, batch.records[Math.max(0, this.#next - 1)]!];
    const rest = last.arrivedAt.getTime() - here.arrivedAt.getTime();
    return batch.millisBehindLatest + Math.max(0, rest);
  }

  /**
   * The lag at a moment of monotonic time: it grows while there is no response.
   */
  lagAt(now: number): number | undefined {
    const lag = this.millisBehindLatest;
    return lag === undefined ? undefined : lag + Math.max(0, now - this.#respondedAt);
  }

  #noteProgress({ records, millisBehindLatest }: RecordBatch, at: number): void {
    // A second, since even a constant lag varies a little.
    const isNearer = millisBehindLatest <= this.#leastBehind - 1_000;
    const isProgress = records.length > 0 || isNearer;
    if (isProgress) this.#leastBehind = millisBehindLatest;
    if (isProgress || this.#progressAt === undefined) this.#progressAt = at;
    this.#respondedAt = at;
  }

  /** Drops the batches that were yielded; the first one may have been empty. */
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
