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
  /** The shards it came from, whose end it waits for. */
  readonly parents: readonly ShardId[];
  /** Where reading begins while the shard has no checkpoint; never "latest". */
  readonly start: StartPosition;
  /** A time before the arrival of everything that is to be read from the shard. Default: now. */
  readonly knownAt?: Date | undefined;
}

/** A shard in a lease table. */
export interface TableShard extends NewShard {
  /** `"ended"` once the shard has been read to its end. */
  readonly state: "open" | "ended";
  /** The worker that holds the lease. Undefined if it is free or has expired. */
  readonly owner: string | undefined;
  /** When the lease expires, by the database's clock. Undefined if it is free. */
  readonly leasedUntil: Date | undefined;
  /** How many times the shard has been leased. */
  readonly epoch: number;
}

/** The result of renewing leases. */
export interface Renewal {
  /** The shards whose lease this worker holds, with their epochs. */
  readonly held: ReadonlyMap<ShardId, number>;
  /** All workers that are alive, this one included, in order. */
  readonly workers: readonly string[];
}

/** Records that Kinesis dropped, or that were skipped on purpose, before they were archived. */
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
  /** When the gap was discovered. */
  readonly recordedAt: Date;
}

/** Which lease table is meant, of those in a database. */
export interface TableKey {
  /** Name of the client that reads or archives the stream. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
}

/**
 * The lease tables of many streams, for a worker that shares the shards of all of them: what it does
 * every few seconds is one request, whatever the number of streams.
 */
export interface LeaseTables<S extends TableShard = TableShard> {
  /**
   * Marks a worker as alive in each of these tables, and renews its leases there for `ttlMs` from now, in
   * one transaction.
   *
   * @returns One result for each table, in their order.
   */
  renew(worker: string, tables: readonly TableKey[], ttlMs: number): Promise<Renewal[]>;
  /**
   * The open shards of each of these tables, as {@linkcode LeaseTable.shards} has them, in one read.
   *
   * @returns One list for each table, in their order.
   */
  openShards(tables: readonly TableKey[]): Promise<S[][]>;
}

/**
 * What the workers that share the shards of one stream write down: shards, leases and workers.
 *
 * Every method is one transaction, all or nothing, and can be repeated with the same arguments if its
 * result was lost. Times are those of the database.
 */
export interface LeaseTable<S extends TableShard = TableShard> extends TableKey {
  /**
   * Saves when the stream was created, or compares it with the saved time.
   *
   * @throws {CheckpointError} With code `StreamRecreated` if the stream was deleted and created again.
   */
  identify(createdAt: Date): Promise<void>;
  /**
   * All shards, with their leases, in order, including those that ended long ago.
   *
   * @param state Only shards of this state. Open shards stay few.
   */
  shards(state?: TableShard["state"]): Promise<S[]>;
  /** All checkpoints of the stream, including those of shards that are not in the table. */
  checkpoints(): Promise<Map<ShardId, SequenceNumber>>;
  /**
   * Adds the first shards of a stream. Of two workers that do so at once, one succeeds.
   *
   * @returns False, with no change, if there are some already.
   */
  addFirstShards(shards: readonly NewShard[]): Promise<boolean>;
  /** Adds shards. Shards that are in the table are unchanged. */
  addShards(shards: readonly NewShard[]): Promise<void>;
  /** Marks a worker as alive, and renews its leases for `ttlMs` from now. */
  renew(worker: string, ttlMs: number): Promise<Renewal>;
  /**
   * Takes the lease of a shard if it is free, has expired, or is held by this worker.
   *
   * @returns The new epoch; undefined if another worker holds the lease or the shard has ended.
   */
  acquire(shardId: ShardId, worker: string, ttlMs: number): Promise<number | undefined>;
  /** Releases leases. Leases that another worker holds are unchanged. */
  release(worker: string, shardIds: readonly ShardId[]): Promise<void>;
  /** Removes a worker and frees its leases. */
  leave(worker: string): Promise<void>;

  /**
   * Records a gap once: the same shard, `after` and reason are the same gap. The latest discovery
   * counts, because more may have been dropped before the records after the gap were archived; an
   * earlier one that comes late changes nothing.
   *
   * @param gap The gap.
   * @param epoch The epoch of the lease under which it was discovered, if there is one.
   * @returns False, with no change, if another worker has the lease: what was read under the old one is
   * not archived, and the other worker may have discovered a longer gap.
   */
  recordGap(gap: Gap, epoch?: number): Promise<boolean>;
}
