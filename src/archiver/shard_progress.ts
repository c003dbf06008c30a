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

  constructor(lease: Lease) {
    this.lease = lease;
  }

  /** The shard. */
  get shardId(): ShardId {
    return this.lease.shardId;
  }
}
