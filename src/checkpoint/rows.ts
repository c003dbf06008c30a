/**
 * What all checkpointers share: rules for names, and rows as checkpoints.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Checkpoint } from "./checkpointer.ts";

/** The width of every text column. */
const MAX_LENGTH = 255;

/** `updated` is a 32-bit column in PostgreSQL; in 2038 ages stand still, but saving goes on. */
export const MAX_SECONDS = 2 ** 31 - 1;

/**
 * Where a shard would stand, a reader writes down the time at which its reading of the stream began,
 * in milliseconds since the Unix epoch: `triton_checkpoint` has no other place for it, and go-triton
 * inserts by position, so that it can get no column. No shard of Kinesis has such a name.
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
 * @returns The name.
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

/** The current time in whole seconds since the Unix epoch, as the column keeps it. */
export function unixSeconds(clock: Clock): number {
  return Math.min(Math.floor(clock.now() / 1000), MAX_SECONDS);
}

/** Positions in the order of their shards: writers that lock rows in one order never deadlock. */
export function inOrder(
  positions: ReadonlyMap<ShardId, SequenceNumber>,
): [ShardId, SequenceNumber][] {
  return [...positions].sort(([a], [b]) => a < b ? -1 : 1);
}

/** A position as the database has it; the first go-triton allowed it to be null. */
export function toSequenceNumber(seqNum: string | null | undefined): SequenceNumber | undefined {
  return seqNum ? seqNum as SequenceNumber : undefined;
}

/** A row as a checkpoint: an empty list if the row is of no shard, or has no position. */
export function toCheckpoint(client: string, row: CheckpointRow): Checkpoint[] {
  const sequenceNumber = toSequenceNumber(row.seq_num);
  if (sequenceNumber === undefined || row.shard === START_ROW) return [];
  const updatedAt = new Date(Number(row.updated) * 1000);
  return [{ client, stream: row.stream, shardId: row.shard as ShardId, sequenceNumber, updatedAt }];
}

/** The error of a consumer that goes by the name of a client that archives the stream. */
export function archiverError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot save positions of stream "${stream}": client "${client}" archives it, and its archive ` +
      "would lack what a consumer passes over; give the consumer a client name of its own",
    { code: "Archiver", retryable: false },
  );
}

/** Compares checkpoints by stream and shard. */
export function compareCheckpoints(a: Checkpoint, b: Checkpoint): number {
  return a.stream < b.stream || a.stream === b.stream && a.shardId < b.shardId ? -1 : 1;
}
