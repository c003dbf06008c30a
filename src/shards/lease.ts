/**
 * Leases, and where they come from.
 *
 * @module
 */

import { TritonError } from "../base/errors.ts";
import type { ShardId } from "../base/record.ts";

/** The right to read one shard, until `signal` is aborted. */
export interface Lease {
  /** The shard. */
  readonly shardId: ShardId;
  /** How many times the shard has been leased, this lease included. */
  readonly epoch: number;
  /**
   * Aborted when the lease is over: nothing more may be read under it. The reason is a
   * {@linkcode LeaseLostError} if another worker has the lease.
   */
  readonly signal: AbortSignal;
}

/**
 * Decides which shards are read here, and when: iterating yields a lease for each, parents before
 * their children.
 */
export interface Shards extends AsyncIterable<Lease> {
  /**
   * Whether a shard is no longer part of the stream, while the stream exists.
   *
   * @param shardId The shard.
   */
  hasLeft(shardId: ShardId): Promise<boolean>;
  /**
   * Ends the lease of a shard that has been read to its end: its children follow.
   *
   * @param lease The lease.
   */
  end(lease: Lease): void;
}

/** The reason of the signal of a lease that another worker has. */
export class LeaseLostError extends TritonError {
  /** Creates the error of a shard. */
  constructor(shardId: ShardId) {
    super(`Lost the lease of ${shardId} to another worker`);
  }
}

/** Whether another worker has the lease: what was read under it and is not saved is not ours. */
export function isLost({ signal }: Lease): boolean {
  return signal.reason instanceof LeaseLostError;
}
