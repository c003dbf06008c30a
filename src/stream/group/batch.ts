/**
 * Batches of records, and committing one in a transaction of the user's.
 *
 * @module
 */

import type { EventData, SequenceNumber, ShardId, StreamRecord } from "../../base/record.ts";
import type { GroupEffects } from "../../shards/group/group_effects.ts";
import type { GroupFence } from "../../shards/group/group_table.ts";

/** Consecutive records of one shard. A retry gets the same batch. */
export interface GroupBatch<T = EventData> {
  /** The shard. */
  readonly shardId: ShardId;
  /** The epoch of the lease under which the records were read. */
  readonly epoch: number;
  /** The records, in order: at least one. */
  readonly records: readonly StreamRecord<T>[];
  /** The position before the batch: the last processed record. Undefined if there is none. */
  readonly previous: SequenceNumber | undefined;
  /** The position after the batch: its last record, or one that was skipped after that. */
  readonly last: SequenceNumber;
  /**
   * Aborted when the shard is lost: what is not committed by then never will be, and another member
   * may have the same records already.
   */
  readonly signal: AbortSignal;
}

/** How a batch can be committed by a user. */
export interface BatchCommit {
  readonly effects: GroupEffects | undefined;
  readonly fence: GroupFence;
  /** Whether {@linkcode commitIn} was called. */
  isUsed: boolean;
}

/** The batches that may be committed by their handlers. */
const commits = new WeakMap<object, BatchCommit>();

/** Allows the handler of a batch to commit it. */
export function allowCommit(batch: GroupBatch<unknown>, commit: BatchCommit): void {
  commits.set(batch, commit);
}

/**
 * Commits a batch of {@linkcode Group.runBatches} in a transaction of your own, for an ORM or a driver
 * other than npm:postgres: call it last, before the commit. The effects of the transaction and the
 * position of the group are then committed together, or not at all.
 *
 * From then on, the session of PostgreSQL is ended if it is idle in the transaction for longer than
 * `leaseMs`, or if another member takes the shard.
 *
 * If it is refused, because the shard is lost, the transaction cannot be committed any more, whatever
 * happens to the error. It is refused in a savepoint, outside a transaction, and on a database that
 * does not have the group.
 *
 * @param tx The transaction: of npm:postgres, drizzle-orm, kysely, node-postgres or the like, or a
 * function that runs the text of one statement in it; for SQLite the database.
 * @param batch The batch, as the handler got it.
 * @throws {CheckpointError} With code `Refused` if it is refused.
 * @throws {TypeError} If the batch is not one of `runBatches`, or the group has no such database.
 */
export async function commitIn(tx: unknown, batch: GroupBatch<unknown>): Promise<void> {
  const commit = commits.get(batch);
  if (commit === undefined) {
    throw new TypeError("Cannot commit in a transaction: this is no batch of runBatches()");
  }
  if (commit.effects === undefined) {
    throw new TypeError("Cannot commit in a transaction: the group was opened without a database");
  }
  commit.isUsed = true;
  await commit.effects.commitIn(tx, commit.fence);
}
