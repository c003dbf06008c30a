import type { SequenceNumber, ShardId } from "../base/record.ts";

/** One saved position. */
export interface Checkpoint {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record that the client has processed. */
  readonly sequenceNumber: SequenceNumber;
  /** When the position was saved, in whole seconds, by the clock of the machine that saved it. */
  readonly updatedAt: Date;
}

/**
 * Keeps positions for one client, under the names of streams and shards.
 *
 * A saved position survives a crash: `save` returns when the database has committed. Failures are a
 * `CheckpointError`; `retryable` says whether a retry can succeed.
 */
export interface Checkpointer extends AsyncDisposable {
  /** Name of the client. */
  readonly client: string;
  /** The saved position of a shard. Undefined if there is none. */
  load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined>;
  /**
   * Saves positions of one stream, all or none. A position may move backwards.
   *
   * @throws {CheckpointError} With code `Archiver` if the client archives the stream with the same
   * database: its positions say what is in the archive. With code `Group` if it reads the stream as a
   * consumer group, which has positions of its own.
   */
  save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void>;
  /**
   * Refuses a client that is a consumer group of the stream: the group has the positions. Readers call
   * it before they start. Without it, no client is refused.
   *
   * @throws {CheckpointError} With code `Group`.
   */
  requireReader?(stream: string): Promise<void>;
  /** The client's positions in one or all streams, ordered by stream and shard. */
  list(stream?: string): Promise<Checkpoint[]>;
}
