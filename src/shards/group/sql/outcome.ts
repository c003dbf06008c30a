import type { SequenceNumber } from "../../../base/record.ts";
import { select, type Steps } from "../../../sql/steps.ts";
import type { GroupName } from "../group_errors.ts";
import type { GroupFence } from "../group_table.ts";

/**
 * What became of a move that was not made: it had been made before (`"already"`), the shard is lost, or
 * it can still be made (`"due"`).
 */
export type Standing = "already" | "lost" | "due";

/** The columns of a shard that a fence compares. */
export interface FencedRow {
  readonly state: string;
  readonly owner: string | null | undefined;
  readonly epoch: number | string;
  readonly position: SequenceNumber | null | undefined;
}

/** Compares a move with the row of its shard. */
export function standingOf(row: FencedRow | undefined, fence: GroupFence): Standing {
  if (row === undefined || Number(row.epoch) !== fence.epoch) return "lost";
  if (row.position === fence.last) return "already";
  const isHeld = row.state === "open" && row.owner === fence.worker;
  return isHeld && (row.position ?? undefined) === fence.previous ? "due" : "lost";
}

/** Reads what became of a move. */
export function* readStanding(group: GroupName, fence: GroupFence): Steps<Standing> {
  const [row] = yield* select<FencedRow>(
    group,
    "state, owner, epoch, position FROM triton_group_shard",
    " AND shard = ?",
    fence.shardId,
  );
  return standingOf(row, fence);
}
