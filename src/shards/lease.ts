/**
 * Leases, and where they come from.
 *
 * @module
 */

import type { ShardId } from "../base/record.ts";

/** The right to read one shard, until `signal` is aborted. */
export interface Lease {
  /** The shard. */
  readonly shardId: ShardId;
  /** How many times the shard has been leased, this lease included. */
  readonly epoch: number;
  /** Aborted when the lease is over: nothing more may be read under it. */
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
