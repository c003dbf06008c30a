/**
 * Shards in SQL.
 *
 * Who changes a shard's row, or relies on it, locks it first; several rows are locked in the order
 * of their names, and before any other table's, so that no two transactions wait for each other. A
 * statement that reads what a lock protects comes after the one that locks: on PostgreSQL it would
 * else see the rows of the moment before the wait.
 *
 * @module
 */

import type { ShardId } from "../../base/record.ts";
import type { SqlDialect } from "../../sql/database.ts";
import { execute, parts, type Steps, tuple } from "../../sql/steps.ts";
import type { NewShard } from "./lease_table.ts";
import { compareText, fromStart, unknownError } from "./rows.ts";

/** The rows to work on, and the SQL dialect. */
export interface TableScope {
  readonly client: string;
  readonly stream: string;
  readonly dialect: SqlDialect;
}

/** A locked row of `triton_shard`. */
export interface LockedShard {
  readonly state: string;
  readonly owner: string | null;
  readonly epoch: number;
  /** The time of the lock, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Saves when the stream was created unless it is saved; returns the saved time. */
export function* identify({ client, stream }: TableScope, createdAt: Date): Steps<Date> {
  // An update without effect, because only a row that is written is returned.
  const [row] = yield* execute<{ created_ms: number | string }>(
    `INSERT INTO triton_stream (client, stream, created_ms) VALUES (?, ?, ?)
    ON CONFLICT (client, stream) DO UPDATE SET created_ms = triton_stream.created_ms
    RETURNING created_ms`,
    ...[client, stream, createdAt.getTime()],
  );
  return new Date(Number(row!.created_ms));
}

/** Adds the first shards of a stream that {@linkcode identify} has saved, unless there are any. */
export function* addFirstShards(scope: TableScope, added: readonly NewShard[]): Steps<boolean> {
  const { client, stream, dialect } = scope;
  yield* execute(
    `SELECT created_ms FROM triton_stream WHERE client = ? AND stream = ?${dialect.forUpdate}`,
    ...[client, stream],
  );
  const known = yield* execute(
    "SELECT shard FROM triton_shard WHERE client = ? AND stream = ? LIMIT 1",
    ...[client, stream],
  );
  if (known.length > 0) return false;
  yield* addShards(scope, added);
  return true;
}

/** Adds the shards that are not in the table. */
export function* addShards(scope: TableScope, added: readonly NewShard[]): Steps<void> {
  const { client, stream, dialect } = scope;
  const sorted = [...added].sort((a, b) => compareText(a.shardId, b.shardId));
  for (const shards of parts(sorted)) {
    const rows = shards.map(({ shardId, parents, start, knownAt }) =>
      [
        ...[client, stream, shardId, JSON.stringify(parents), fromStart(start)],
        knownAt?.getTime() ?? -1,
      ] as const
    );
    const knownAt = `COALESCE(NULLIF(CAST(? AS BIGINT), -1), ${dialect.now})`;
    const values = `(?, ?, ?, ?, ?, ${knownAt}, 'open', 0, 0)`;
    yield* execute(
      `INSERT INTO triton_shard
        (client, stream, shard, parents, start_at, started_ms, state, epoch, expires_ms)
      VALUES ${rows.map(() => values).join(", ")} ON CONFLICT (client, stream, shard) DO NOTHING`,
      ...rows.flat(),
    );
  }
}

/** Locks rows until the transaction ends. Rows that do not exist are not in the result. */
export function* lockShards(
  { client, stream, dialect }: TableScope,
  shardIds: readonly ShardId[],
): Steps<Map<ShardId, LockedShard>> {
  const locked = new Map<ShardId, LockedShard>();
  for (const part of parts([...shardIds].sort(compareText))) {
    const rows = yield* execute<LockedShard & { readonly shard: ShardId }>(
      `SELECT shard, state, owner, epoch, ${dialect.now} AS now FROM triton_shard
      WHERE client = ? AND stream = ? AND shard IN ${tuple(part)}
      ORDER BY shard${dialect.forUpdate}`,
      client,
      stream,
      ...part,
    );
    for (const { shard, state, owner, epoch, now } of rows) {
      locked.set(shard, { state, owner, epoch: Number(epoch), now: Number(now) });
    }
  }
  return locked;
}

/** Locks one row that must exist. */
export function* lockShard(scope: TableScope, shardId: ShardId): Steps<LockedShard> {
  const shard = (yield* lockShards(scope, [shardId])).get(shardId);
  if (shard === undefined) throw unknownError(`shard "${shardId}" of "${scope.stream}"`);
  return shard;
}

/** Ends a shard and adds its children. */
export function* endShard(
  scope: TableScope,
  { shardId, epoch, isSettled, children }: {
    readonly shardId: ShardId;
    readonly epoch: number;
    readonly isSettled: boolean;
    readonly children: readonly NewShard[];
  },
): Steps<boolean> {
  const shard = yield* lockShard(scope, shardId);
  if (shard.epoch !== epoch) return false;
  if (shard.state === "ended") return true; // the answer was lost
  if (shard.owner === null || !isSettled) return false;
  yield* execute(
    `UPDATE triton_shard SET state = 'ended', owner = NULL
    WHERE client = ? AND stream = ? AND shard = ?`,
    ...[scope.client, scope.stream, shardId],
  );
  yield* addShards(scope, children);
  return true;
}

/** Changes where the reading of a shard begins. */
export function* setStart(
  { client, stream }: TableScope,
  shardId: ShardId,
  { start, knownAt }: Pick<NewShard, "start" | "knownAt">,
  now: number,
): Steps<void> {
  yield* execute(
    `UPDATE triton_shard SET start_at = ?, started_ms = ?
    WHERE client = ? AND stream = ? AND shard = ?`,
    ...[fromStart(start), knownAt?.getTime() ?? now, client, stream, shardId],
  );
}

/** Saves until when nothing has arrived since the start position of a shard. */
export function* touchStart(
  { client, stream }: TableScope,
  shardId: ShardId,
  knownAt: number,
): Steps<void> {
  yield* execute(
    "UPDATE triton_shard SET started_ms = ? WHERE client = ? AND stream = ? AND shard = ?",
    ...[knownAt, client, stream, shardId],
  );
}
