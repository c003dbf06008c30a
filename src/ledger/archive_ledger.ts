/**
 * Who archives which shard, and which archives were begun and finished: the shared, transactional state
 * of the exactly-once protocol (docs/ARCHITECTURE.md).
 *
 * @module
 */

import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";
import type { Gap, LeaseTable, NewShard, TableShard } from "../shards/table/lease_table.ts";

export type {
  Gap,
  LeaseTable,
  LeaseTables,
  NewShard,
  Renewal,
  TableKey,
  TableShard,
} from "../shards/table/lease_table.ts";

/** A shard in the ledger. */
export interface LedgerShard extends TableShard {
  /** The last archived record. Undefined if there is none. */
  readonly checkpoint: SequenceNumber | undefined;
  /** Time until which the shard is known to be archived, as in {@linkcode ShardPosition}. */
  readonly knownAt: Date;
}

/** Where the archive of a shard ends, if this was found by other means than by archiving. */
export interface ArchivedPosition {
  /** The last archived record. */
  readonly checkpoint: SequenceNumber;
  /** Time until which the shard is known to be archived. Default: now. */
  readonly knownAt?: Date | undefined;
}

/** Where the reading of a shard begins, regardless of what was archived. */
export interface NewStart {
  /** Where reading begins; never "latest". */
  readonly start: StartPosition;
  /** A time before the arrival of everything to be read from there on. Default: now. */
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
  /** Time until which the shard is known to be archived once this file is. Default: now. */
  readonly knownAt?: Date | undefined;
}

/** An archive file that a worker is about to put. */
export interface ArchiveIntent {
  /** Random name of the intent, which is also in the manifest of the file. */
  readonly id: string;
  /** Key of the archive. */
  readonly key: string;
  /** Identity of the object store. Undefined in intents of an older Triton. */
  readonly store?: string | undefined;
  /**
   * The worker that puts the file: shards of other workers are left out. A database that was restored
   * may give an epoch twice. Default: only the epoch is checked.
   */
  readonly worker?: string | undefined;
  /** The records of each shard in the file. */
  readonly ranges: readonly IntendedRange[];
}

/** Where the archive of a shard ended when the archive moved to another object store. */
export interface ArchiveMove {
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record that was archived before the move. */
  readonly after: SequenceNumber;
  /** Identity of the old store. Undefined if none was saved. */
  readonly from: string | undefined;
  /** Identity of the new store. */
  readonly to: string;
  /** When the archive was moved. */
  readonly movedAt: Date;
}

/** Options for {@linkcode ArchiveLedger.moveStore}. */
export interface MoveStoreOptions {
  /**
   * Whether the old store is gone. Open intents then become void, because they can no longer be
   * settled. Default: false.
   */
  readonly isGone?: boolean | undefined;
}

/** What must be settled before a shard is read, and where reading continues. */
export interface ShardPosition {
  /** Intents that name the shard and are neither done nor void. */
  readonly open: readonly ArchiveIntent[];
  /** The last archived record. Undefined if there is none. */
  readonly checkpoint: SequenceNumber | undefined;
  /**
   * Time until which the shard is known to be archived, from when its checkpoint was saved or confirmed
   * or, if it has none, its start position was saved. If more time has passed since then than the
   * retention of the stream, records may be lost.
   */
  readonly knownAt: Date;
  /** Where reading begins if there is no checkpoint. */
  readonly start: StartPosition;
}

/**
 * The shared state of the processes that archive one stream for one client.
 *
 * Every method is one transaction, all or nothing, and can be repeated with the same arguments if its
 * result was lost. Times are those of the database. Failures are a `CheckpointError`; `retryable` says
 * whether a retry can succeed.
 */
export interface ArchiveLedger extends LeaseTable<LedgerShard>, AsyncDisposable {
  /**
   * Saves checkpoints of shards that are not in the ledger, as an older Triton left them: reading begins
   * there once the shards are added.
   *
   * @returns The shards whose checkpoint was saved. Shards in the ledger are unchanged.
   */
  adopt(positions: ReadonlyMap<ShardId, ArchivedPosition>): Promise<ShardId[]>;

  /** Identity of the archive's object store. Undefined if none was saved. */
  store(): Promise<string | undefined>;
  /**
   * Saves which object store the archive is in. As long as nothing is archived, it can change.
   *
   * @param identity Identity of the store.
   * @throws {CheckpointError} With code `OtherStore` if the archive is in another one.
   */
  useStore(identity: string): Promise<void>;
  /**
   * The files from which the checkpoints of open shards come, among the last 1,000 committed files.
   */
  newestFiles(): Promise<ArchiveIntent[]>;
  /**
   * Moves the archive to another object store: new files are put there.
   *
   * @param identity Identity of the new store.
   * @param options Whether the old store is gone.
   * @returns Where each shard ends in the old store. Empty if the archive is already in the new store.
   * @throws {CheckpointError} With code `Leased` while a worker is alive, `Unsettled` while an intent
   * is open.
   */
  moveStore(identity: string, options?: MoveStoreOptions): Promise<ArchiveMove[]>;
  /** All moves of the archive, in order. */
  moves(): Promise<ArchiveMove[]>;

  /** What must be settled before a shard is read, and where reading continues, as of one moment. */
  position(shardId: ShardId): Promise<ShardPosition>;
  /**
   * Saves an intent, without the shards whose lease or checkpoint has changed.
   *
   * @param intent The file that is about to be put.
   * @param replaces The id of an intent whose key is taken by another object. It becomes void.
   * @returns The accepted shards. If there are none, nothing is saved.
   * @throws {CheckpointError} With code `OtherStore` if the archive was moved to another store.
   */
  intend(intent: ArchiveIntent, replaces?: string): Promise<ShardId[]>;
  /**
   * Makes an open intent done, and moves the checkpoint of each of its shards to `last`.
   *
   * @returns The state of the intent: `"void"` if it was already void.
   */
  commit(intentId: string): Promise<"done" | "void">;
  /**
   * Makes an open intent void.
   *
   * @returns The state of the intent: `"done"` if it was already done.
   */
  cancel(intentId: string): Promise<"done" | "void">;
  /** Whether the archive of a key is committed: the checkpoints are after its records. */
  isCommitted(key: string): Promise<boolean>;
  /**
   * Ends a shard that was archived to its end, frees its lease and adds its children.
   *
   * @param checkpoint The checkpoint that the caller expects.
   * @returns False, with no change, if another worker has the lease, the checkpoint is different, or an
   * intent of the shard is open, as after the database has forgotten a commit.
   */
  end(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    children: readonly NewShard[],
  ): Promise<boolean>;

  /**
   * Saves that everything that arrived until some time is archived: `knownAt` becomes that time.
   *
   * @param checkpoint The checkpoint that the caller expects.
   * @param knownAt The time. Default: now.
   * @returns False, with no change, if another worker has the lease or the checkpoint is different.
   */
  confirm(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    knownAt?: Date,
  ): Promise<boolean>;
  /**
   * Moves the position of a shard manually: to a checkpoint, or to a start position without one.
   *
   * @returns False, with no change, if another worker has the lease.
   */
  reposition(
    shardId: ShardId,
    epoch: number,
    position: ArchivedPosition | NewStart,
    gap?: Gap,
  ): Promise<boolean>;
  /** All recorded gaps of the stream, in the order of their discovery. */
  gaps(): Promise<Gap[]>;
}
