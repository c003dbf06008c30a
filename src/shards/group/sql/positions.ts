/**
 * The positions of a group in SQL.
 *
 * @module
 */

import type { ShardId } from "../../../base/record.ts";
import { execute, parts, select, type Steps, tuple } from "../../../sql/steps.ts";
import type { Gap } from "../../table/lease_table.ts";
import { compareText, fromStart } from "../../table/rows.ts";
import { recordGap } from "../../table/sql_gaps.ts";
import type { TableScope } from "../../table/sql_shards.ts";
import type { GroupEnd, GroupMove, GroupTarget, MovedShard } from "../group_table.ts";
import { type PlannedMove, planPositions } from "../plan_positions.ts";
import { lockGroup } from "./identity.ts";
import { type FencedRow, standingOf } from "./outcome.ts";
import { insertShards, listGroupShards } from "./shards.ts";

/** A locked row of `triton_group_shard`. */
interface LockedRow extends FencedRow {
  readonly shard: ShardId;
}

/** Locks rows until the transaction ends. Rows that do not exist are not in the result. */
function* lockRows(
  scope: TableScope,
  shardIds: readonly ShardId[],
): Steps<Map<ShardId, LockedRow>> {
  const locked: LockedRow[] = [];
  for (const part of parts([...shardIds].sort(compareText))) {
    locked.push(
      ...yield* select<LockedRow>(
        scope,
        "shard, state, owner, epoch, position FROM triton_group_shard",
        ` AND shard IN ${tuple(part)} ORDER BY shard${scope.dialect.forUpdate}`,
        ...part,
      ),
    );
  }
  return new Map(locked.map((row) => [row.shard, row]));
}

/** Moves positions; returns the shards that are lost. */
export function* savePositions(
  scope: TableScope,
  worker: string,
  moves: readonly GroupMove[],
): Steps<ShardId[]> {
  const rows = yield* lockRows(scope, moves.map(({ shardId }) => shardId));
  const { lost = [], due = [] } = Object.groupBy(
    moves,
    (move) => standingOf(rows.get(move.shardId), { ...move, worker }),
  );
  for (const part of parts(due)) {
    yield* execute(
      `UPDATE triton_group_shard SET moved_ms = ${scope.dialect.now}, position = CASE shard${
        part.map(() => " WHEN ? THEN ?").join("")
      } END
      WHERE client = ? AND stream = ? AND shard IN ${tuple(part)}`,
      ...part.flatMap(({ shardId, last }) => [shardId, last]),
      ...[scope.client, scope.stream, ...part.map(({ shardId }) => shardId)],
    );
  }
  return lost.map(({ shardId }) => shardId).sort(compareText);
}

/** Ends a shard and adds its children. */
export function* endGroupShard(scope: TableScope, end: GroupEnd): Steps<boolean> {
  yield* lockGroup(scope);
  const row = (yield* lockRows(scope, [end.shardId])).get(end.shardId);
  if (row === undefined || Number(row.epoch) !== end.epoch) return false;
  if (row.state === "ended") return true; // the answer was lost
  if (row.owner !== end.worker || (row.position ?? undefined) !== end.position) return false;
  yield* execute(
    `UPDATE triton_group_shard SET state = 'ended', owner = NULL
    WHERE client = ? AND stream = ? AND shard = ?`,
    ...[scope.client, scope.stream, end.shardId],
  );
  yield* insertShards(scope, end.children);
  return true;
}

/** Moves positions by hand. */
export function* setGroupPositions(
  scope: TableScope,
  targets: ReadonlyMap<ShardId, GroupTarget>,
): Steps<MovedShard[]> {
  yield* lockGroup(scope);
  const planned = planPositions(yield* listGroupShards(scope), targets);
  const rows = yield* lockRows(scope, planned.map(({ shard }) => shard.shardId));
  const moved: MovedShard[] = [];
  for (const plan of planned) {
    yield* retarget(scope, plan);
    const { shard: { shardId }, target } = plan;
    const from = rows.get(shardId)!.position ?? undefined; // it may have moved before the lock
    moved.push({ shardId, from, to: "position" in target ? target.position : undefined });
  }
  return moved;
}

function* retarget(
  { client, stream, dialect: { now } }: TableScope,
  { shard: { shardId }, target }: PlannedMove,
): Steps<void> {
  const change = "state = 'open', owner = NULL, epoch = epoch + 1";
  const where = "WHERE client = ? AND stream = ? AND shard = ?";
  if ("position" in target) {
    yield* execute(
      `UPDATE triton_group_shard SET ${change}, position = ?, moved_ms = ${now} ${where}`,
      ...[target.position, client, stream, shardId],
    );
    return;
  }
  const { start, knownAt } = target;
  const since = knownAt ?? (start.type === "at-timestamp" ? start.timestamp : undefined);
  yield* execute(
    `UPDATE triton_group_shard SET ${change}, position = NULL, moved_ms = NULL, start_at = ?,
      started_ms = COALESCE(NULLIF(CAST(? AS BIGINT), -1), started_ms) ${where}`,
    ...[fromStart(start), since?.getTime() ?? -1, client, stream, shardId],
  );
}

/** Records a gap that was noticed under a lease, unless another member has the lease now. */
export function* recordLeasedGap(scope: TableScope, gap: Gap, epoch: number): Steps<boolean> {
  const row = (yield* lockRows(scope, [gap.shardId])).get(gap.shardId);
  if (row === undefined || Number(row.epoch) !== epoch || row.owner === null) return false;
  yield* recordGap(scope, gap);
  return true;
}
