import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { ArchivedPosition, Gap, NewStart } from "../archive_ledger.ts";
import { deleteCheckpoint, lockCheckpoints, saveCheckpoints } from "./checkpoints.ts";
import { recordGap } from "../../shards/table/sql_gaps.ts";
import { compareText } from "../../shards/table/rows.ts";
import {
  lockShard,
  lockShards,
  setStart,
  type TableScope,
  touchStart,
} from "../../shards/table/sql_shards.ts";
import { execute, type Steps } from "../../sql/steps.ts";

/** A shard, and the epoch of the caller's lease. */
interface Held {
  readonly shardId: ShardId;
  readonly epoch: number;
}

/** Saves that a shard is known to be archived until some time. */
export function* confirm(
  scope: TableScope,
  { shardId, epoch, checkpoint, knownAt }: Held & {
    readonly checkpoint: SequenceNumber | undefined;
    readonly knownAt: Date | undefined;
  },
): Steps<boolean> {
  const shard = yield* lockShard(scope, shardId);
  if (shard.epoch !== epoch || shard.owner === null) return false;
  const saved = (yield* lockCheckpoints(scope, [shardId])).get(shardId);
  if (saved !== checkpoint) return false;
  if (saved !== undefined) yield* saveCheckpoints(scope, [[shardId, saved, knownAt]], shard.now);
  else yield* touchStart(scope, shardId, knownAt?.getTime() ?? shard.now);
  return true;
}

/** Moves the position of a shard, and records the skipped records as a gap. */
export function* reposition(
  scope: TableScope,
  { shardId, epoch, position, gap }: Held & {
    readonly position: ArchivedPosition | NewStart;
    readonly gap: Gap | undefined;
  },
): Steps<boolean> {
  const shard = yield* lockShard(scope, shardId);
  if (shard.epoch !== epoch || shard.owner === null) return false;
  if ("checkpoint" in position) {
    yield* savePosition(scope, shardId, position, shard.now);
  } else {
    yield* deleteCheckpoint(scope, shardId);
    yield* setStart(scope, shardId, position, shard.now);
  }
  if (gap !== undefined) yield* recordGap(scope, gap);
  return true;
}

/** Saves checkpoints of shards without a row. */
export function* adopt(
  scope: TableScope,
  positions: ReadonlyMap<ShardId, ArchivedPosition>,
): Steps<ShardId[]> {
  const known = yield* lockShards(scope, [...positions.keys()]);
  const unknown = [...positions.keys()].filter((shardId) => !known.has(shardId)).sort(compareText);
  const [row] = yield* execute<{ now: number | string }>(`SELECT ${scope.dialect.now} AS now`);
  for (const shardId of unknown) {
    yield* savePosition(scope, shardId, positions.get(shardId)!, Number(row!.now));
  }
  return unknown;
}

function savePosition(
  scope: TableScope,
  shardId: ShardId,
  { checkpoint, knownAt }: ArchivedPosition,
  now: number,
): Steps<void> {
  return saveCheckpoints(scope, [[shardId, checkpoint, knownAt]], now);
}
