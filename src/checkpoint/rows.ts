import type { Clock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { START_ROW, toSequenceNumber } from "../sql/schema/checkpoints.ts";
import type { Checkpoint } from "./checkpointer.ts";

export { checkClient, START_ROW, toSequenceNumber } from "../sql/schema/checkpoints.ts";

/** `updated` is a 32-bit column in PostgreSQL. From 2038 on it stays the same, and saving works. */
export const MAX_SECONDS = 2 ** 31 - 1;

/** One row of `triton_checkpoint`, without its client. */
export interface CheckpointRow {
  readonly stream: string;
  readonly shard: string;
  readonly seq_num: string | null;
  readonly updated: number;
}

/** The current time in whole seconds since the Unix epoch, limited to the range of the column. */
export function unixSeconds(clock: Clock): number {
  return Math.min(Math.floor(clock.now() / 1000), MAX_SECONDS);
}

/** Positions in the order of their shards, so that two writers lock rows in the same order. */
export function inOrder(
  positions: ReadonlyMap<ShardId, SequenceNumber>,
): [ShardId, SequenceNumber][] {
  return [...positions].sort(([a], [b]) => a < b ? -1 : 1);
}

/** A row as a checkpoint. Empty if the row is not of a shard, or has no position. */
export function toCheckpoint(client: string, row: CheckpointRow): Checkpoint[] {
  const sequenceNumber = toSequenceNumber(row.seq_num);
  if (sequenceNumber === undefined || row.shard === START_ROW) return [];
  const updatedAt = new Date(Number(row.updated) * 1000);
  return [{ client, stream: row.stream, shardId: row.shard as ShardId, sequenceNumber, updatedAt }];
}

/** Compares checkpoints by stream and shard. */
export function compareCheckpoints(a: Checkpoint, b: Checkpoint): number {
  return a.stream < b.stream || a.stream === b.stream && a.shardId < b.shardId ? -1 : 1;
}
