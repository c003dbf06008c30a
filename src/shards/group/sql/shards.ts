/**
 * The shards of a group in SQL.
 *
 * Who changes the rows of several shards locks them first, in the order of their names.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../../base/record.ts";
import type { SqlDialect } from "../../../sql/database.ts";
import { START_ROW, toSequenceNumber } from "../../../sql/schema/checkpoints.ts";
import { execute, parts, select, type Steps } from "../../../sql/steps.ts";
import type { NewShard } from "../../table/lease_table.ts";
import { compareText, fromStart, parseColumn, toStart } from "../../table/rows.ts";
import type { TableScope } from "../../table/sql_shards.ts";
import type { GroupPosition, GroupShard } from "../group_table.ts";
import { lockGroup } from "./identity.ts";

/**
 * A row of `triton_group_shard` with the lease of its owner. PostgreSQL returns wide integers as text.
 */
export interface ShardRow {
  readonly shard: ShardId;
  readonly parents: string;
  readonly start_at: string;
  readonly started_ms: number | string;
  readonly state: GroupShard["state"];
  readonly owner: string | null;
  readonly epoch: number | string;
  readonly position: SequenceNumber | null;
  readonly moved_ms: number | string | null;
  readonly expires_ms: number | string | null;
}

/** All shards, or those of a state; an owner only where its lease holds. */
export function* listGroupShards(
  { client, stream, dialect }: TableScope,
  state?: GroupShard["state"],
): Steps<GroupShard[]> {
  const rows = yield* execute<ShardRow>(
    `${selectGroupShards(dialect)} WHERE s.client = ? AND s.stream = ?${
      state ? " AND s.state = ?" : ""
    }`,
    ...[client, stream, ...(state ? [state] : [])],
  );
  return rows.map(toGroupShard).sort((a, b) => compareText(a.shardId, b.shardId));
}

/** The statement that reads all shards `s` of all groups, to be continued with a condition. */
export function selectGroupShards({ now }: SqlDialect): string {
  return `SELECT s.client, s.stream, s.shard, s.parents, s.start_at, s.started_ms, s.state, s.epoch,
      s.position, s.moved_ms, w.expires_ms,
      CASE WHEN w.expires_ms > ${now} THEN s.owner END AS owner
    FROM triton_group_shard s LEFT JOIN triton_group_worker w
      ON w.client = s.client AND w.stream = s.stream AND w.worker = s.owner`;
}

/** A row as a shard; an owner only where its lease holds. */
export function toGroupShard(row: ShardRow): GroupShard {
  return {
    shardId: row.shard,
    parents: parseColumn<ShardId[]>("parents", row.parents),
    state: row.state,
    owner: row.owner ?? undefined,
    leasedUntil: row.owner === null ? undefined : new Date(Number(row.expires_ms)),
    epoch: Number(row.epoch),
    ...toGroupPosition(row),
  };
}

function toGroupPosition(
  row: Pick<ShardRow, "position" | "start_at" | "started_ms" | "moved_ms">,
): GroupPosition {
  const knownAt = new Date(Number(row.moved_ms ?? row.started_ms));
  return { position: row.position ?? undefined, start: toStart(row.start_at), knownAt };
}

/** Where a shard continues, unless its lease is lost. */
export function* readGroupPosition(
  scope: TableScope,
  { shardId, worker, epoch }: { shardId: ShardId; worker: string; epoch: number },
): Steps<GroupPosition | undefined> {
  const [row] = yield* select<ShardRow>(
    scope,
    "position, start_at, started_ms, moved_ms FROM triton_group_shard",
    " AND shard = ? AND owner = ? AND epoch = ? AND state = 'open'",
    ...[shardId, worker, epoch],
  );
  return row && toGroupPosition(row);
}

