import { Notifier } from "../../base/notifier.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { UserRecord } from "../../kinesis/mod.ts";
import { isLost, type Lease } from "../../shards/lease.ts";
import type { ShardQueue } from "../shard_queue.ts";

/**
 * A shard that a member holds: what was fetched of it, and how far it has been processed.
 *
 * It is readable at first. When its lease's signal is aborted, it is revoked: nothing more is read,
 * and what is being processed may still be saved. Then it is over: nothing can be saved any more.
 */
export class HeldShard {
  /** The lease. */
  readonly lease: Lease;
  /** What was fetched, and not read yet. */
  readonly queue: ShardQueue;
  /** Notified when something may be the last: a handler, a record, or the right to the shard. */
  readonly changed: Notifier = new Notifier();
  /** The position in the table, as this member knows it. */
  saved: SequenceNumber | undefined;
  readonly #over = new AbortController();
  /** What is being processed, and since when, in monotonic time. */
  readonly #running = new Map<object, number>();
  #suspicion: { readonly saved: SequenceNumber | undefined; readonly round: number } | undefined;
  #processed: SequenceNumber | undefined;
  /** The last record that was read. */
  #taken: SequenceNumber | undefined;

  /** Creates a shard that continues after `position`. */
  constructor(lease: Lease, queue: ShardQueue, position: SequenceNumber | undefined) {
    this.lease = lease;
    this.queue = queue;
    this.saved = this.#processed = this.#taken = position;
    lease.signal.addEventListener("abort", () => {
      if (isLost(lease)) this.end(lease.signal.reason);
      this.changed.notify();
    }, { once: true });
  }

  /** The shard. */
  get shardId(): ShardId {
    return this.lease.shardId;
  }

  /** Aborted when nothing can be saved any more. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Whether records may be read. */
  get isReadable(): boolean {
    return !this.lease.signal.aborted && !this.signal.aborted;
  }

  /** Whether nothing can be saved any more. */
  get isOver(): boolean {
    return this.signal.aborted;
  }

  /** Whether no handler is running. */
  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Whether the shard was read to its end, and everything is processed. */
  get isDone(): boolean {
    return this.queue.isDrained && this.isIdle && this.#taken === this.#processed;
  }

  /** Since when the oldest handler has been running, in monotonic time; undefined if none is. */
  get busySince(): number | undefined {
    return this.#running.values().next().value;
  }

  /** The last record up to which everything is processed. */
  get processed(): SequenceNumber | undefined {
    return this.#processed;
  }

  /** The last record that was read; it may be in process. */
  get taken(): SequenceNumber | undefined {
    return this.#taken;
  }

  /** The next record, which stays; undefined if there is none, or none may be read. */
  peek(): UserRecord | undefined {
    return this.isReadable ? this.queue.peek() : undefined;
  }

  /**
   * Removes the record that {@linkcode peek} returned.
   *
   * @returns Whether it was the last one of its Kinesis record.
   */
  take({ sequenceNumber }: UserRecord): boolean {
    const isWhole = this.queue.take();
    if (isWhole) this.#taken = sequenceNumber;
    return isWhole;
  }

  /** Notes that a handler begins. */
  begin(unit: object, now: number): void {
    this.#running.set(unit, now);
  }

  /** Notes that a handler has returned. */
  finish(unit: object): void {
    this.#running.delete(unit);
    this.#noteChange();
  }

  /** Notes that everything up to a record is processed, unless it is too late. */
  advance(position: SequenceNumber): void {
    if (this.isOver) return;
    this.#processed = position;
    this.#noteChange();
  }

  /** Notes that a position is in the table. */
  commit(position: SequenceNumber): void {
    this.saved = position;
    this.advance(position);
  }

  /**
   * Notes whether the table had another position than this, when it was last read.
   *
   * @param isOther Whether it had, and no handler is running.
   * @param round Counts how often the table was read.
   * @returns Whether it had another one in a read that began after the position was saved.
   */
  isBehind(isOther: boolean, round: number): boolean {
    const { saved } = this;
    const before = this.#suspicion;
    if (isOther && before?.saved === saved && before !== undefined) {
      return round >= before.round + 2; // the one that was under way has been followed by another
    }
    this.#suspicion = isOther ? { saved, round } : undefined;
    return false;
  }

  /** Ends the right to save anything. */
  end(reason?: unknown): void {
    this.#over.abort(reason);
    this.changed.notify();
  }

  /** Most changes matter to nobody: whoever waits does so for the last one. */
  #noteChange(): void {
    if (!this.isReadable || this.queue.isDrained) this.changed.notify();
  }
}
