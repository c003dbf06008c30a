/**
 * The table in which workers agree on who reads which shard.
 *
 * @module
 */

import type { SequenceNumber, ShardId, StartPosition } from "../../base/record.ts";

/** A shard that is added to a lease table. */
export interface NewShard {
  /** The shard. */
  readonly shardId: ShardId;
  /** The shards it came from, as far as it has to wait for them. */
  readonly parents: readonly ShardId[];
  /** Where reading begins while the shard has no checkpoint; never "latest". */
  readonly start: StartPosition;
  /** A time before which nothing arrived that is to be read from the shard: now unless given. */
  readonly knownAt?: Date | undefined;
}

/** What a lease table knows of one shard. */
export interface TableShard extends NewShard {
  /** `"ended"` once the shard has been read to its end. */
  readonly state: "open" | "ended";
  /** The worker that holds the lease; undefined if the lease is free or has expired. */
  readonly owner: string | undefined;
  /** Until when the lease holds, by the database's clock; undefined if nobody holds it. */
  readonly leasedUntil: Date | undefined;
  /** How often the lease was taken. */
  readonly epoch: number;
}

/** What a worker learns when it renews its leases. */
export interface Renewal {
  /** The shards whose lease this worker holds, each with its epoch. */
  readonly held: ReadonlyMap<ShardId, number>;
  /** All workers that are alive, this one included, in order. */
  readonly workers: readonly string[];
}

/** Records that Kinesis dropped, or that somebody chose to pass over, before they were archived. */
export interface Gap {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record archived before the gap; undefined if none was. */
  readonly after: SequenceNumber | undefined;
  /** The first record after the gap; undefined where it was not known yet. */
  readonly until: SequenceNumber | undefined;
  /** Why the records are missing, such as `"retention"` or `"skipped"`. */
  readonly reason: string;
  /** When the gap was noticed. */
  readonly recordedAt: Date;
}

/**
 * What the workers that share the shards of one stream write down: shards, leases and workers.
 *
 * Every method is one transaction, takes effect as a whole or not at all, and can be called again
 * with the same arguments when its answer was lost. Time is the database's own.
 */
export interface LeaseTable<S extends TableShard = TableShard> {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;

  /**
   * Writes down when the stream was created, or compares it with what is written.
   *
   * @throws {CheckpointError} With code `StreamRecreated` if another stream had this name before.
   */
  identify(createdAt: Date): Promise<void>;
  /**
   * All shards, with their leases, in order: also those that ended long ago.
   *
   * @param state Only those of this state: those that are open stay few.
   */
  shards(state?: TableShard["state"]): Promise<S[]>;
  /** All checkpoints of the stream, also those of shards that are not in the table. */
  checkpoints(): Promise<Map<ShardId, SequenceNumber>>;
  /**
   * Adds the shards of a stream of which none is known; of two workers that come first, one does.
   *
   * @returns False if some are known by now: nothing is written then.
   */
  addFirstShards(shards: readonly NewShard[]): Promise<boolean>;
  /** Adds shards; those that are known already stay as they are. */
  addShards(shards: readonly NewShard[]): Promise<void>;
  /** Says that a worker is alive, and makes its leases last `ttlMs` from now. */
  renew(worker: string, ttlMs: number): Promise<Renewal>;
  /**
   * Takes the lease of a shard if it is free, has expired, or is this worker's already.
   *
   * @returns The new epoch; undefined if another worker holds the lease or the shard has ended.
   */
  acquire(shardId: ShardId, worker: string, ttlMs: number): Promise<number | undefined>;
  /** Gives leases back; those that another worker holds by now stay with it. */
  release(worker: string, shardIds: readonly ShardId[]): Promise<void>;
  /** Says that a worker has gone; its leases are free at once. */
  leave(worker: string): Promise<void>;

  /**
   * Records a gap, once: the same shard, `after` and reason are the same gap. What was noticed of it
   * last holds, since more may have been dropped before what follows the gap was archived; what was
   * noticed before changes nothing, should it come late.
   *
   * @param gap The gap.
   * @param epoch The epoch of the lease under which it was noticed, if it was under one.
   * @returns False if the lease is another's by now: nothing is written then, since what was read
   * under it is not archived, and the other may have noticed a longer gap.
   */
  recordGap(gap: Gap, epoch?: number): Promise<boolean>;
}
