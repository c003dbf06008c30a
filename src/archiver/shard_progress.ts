import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Lease } from "../shards/lease.ts";
import type { ReadFailure } from "./read_failure.ts";

/** How far a shard has been read and archived under one lease. */
export class ShardProgress {
  /** The lease. */
  readonly lease: Lease;
  /** The last record in a file that was closed: what the shard's next file follows on. */
  archived: SequenceNumber | undefined;
  /** The last record in the archive, also where the file that follows does not follow on it. */
  archivedBefore: SequenceNumber | undefined;
  /** Up to when everything that arrived has been read, in milliseconds since the Unix epoch. */
  readUntil = -Infinity;
  /** Whether the last answer reached the newest record. */
  caughtUp = false;
  /** The last record read, archived or not. */
  lastRead: SequenceNumber | undefined;
  /** Why it cannot be read at the moment; undefined while it can. */
  failure: ReadFailure | undefined;
  #reading = new AbortController();

  constructor(lease: Lease) {
    this.lease = lease;
  }

  /** Begins a reading. */
  begin(): void {
    this.#reading = new AbortController();
  }

  /** Aborted when the reading is interrupted. */
  get interrupted(): AbortSignal {
    return this.#reading.signal;
  }

  /** Interrupts the reading: it is to continue after the last record read, once there is memory. */
  interrupt(): void {
    this.#reading.abort();
  }

  /**
   * Forgets the records that were read last, which are in no file any more: they are read again.
   *
   * @param last The last record that is left: in a file that was closed.
   * @param firstArrival When the first of those that are forgotten arrived.
   */
  rewind(last: SequenceNumber | undefined, firstArrival: Date): void {
    this.archived = this.lastRead = last;
    this.readUntil = Math.min(this.readUntil, firstArrival.getTime());
    this.caughtUp = false;
    this.interrupt();
  }

  /** The shard. */
  get shardId(): ShardId {
    return this.lease.shardId;
  }
}
