/**
 * The table of a consumer group: which member reads which shard, and up to where each is processed.
 *
 * @module
 */

import type { SequenceNumber, ShardId, StartPosition } from "../../base/record.ts";
import type { Gap, LeaseTable, NewShard, TableShard } from "../table/lease_table.ts";

/** A shard of a group. */
export interface GroupShard extends TableShard {
  /** The last processed record. Undefined if there is none. */
  readonly position: SequenceNumber | undefined;
  /** When the position was saved or, without one, the time before what is to be read arrived. */
  readonly knownAt: Date;
}

/** Where a member that has taken a lease continues. */
export interface GroupPosition {
  /** The last processed record. Undefined if there is none. */
  readonly position: SequenceNumber | undefined;
  /** Where reading begins without a position; never "latest". */
  readonly start: StartPosition;
  /** As in {@linkcode GroupShard}: if the stream's retention has passed since, records may be lost. */
  readonly knownAt: Date;
}

/** A move of a shard's position from one record to a later one. */
export interface GroupMove {
  /** The shard. */
  readonly shardId: ShardId;
  /** The epoch of the lease under which the records were read. */
  readonly epoch: number;
  /** The position as this member knows it: what it read or saved last. */
  readonly previous: SequenceNumber | undefined;
  /**
   * The new position, which differs from `previous`. A retry must send the same: that is how a commit
   * is recognized whose answer was lost.
   */
  readonly last: SequenceNumber;
}

/** A move, and who makes it. */
export interface GroupFence extends GroupMove {
  /** The member that holds the lease. */
  readonly worker: string;
}

/** The end of a shard that was processed to its end. */
export interface GroupEnd {
  /** The shard. */
  readonly shardId: ShardId;
  /** The member that holds the lease. */
  readonly worker: string;
  /** The epoch of the lease. */
  readonly epoch: number;
  /** The position as this member knows it: the last record of the shard, if it has any. */
  readonly position: SequenceNumber | undefined;
  /** The shards that follow it, and those that they come from besides. */
  readonly children: readonly NewShard[];
}

/** A member of a group. */
export interface GroupMember {
  /** Its name. */
  readonly worker: string;
  /** When its leases expire unless it renews them, by the database's clock. */
  readonly expiresAt: Date;
  /** What it reported last by {@linkcode GroupTable.report}. */
  readonly lastError: string | undefined;
}

/** Where a shard is to continue: after a record, or at a start position. */
export type GroupTarget =
  | { readonly position: SequenceNumber }
  | { readonly start: StartPosition; readonly knownAt?: Date | undefined };

/** A position that was moved by hand. */
export interface MovedShard {
  /** The shard. */
  readonly shardId: ShardId;
  /** The position before. Undefined if there was none. */
  readonly from: SequenceNumber | undefined;
  /** The position now. Undefined if the shard begins at its start position. */
  readonly to: SequenceNumber | undefined;
}

/**
 * What the members of a group write down: shards, leases, members and positions.
 *
 * Every method is one transaction, all or nothing, and can be repeated with the same arguments if its
 * result was lost. Times are those of the database. Failures are a `CheckpointError`; `retryable` says
 * whether a retry can succeed.
 *
 * A lease is the row of its member: `renew` writes no row of a shard, so it neither waits for a user's
 * transaction nor breaks one. It has a connection of its own. A member that has expired holds nothing,
 * whatever the rows of the shards say.
 *
 * - `identify` creates the group. It throws with code `StreamRecreated` if the stream was created again
 *   since, and with code `Archiver` if the client archives the stream. Until it was called, adding
 *   shards fails.
 * - `checkpoints` are the positions of the group, or, before its first shards are added, those that
 *   the client saved in `triton_checkpoint`. `addFirstShards` takes these over, with the time at which
 *   the client began to read.
 * - `acquire` also refuses a shard while one of its parents is open. It increases the epoch even if
 *   this worker owns the shard already: its earlier answer may have been lost. On PostgreSQL it
 *   terminates sessions in which an older owner still works on the shard.
 * - `release` does not wait for a member's own transactions: finish or abort them first.
 */
export interface GroupTable extends LeaseTable<GroupShard>, AsyncDisposable {
  /** Name of the client: the group's name. */
  readonly client: string;

  /**
   * Where a shard continues. Read it after the lease was taken: then nobody else can move it.
   *
   * @returns Undefined if the lease is lost.
   */
  position(shardId: ShardId, worker: string, epoch: number): Promise<GroupPosition | undefined>;
  /**
   * Moves the positions of shards that this member holds. Each is moved only if owner, epoch and
   * `previous` are as given, or is there already (the answer to an earlier call was lost).
   *
   * @param worker The member.
   * @param moves At most one for each shard.
   * @returns The shards that are lost: of these nothing was saved.
   */
  save(worker: string, moves: readonly GroupMove[]): Promise<ShardId[]>;
  /**
   * Ends a shard, frees its lease and adds its children. Call it after the shard's last commit.
   *
   * @returns False, with no change, if the lease is lost or the position differs, as after a database
   * has forgotten a commit.
   */
  endShard(end: GroupEnd): Promise<boolean>;
  /**
   * Moves positions by hand, while members run: they lose the leases of the shards that are moved.
   *
   * Shards that have ended are open again. Shards that come from one that is moved, and are not among
   * those given, begin again at their oldest record, after their parents.
   *
   * @param targets For each shard to move, where it continues.
   * @returns What was moved: shards that the group does not have are not in it.
   */
  setPositions(targets: ReadonlyMap<ShardId, GroupTarget>): Promise<MovedShard[]>;
  /** The members that have not expired, in order. */
  members(): Promise<GroupMember[]>;
  /** Notes the last error of a member, or that there is none any more. No effect if it has expired. */
  report(worker: string, error: string | undefined): Promise<void>;
  /** All recorded gaps of the stream, in the order of their discovery. */
  gaps(): Promise<Gap[]>;
  /** When the stream was created, as the group keeps it. Undefined if there is no such group. */
  createdAt(): Promise<Date | undefined>;
}
