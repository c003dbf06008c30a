/**
 * Gaps in SQL.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";
import { execute, select, type Steps } from "../../sql/steps.ts";
import type { Gap } from "./lease_table.ts";
import { compareGaps } from "./rows.ts";
import { lockShard, type TableScope } from "./sql_shards.ts";

/** A row of `triton_gap`. Missing sequence numbers are empty. */
export interface GapRow {
  readonly shard: string;
  readonly after_seq: string;
  readonly until_seq: string;
  readonly reason: string;
  readonly recorded_ms: number | string;
}

/** A row of `triton_gap` as a gap. */
export function toGap(stream: string, row: GapRow): Gap {
  return {
    stream,
    shardId: row.shard as ShardId,
    after: (row.after_seq || undefined) as SequenceNumber | undefined,
    until: (row.until_seq || undefined) as SequenceNumber | undefined,
    reason: row.reason,
    recordedAt: new Date(Number(row.recorded_ms)),
  };
}

/** Records a gap, or replaces a recorded one by a later observation. */
export function* recordGap({ client, stream }: TableScope, gap: Gap): Steps<void> {
  yield* execute(
    `INSERT INTO triton_gap (client, stream, shard, after_seq, until_seq, reason, recorded_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (client, stream, shard, after_seq, reason)
    DO UPDATE SET until_seq = excluded.until_seq, recorded_ms = excluded.recorded_ms
      WHERE excluded.recorded_ms >= triton_gap.recorded_ms`,
    ...[client, stream, gap.shardId, gap.after ?? "", gap.until ?? ""],
    ...[gap.reason, gap.recordedAt.getTime()],
  );
}

/** Records a gap that was noticed under a lease, unless another worker has the lease now. */
export function* recordLeasedGap(scope: TableScope, gap: Gap, epoch: number): Steps<boolean> {
  const shard = yield* lockShard(scope, gap.shardId);
  if (shard.epoch !== epoch || shard.owner === null) return false;
  yield* recordGap(scope, gap);
  return true;
}

/** All gaps, the oldest first. */
export function* listGaps(scope: TableScope): Steps<Gap[]> {
  const columns = "shard, after_seq, until_seq, reason, recorded_ms FROM triton_gap";
  const rows = yield* select<GapRow>(scope, columns);
  return rows.map((row) => toGap(scope.stream, row)).sort(compareGaps);
}
