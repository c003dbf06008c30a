/**
 * How far each client has come in each shard.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../base/record.ts";

/** One saved position. */
export interface Checkpoint {
  /** Name of the client whose position it is. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record that the client is done with. */
  readonly sequenceNumber: SequenceNumber;
  /** When the position was saved, to the second, by the clock of the machine that saved it. */
  readonly updatedAt: Date;
}

/** A position that was moved, or would be. */
export interface MovedPosition {
  /** The shard. */
  readonly shardId: ShardId;
  /** Where it was; undefined if there was no position. */
  readonly from: SequenceNumber | undefined;
  /** Where it is now: reading goes on after this record. */
  readonly to: SequenceNumber;
}

/**
 * Keeps positions for one client, under the names of streams and shards.
 *
 * A position once saved is there after a crash: `save` returns when the database has committed.
 * Failures are a `CheckpointError` whose `retryable` says whether to ask again.
 */
export interface Checkpointer extends AsyncDisposable {
  /** Name of the client whose positions these are. */
  readonly client: string;
  /** The saved position of one shard; undefined if there is none. */
  load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined>;
  /**
   * Saves positions of one stream, all or none. A position may move backwards.
   *
   * Refused, with code `Archiver`, under the name of a client that archives the stream into the same
   * database: its positions say what is in the archive.
   */
  save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void>;
  /** The client's positions, of one stream or of all, in the order of stream and shard. */
  list(stream?: string): Promise<Checkpoint[]>;
}
