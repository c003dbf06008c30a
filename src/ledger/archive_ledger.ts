/**
 * Who archives which shard, and which archives were begun and finished.
 *
 * The exactly-once protocol (docs/ARCHITECTURE.md) needs a memory that is shared by all
 * processes which archive one stream for one client, and that changes in transactions. This is it.
 *
 * @module
 */

import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";
import type { Gap, LeaseTable, NewShard, TableShard } from "../shards/lease_table.ts";

export type { Gap, LeaseTable, NewShard, Renewal, TableShard } from "../shards/lease_table.ts";

/** What the ledger knows of one shard. */
export interface LedgerShard extends TableShard {
  /** The last record archived; undefined if none was. */
  readonly checkpoint: SequenceNumber | undefined;
  /** Up to when the shard is known to be archived, as {@linkcode ShardStanding} has it. */
  readonly knownAt: Date;
}

/** Where the archive of a shard ends, as somebody found out who is not its worker. */
export interface ArchivedPosition {
  /** The last record archived. */
  readonly checkpoint: SequenceNumber;
  /** Up to when the shard is known to be archived: now unless given. */
  readonly knownAt?: Date | undefined;
}

/** Where the reading of a shard is to begin, whatever was archived. */
export interface NewStart {
  /** Where reading begins; never "latest". */
  readonly start: StartPosition;
  /** A time before which nothing arrived that is to be read from there on: now unless given. */
  readonly knownAt?: Date | undefined;
}

/** One shard's part of an archive file. */
export interface IntendedRange {
  /** The shard. */
  readonly shardId: ShardId;
  /** The epoch of the lease under which the records were read. */
  readonly epoch: number;
  /** The last record archived before this file: the shard's checkpoint. */
  readonly previous: SequenceNumber | undefined;
  /** The last record of the shard in this file. */
  readonly last: SequenceNumber;
  /** Up to when the shard is known to be archived once this file is: now unless given. */
  readonly knownAt?: Date | undefined;
}

/** An archive file that a worker is about to put. */
export interface ArchiveIntent {
  /** Random name of the intent, which the file's manifest carries too. */
  readonly id: string;
  /** Key of the archive. */
  readonly key: string;
  /** Identity of the object store it is put to; undefined in intents of an older Triton. */
  readonly store?: string | undefined;
  /**
   * The worker that puts it: shards that another one holds are left out. A database that was set back
   * may give an epoch twice. Default: the epoch alone decides.
   */
  readonly worker?: string | undefined;
  /** What the file holds of each shard. */
  readonly ranges: readonly IntendedRange[];
}

/** Where the archive of a shard ended when the archive was moved to another object store. */
export interface ArchiveMove {
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record archived before the move. */
  readonly after: SequenceNumber;
  /** Identity of the store before; undefined if none was written down. */
  readonly from: string | undefined;
  /** Identity of the store since then. */
  readonly to: string;
  /** When the archive was moved. */
  readonly movedAt: Date;
}

/** How {@linkcode ArchiveLedger.moveStore} moves an archive. */
export interface MoveStoreOptions {
  /**
   * Whether the store before is gone: open intents become void then, since nobody can find out what
   * became of them. Default: false.
   */
  readonly isGone?: boolean | undefined;
}

/** What has to be settled before a shard is read, as of one moment. */
export interface ShardStanding {
  /** Intents that name the shard and are neither done nor void. */
  readonly open: readonly ArchiveIntent[];
  /** The last record archived; undefined if none was. */
  readonly checkpoint: SequenceNumber | undefined;
  /**
   * Up to when the shard is known to be archived: what was said when its checkpoint was saved or
   * confirmed, or, while there is none, when its start position was written down.
   * Where the stream keeps records for less time than has passed since, some may be lost.
   */
  readonly knownAt: Date;
  /** Where reading begins while there is no checkpoint. */
  readonly start: StartPosition;
}

/**
 * The shared memory of the processes that archive one stream for one client.
 *
 * Every method is one transaction, takes effect as a whole or not at all, and can be called again
 * with the same arguments when its answer was lost. Time is the database's own. Failures are a
 * `CheckpointError` whose `retryable` says whether to ask again.
 */
