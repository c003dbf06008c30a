import type { Clock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Checkpoint } from "./checkpointer.ts";

/** Width of all text columns. */
const MAX_LENGTH = 255;

/** `updated` is a 32-bit column in PostgreSQL. From 2038 on it stays the same, and saving works. */
export const MAX_SECONDS = 2 ** 31 - 1;

/**
 * In the row of this shard, a reader saves the time at which it first began to read the stream, in
 * milliseconds since the Unix epoch. `triton_checkpoint` cannot get a column for it, because go-triton
 * inserts by position. No shard of Kinesis has such a name.
 */
export const START_ROW: ShardId = "triton-start" as ShardId;

/** One row of `triton_checkpoint`, without its client. */
export interface CheckpointRow {
  readonly stream: string;
  readonly shard: string;
  readonly seq_num: string | null;
  readonly updated: number;
}

/**
 * Checks the name of a client.
 *
 * @throws {RangeError} If it is empty, over 255 characters, or holds a control character.
 */
export function checkClient(client: string): string {
  // deno-lint-ignore no-control-regex
  if (client === "" || client.length > MAX_LENGTH || /[\x00-\x1f\x7f]/.test(client)) {
    throw new RangeError(
      `Cannot use client name ${
        JSON.stringify(client)
      }: it must be 1 to ${MAX_LENGTH} printable characters`,
    );
  }
  return client;
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

/** A position of the database. The first go-triton allowed null. */
export function toSequenceNumber(seqNum: string | null | undefined): SequenceNumber | undefined {
  return seqNum ? seqNum as SequenceNumber : undefined;
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