/** The positions of the group or, before it has shards, those that its client saved as a reader. */
export function* listGroupPositions(scope: TableScope): Steps<Map<ShardId, SequenceNumber>> {
  const shards = yield* listGroupShards(scope);
  const saved = shards.length > 0
    ? shards.flatMap(({ shardId, position }) => position ? [[shardId, position] as const] : [])
    : (yield* readCheckpoints(scope)).positions.map(([id, { position }]) =>
      [id, position] as const
    );
  return new Map(saved);
}

/** Adds the first shards, and takes over what the client saved as a reader. */
export function* addFirstGroupShards(
  scope: TableScope,
  added: readonly NewShard[],
): Steps<boolean> {
  yield* lockGroup(scope);
  const known = yield* select(scope, "shard FROM triton_group_shard", " LIMIT 1");
  if (known.length > 0) return false;
  const { begunAt, positions } = yield* readCheckpoints(scope);
  const saved = new Map(positions);
  yield* insertShards(
    scope,
    added.map((shard) => ({ ...startingBy(shard, begunAt), ...saved.get(shard.shardId) })),
  );
  return true;
}

/** Adds the shards that the group does not have. */
export function* addGroupShards(scope: TableScope, added: readonly NewShard[]): Steps<void> {
  yield* lockGroup(scope);
  yield* insertShards(scope, added);
}

/** The position that a reader has saved, and when. */
interface SavedPosition {
  readonly position: SequenceNumber;
  readonly movedMs: number;
}

/** What the client saved as a reader: positions, and when it began to read. */
function* readCheckpoints(scope: TableScope): Steps<{
  readonly begunAt: Date | undefined;
  readonly positions: (readonly [ShardId, SavedPosition])[];
}> {
  const rows = yield* select<{ shard: ShardId; seq_num: string | null; updated: number }>(
    scope,
    "shard, seq_num, updated FROM triton_checkpoint",
  );
  const begun = rows.find(({ shard }) => shard === START_ROW)?.seq_num;
  const positions = rows.sort((a, b) => compareText(a.shard, b.shard)).flatMap((row) => {
    const position = toSequenceNumber(row.seq_num);
    if (position === undefined || row.shard === START_ROW) return [];
    return [[row.shard, { position, movedMs: Number(row.updated) * 1000 }] as const];
  });
  return { begunAt: begun ? new Date(Number(begun)) : undefined, positions };
}

/** A shard that begins no later than its client began to read, unless it begins with its oldest record. */
function startingBy(shard: NewShard, begunAt: Date | undefined): NewShard {
  const { start } = shard;
  if (begunAt === undefined || start.type !== "at-timestamp" || start.timestamp <= begunAt) {
    return shard;
  }
  return { ...shard, start: { type: "at-timestamp", timestamp: begunAt }, knownAt: begunAt };
}

/** Inserts shards. The caller has locked the group. */
export function* insertShards(
  { client, stream, dialect }: TableScope,
  added: readonly (NewShard & Partial<SavedPosition>)[],
): Steps<void> {
  const sorted = [...added].sort((a, b) => compareText(a.shardId, b.shardId));
  for (const shards of parts(sorted)) {
    const rows = shards.map(({ shardId, parents, start, knownAt, position, movedMs }) =>
      [
        ...[client, stream, shardId, JSON.stringify(parents), fromStart(start)],
        ...[knownAt?.getTime() ?? -1, position ?? "", movedMs ?? -1],
      ] as const
    );
    const knownAt = `COALESCE(NULLIF(CAST(? AS BIGINT), -1), ${dialect.now})`;
    const moved = "NULLIF(?, ''), NULLIF(CAST(? AS BIGINT), -1)";
    const values = `(?, ?, ?, ?, ?, ${knownAt}, 'open', 0, ${moved})`;
    yield* execute(
      `INSERT INTO triton_group_shard
        (client, stream, shard, parents, start_at, started_ms, state, epoch, position, moved_ms)
      VALUES ${rows.map(() => values).join(", ")} ON CONFLICT (client, stream, shard) DO NOTHING`,
      ...rows.flat(),
    );
  }
}
