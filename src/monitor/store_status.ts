import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { ArchiverStatus } from "../archiver/mod.ts";

/** The status of `triton store`; without what only a running store knows until it runs. */
export interface StoreStatus {
  /** The moment. */
  readonly at: Date;
  readonly version: string;
  readonly startedAt: Date;
  /** `"starting"` until a stream is read. */
  readonly state: "starting" | ArchiverStatus["state"];
  /** Name of the worker, for all of its streams. */
  readonly worker?: string | undefined;
  /** All workers that are alive. */
  readonly workers?: readonly string[] | undefined;
  /** Number of closed files that are not committed yet. */
  readonly uploads?: number | undefined;
  /** Memory of the process, in bytes. */
  readonly memory?: ArchiverStatus["memory"] | undefined;
  /** The streams that it archives. */
  readonly streams: readonly StreamStatus[];
}

/** Names a stream: two may have one name and different clients. */
export interface StreamKey {
  /** Name of the stream in Kinesis. */
  readonly stream: string;
  /** Name of the client that owns the archives. */
  readonly client: string;
}

/** The status of one stream; without what only its archiver knows until there is one. */
export interface StreamStatus
  extends StreamKey, Partial<Omit<ArchiverStatus, "state" | "stream" | "client">> {
  readonly at: Date;
  /** When the store began to archive it. */
  readonly startedAt: Date;
  /** `"starting"` until it is read, `"failing"` from a permanent failure until it is read again. */
  readonly state: "starting" | "failing" | ArchiverStatus["state"];
  /** Why it could not be archived, until it has been for a while. */
  readonly failure?: StreamFailure | undefined;
  readonly services: ArchiverStatus["services"];
  /** Recent errors, the newest first. */
  readonly recentErrors: ArchiverStatus["recentErrors"];
  /** The consumer groups that read the stream. Undefined before the first attempt to read them. */
  readonly consumerGroups?: GroupsStatus | undefined;
}

/** Why a stream cannot be archived. */
export interface StreamFailure {
  /** What the last attempt failed with. */
  readonly error: string;
  /** Number of attempts that failed, one after the other. */
  readonly attempts: number;
  /** When the first of them failed. */
  readonly since: Date;
  /** When the next attempt begins. Undefined while one runs. */
  readonly nextAttemptAt?: Date | undefined;
}

/** A member of a consumer group. */
export interface GroupMemberStatus {
  /** Its name. */
  readonly worker: string;
  /** Whether its leases hold. */
  readonly isAlive: boolean;
  /** The shards that it reads. */
  readonly shards: readonly ShardId[];
  /** What its handler failed with last, until it succeeds again. */
  readonly lastError: string | undefined;
}

/** A shard that a consumer group has not processed to its end. */
export interface GroupShardStatus {
  /** The shard. */
  readonly shardId: ShardId;
  /** The member that reads it, if one does. */
  readonly owner: string | undefined;
  /** How often its lease was taken. */
  readonly epoch: number;
  /** The last processed record. Undefined if there is none. */
  readonly position: SequenceNumber | undefined;
  /** When the position was saved. Undefined if there is none. */
  readonly savedAt: Date | undefined;
}

/** A consumer group that reads the stream. */
export interface GroupStatus {
  /** Name of its client. */
  readonly client: string;
  /** Its members; those that died are listed until another one notices. */
  readonly members: readonly GroupMemberStatus[];
  /** Its open shards. */
  readonly shards: readonly GroupShardStatus[];
  /** How many shards it has processed to their end. */
  readonly endedShards: number;
}

/** The consumer groups in the database, as they were read last. */
export interface GroupsStatus {
  /** When that was. Undefined if they were never read. */
  readonly readAt: Date | undefined;
  /** Why they could not be read since then. */
  readonly error: string | undefined;
  /** The groups, by client. */
  readonly groups: readonly GroupStatus[];
}
