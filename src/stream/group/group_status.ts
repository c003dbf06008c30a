/**
 * What a member of a group is doing.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { Membership } from "./membership.ts";

/** A shard that a member reads. */
export interface GroupShardStatus {
  /** The shard. */
  readonly shardId: ShardId;
  /** The epoch of the lease. */
  readonly epoch: number;
  /** Whether the shard is being handed over. */
  readonly isRevoked: boolean;
  /** The last record up to which everything is processed. Undefined if there is none. */
  readonly processed: SequenceNumber | undefined;
  /** The last position that is saved. Undefined if there is none. */
  readonly saved: SequenceNumber | undefined;
  /** How far reading is behind the newest record, in milliseconds. Undefined before the first response. */
  readonly millisBehindLatest: number | undefined;
}

/** The status of a member of a group. */
export interface GroupStatus {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client: the group's name. */
  readonly client: string;
  /** Name of this member; undefined while it takes no part in the group. */
  readonly worker: string | undefined;
  /** All members that are alive, this one included, as of the last renewal of its leases. */
  readonly members: readonly string[];
  /** The shards that this member reads. */
  readonly shards: readonly GroupShardStatus[];
  /** How many shards of the stream have not been processed to their end, in all members together. */
  readonly openShards: number;
  /** How many records were skipped because they are invalid, or poison. */
  readonly skipped: number;
  /** The last failure of a handler that has not succeeded since. */
  readonly lastError: string | undefined;
}

/** Describes a membership; undefined if there is none. */
export function describeMember(
  member: Membership | undefined,
): Omit<GroupStatus, "stream" | "client" | "skipped"> {
  const shards = member?.shards ?? [];
  return {
    worker: member?.worker,
    members: member?.members ?? [],
    shards: shards.map(({ shardId, lease, processed, saved, queue: { millisBehindLatest } }) => (
      {
        ...{ shardId, epoch: lease.epoch, isRevoked: lease.signal.aborted },
        ...{ processed, saved, millisBehindLatest },
      }
    )),
    openShards: member?.open.length ?? 0,
    lastError: member?.lastError,
  };
}
