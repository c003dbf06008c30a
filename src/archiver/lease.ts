import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { ReadFailure } from "./read_failure.ts";

/** A shard that this worker may archive, until the lease is lost or given back. */
export class Lease {
  /** The shard. */
  readonly shardId: ShardId;
  /** How often the lease had been taken, this time included. */
  readonly epoch: number;
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
  readonly #over = new AbortController();

  constructor(shardId: ShardId, epoch: number) {
    this.shardId = shardId;
    this.epoch = epoch;
  }

  /** Aborted when the lease is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Ends the lease: nothing more is read or archived under it. */
  end(): void {
    this.#over.abort();
  }
}