export interface ArchiveLedger extends LeaseTable<LedgerShard>, AsyncDisposable {
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /**
   * Saves checkpoints of shards that the ledger was not told of, as an older Triton left them:
   * reading begins there once the shards are added.
   *
   * @returns The shards whose checkpoint was saved; those that are known stay as they are.
   */
  adopt(positions: ReadonlyMap<ShardId, ArchivedPosition>): Promise<ShardId[]>;

  /** Identity of the object store that the archive is in; undefined if none is written down. */
  store(): Promise<string | undefined>;
  /**
   * Writes down which object store the archive is in. While nothing was archived, the last one holds.
   *
   * @param identity The store's.
   * @throws {CheckpointError} With code `OtherStore` if the archive is in another one.
   */
  useStore(identity: string): Promise<void>;
  /**
   * The files that the checkpoints of open shards come from, as far as they are among the last 1,000
   * that were committed.
   */
  newestFiles(): Promise<ArchiveIntent[]>;
  /**
   * Moves the archive to another object store: what is archived from here on is put there.
   *
   * @param identity The store's.
   * @param options Whether the store before is gone.
   * @returns Where each shard ends in the store before; none if the archive is in that store already.
   * @throws {CheckpointError} With code `Leased` while a worker is alive, `Unsettled` while an intent
   * is open.
   */
  moveStore(identity: string, options?: MoveStoreOptions): Promise<ArchiveMove[]>;
  /** All moves of the archive, in order. */
  moves(): Promise<ArchiveMove[]>;

  /** What has to be settled before a shard is read. */
  standing(shardId: ShardId): Promise<ShardStanding>;
  /**
   * Writes an intent down, without the shards whose lease or checkpoint is no longer as it says.
   *
   * @param intent The file that is about to be put.
   * @param replaces The id of an intent whose key was taken by a stranger: it becomes void.
   * @returns The shards that were accepted; if there is none, nothing is written.
   * @throws {CheckpointError} With code `OtherStore` if the archive was moved to another store.
   */
  intend(intent: ArchiveIntent, replaces?: string): Promise<ShardId[]>;
  /**
   * Makes an open intent done, and moves the checkpoint of each of its shards to `last`.
   *
   * @returns What the intent is now: `"void"` if it had become so before.
   */
  commit(intentId: string): Promise<"done" | "void">;
  /**
   * Makes an open intent void.
   *
   * @returns What the intent is now: `"done"` if it had become so before.
   */
  cancel(intentId: string): Promise<"done" | "void">;
  /** Whether the archive of a key is committed: the checkpoints have moved past what it holds. */
  isCommitted(key: string): Promise<boolean>;
  /**
   * Ends a shard that was archived to its end, frees its lease and adds its children.
   *
   * @param checkpoint The shard's checkpoint, as far as the caller knows.
   * @returns False if the lease is another's by now, the checkpoint is elsewhere, or an intent of the
   * shard is open, as where the database has forgotten a commit: nothing is written then.
   */
  end(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    children: readonly NewShard[],
  ): Promise<boolean>;

  /**
   * Says that all that had arrived by some time is archived: that becomes `knownAt`.
   *
   * @param checkpoint The shard's checkpoint, as far as the caller knows.
   * @param knownAt The time: now unless given.
   * @returns False if the lease is another's by now or the checkpoint is another one: nothing is
   * written then.
   */
  confirm(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    knownAt?: Date,
  ): Promise<boolean>;
  /**
   * Moves a shard's position by hand: to a checkpoint, or to a start position without one.
   *
   * @returns False if the lease is another's by now: nothing is written then.
   */
  reposition(
    shardId: ShardId,
    epoch: number,
    position: ArchivedPosition | NewStart,
    gap?: Gap,
  ): Promise<boolean>;
  /** All recorded gaps of the stream, in the order they were noticed. */
  gaps(): Promise<Gap[]>;
}
