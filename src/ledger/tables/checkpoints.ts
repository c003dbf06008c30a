/**
 * The checkpoints of the ledger, in the table that go-triton created.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { IntendedRange } from "../archive_ledger.ts";
import { compareText } from "../../shards/table/rows.ts";
import type { TableScope } from "../../shards/table/sql_shards.ts";
import { MAX_SECONDS, START_ROW, toSequenceNumber } from "../../checkpoint/rows.ts";
import { execute, parts, type Steps, tuple } from "../../sql/steps.ts";

/** A row of `triton_checkpoint`. The first go-triton allowed rows without a position. */
interface PositionRow {
  readonly shard: ShardId;
  readonly seq_num: string | null;
}

/** The checkpoint of each shard with a row. Undefined if the row has no position. */
export type SavedPositions = ReadonlyMap<ShardId, SequenceNumber | undefined>;

/** All checkpoints of the stream. */
export function* listCheckpoints(
  { client, stream }: TableScope,
): Steps<Map<ShardId, SequenceNumber>> {
  const rows = yield* execute<PositionRow>(
    "SELECT shard, seq_num FROM triton_checkpoint WHERE client = ? AND stream = ? AND shard <> ?",
    ...[client, stream, START_ROW],
  );
  const positions = new Map<ShardId, SequenceNumber>();
  for (const { shard, seq_num } of rows.sort((a, b) => compareText(a.shard, b.shard))) {
    const position = toSequenceNumber(seq_num);
    if (position !== undefined) positions.set(shard, position);
  }
  return positions;
}

/** Reads checkpoints and locks them until the transaction ends. */
export function* lockCheckpoints(
  { client, stream, dialect }: TableScope,
  shardIds: readonly ShardId[],
): Steps<SavedPositions> {
  const saved = new Map<ShardId, SequenceNumber | undefined>();
  for (const part of parts([...shardIds].sort(compareText))) {
    const rows = yield* execute<PositionRow>(
      `SELECT shard, seq_num FROM triton_checkpoint
      WHERE client = ? AND stream = ? AND shard IN ${tuple(part)}
      ORDER BY shard${dialect.forUpdate}`,
      ...[client, stream, ...part],
    );
    for (const { shard, seq_num } of rows) saved.set(shard, toSequenceNumber(seq_num));
  }
  return saved;
}

/**
 * Moves the checkpoints of ranges from `previous` to `last`.
 *
 * The caller has locked the shards. The checkpoints are checked nevertheless, because a person or an
 * older Triton may have moved them without locks.
 *
 * @param now In milliseconds since the Unix epoch.
 * @returns A shard whose checkpoint is not at `previous`: the transaction must be rolled back.
 */
export function* moveCheckpoints(
  scope: TableScope,
  ranges: readonly IntendedRange[],
  now: number,
): Steps<ShardId | undefined> {
  const saved = yield* lockCheckpoints(scope, ranges.map(({ shardId }) => shardId));
  const moved = ranges.find(({ shardId, previous }) => saved.get(shardId) !== previous);
  if (moved !== undefined) return moved.shardId;
  const [old, fresh] = [true, false].map((known) =>
    ranges.filter(({ shardId }) => saved.has(shardId) === known)
      .map(({ shardId, last, knownAt }) => [shardId, last, knownAt] as const)
  ) as [Position[], Position[]];
  yield* saveCheckpoints(scope, old, now);
  const taken = yield* insertCheckpoints(scope, fresh, now);
  return fresh.find(([shardId]) => !taken.has(shardId))?.[0];
}

/** A shard, its checkpoint, and the time until which it is known to be archived (default: now). */
type Position = readonly [ShardId, SequenceNumber, Date | undefined];

/** Saves positions, and replaces existing ones. */
export function* saveCheckpoints(
  scope: TableScope,
  positions: readonly Position[],
  now: number,
): Steps<void> {
  yield* write(
    scope,
    { positions, now },
    "DO UPDATE SET seq_num = excluded.seq_num, updated = excluded.updated",
  );
}

/** Saves positions of shards that have none, and returns these shards. */
function* insertCheckpoints(
  scope: TableScope,
  positions: readonly Position[],
  now: number,
): Steps<Set<ShardId>> {
  return new Set(yield* write(scope, { positions, now }, "DO NOTHING"));
}

function* write(
  { client, stream }: TableScope,
  { positions, now }: { positions: readonly Position[]; now: number },
  onConflict: string,
): Steps<ShardId[]> {
  const written: ShardId[] = [];
  for (const part of parts([...positions].sort(([a], [b]) => compareText(a, b)))) {
    const rows = part.map(([shardId, last, knownAt]) =>
      [client, stream, shardId, last, toSeconds(knownAt, now)] as const
    );
    const answer = yield* execute<PositionRow>(
      `INSERT INTO triton_checkpoint (client, stream, shard, seq_num, updated)
      VALUES ${rows.map(tuple).join(", ")}
      ON CONFLICT (client, stream, shard) ${onConflict} RETURNING shard`,
      ...rows.flat(),
    );
    written.push(...answer.map(({ shard }) => shard));
  }
  return written;
}

/** A time as the column stores it. A time by Kinesis' clock may be in the database's future. */
function toSeconds(time: Date | undefined, now: number): number {
  return Math.min(Math.floor((time?.getTime() ?? now) / 1000), MAX_SECONDS);
}

export function* deleteCheckpoint({ client, stream }: TableScope, shardId: ShardId): Steps<void> {
  yield* execute(
    "DELETE FROM triton_checkpoint WHERE client = ? AND stream = ? AND shard = ?",
    ...[client, stream, shardId],
  );
}
