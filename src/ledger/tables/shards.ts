/**
 * Shards, leases and workers in SQL.
 *
 * Who changes a shard's row, or relies on it, locks it first; several rows are locked in the order
 * of their names, and before any other table's, so that no two transactions wait for each other. A
 * statement that reads what a lock protects comes after the one that locks: on PostgreSQL it would
 * else see the rows of the moment before the wait.
 *
 * @module
 */

import type { ShardId } from "../../base/record.ts";
import type { LedgerShard, NewShard, NewStart, Renewal } from "../archive_ledger.ts";
import { compareText, fromStart, type ShardRow, toShard } from "./rows.ts";
import { unknownError } from "../errors.ts";
import type { SqlDialect } from "../../sql/database.ts";
import { execute, parts, type Steps, tuple } from "../../sql/steps.ts";

/** Whose rows to work on, and in which database's words. */
export interface LedgerScope {
  readonly client: string;
  readonly stream: string;
  readonly dialect: SqlDialect;
}

/** What a locked row of `triton_shard` tells. */
export interface LockedShard {
  readonly state: string;
  readonly owner: string | null;
  readonly epoch: number;
  /** The time of the lock, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Writes down when the stream was created, unless something is written; tells what is. */
export function* identify({ client, stream }: LedgerScope, createdAt: Date): Steps<Date> {
  // An update without effect, because only a row that is written is returned.
  const [row] = yield* execute<{ created_ms: number | string }>(
    `INSERT INTO triton_stream (client, stream, created_ms) VALUES (?, ?, ?)
    ON CONFLICT (client, stream) DO UPDATE SET created_ms = triton_stream.created_ms
    RETURNING created_ms`,
    ...[client, stream, createdAt.getTime()],
  );
  return new Date(Number(row!.created_ms));
}

/** All shards with their checkpoints, or those of a state; an owner only where the lease holds. */
export function* listShards(
  { client, stream, dialect }: LedgerScope,
  state?: LedgerShard["state"],
): Steps<LedgerShard[]> {
  const rows = yield* execute<ShardRow>(
    `${selectShards(dialect)} WHERE s.client = ? AND s.stream = ?${
      state ? " AND s.state = ?" : ""
    }`,
    ...[client, stream, ...(state ? [state] : [])],
  );
  return rows.map(toShard).sort((a, b) => compareText(a.shardId, b.shardId));
}

/** The statement that reads all shards `s` of all clients, to go on with a condition. */
export function selectShards({ now }: SqlDialect): string {
  return `SELECT s.client, s.stream, s.shard, s.parents, s.start_at, s.started_ms, s.state, s.epoch,
      s.expires_ms, c.seq_num, c.updated, CASE WHEN s.expires_ms > ${now} THEN s.owner END AS owner
    FROM triton_shard s LEFT JOIN triton_checkpoint c
      ON c.client = s.client AND c.stream = s.stream AND c.shard = s.shard`;
}

/** Adds the first shards of a stream that {@linkcode identify} has written down; not if there are any. */
export function* addFirstShards(scope: LedgerScope, added: readonly NewShard[]): Steps<boolean> {
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

/** Adds the shards that are not known yet. */
export function* addShards(scope: LedgerScope, added: readonly NewShard[]): Steps<void> {
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

/** Locks rows until the transaction ends; those that are not there are missing in the answer. */
export function* lockShards(
  { client, stream, dialect }: LedgerScope,
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

/** Locks one row that must be there. */
export function* lockShard(scope: LedgerScope, shardId: ShardId): Steps<LockedShard> {
  const shard = (yield* lockShards(scope, [shardId])).get(shardId);
  if (shard === undefined) throw unknownError(`shard "${shardId}" of "${scope.stream}"`);
  return shard;
}

/** Notes that a worker is alive, and prolongs its leases. */
export function* renew(scope: LedgerScope, worker: string, ttlMs: number): Steps<Renewal> {
  const { client, stream, dialect: { now } } = scope;
  yield* execute(
    `INSERT INTO triton_worker (client, stream, worker, expires_ms)
    VALUES (?, ?, ?, ${now} + CAST(? AS BIGINT))
    ON CONFLICT (client, stream, worker) DO UPDATE SET expires_ms = excluded.expires_ms`,
    ...[client, stream, worker, Math.ceil(ttlMs)],
  );
  const held = yield* execute<{ shard: ShardId; epoch: number | string }>(
    `UPDATE triton_shard SET expires_ms = ${now} + CAST(? AS BIGINT)
    WHERE ${ownedBy(scope)} RETURNING shard, epoch`,
    ...[Math.ceil(ttlMs), client, stream, worker, client, stream, worker],
  );
  return {
    held: new Map(
      held.map(({ shard, epoch }) => [shard, Number(epoch)] as const)
        .sort(([a], [b]) => compareText(a, b)),
    ),
    workers: yield* liveWorkers(scope),
  };
}

/** The workers that have not expired; those that have are forgotten. */
export function* liveWorkers({ client, stream, dialect }: LedgerScope): Steps<string[]> {
  const workers = yield* execute<{ worker: string; alive: number }>(
    `SELECT worker, CASE WHEN expires_ms > ${dialect.now} THEN 1 ELSE 0 END AS alive
    FROM triton_worker WHERE client = ? AND stream = ?`,
    ...[client, stream],
  );
  if (workers.some(({ alive }) => alive === 0)) {
    // A row that is locked belongs to a worker that comes back, or is being forgotten already.
    yield* execute(
      `DELETE FROM triton_worker WHERE client = ? AND stream = ? AND worker IN
        (SELECT worker FROM triton_worker WHERE client = ? AND stream = ?
          AND expires_ms <= ${dialect.now}${dialect.skipLocked})`,
      ...[client, stream, client, stream],
    );
  }
  return workers.flatMap(({ worker, alive }) => alive === 0 ? [] : [worker]).sort(compareText);
}

/** Takes a lease in one statement: of two that try, one finds the row changed. */
export function* acquire(
  { client, stream, dialect: { now } }: LedgerScope,
  { shardId, worker, ttlMs }: { shardId: ShardId; worker: string; ttlMs: number },
): Steps<number | undefined> {
  const [row] = yield* execute<{ epoch: number | string }>(
    `UPDATE triton_shard
    SET owner = ?, epoch = epoch + 1, expires_ms = ${now} + CAST(? AS BIGINT)
    WHERE client = ? AND stream = ? AND shard = ? AND state = 'open'
      AND (owner IS NULL OR owner = ? OR expires_ms <= ${now}) RETURNING epoch`,
    ...[worker, Math.ceil(ttlMs), client, stream, shardId, worker],
  );
  return row && Number(row.epoch);
}

/** Gives leases back. */
export function* release(
  scope: LedgerScope,
  worker: string,
  shardIds: readonly ShardId[],
): Steps<void> {
  yield* lockShards(scope, shardIds);
  for (const part of parts(shardIds)) {
    yield* execute(
      `UPDATE triton_shard SET owner = NULL
      WHERE client = ? AND stream = ? AND owner = ? AND shard IN ${tuple(part)}`,
      ...[scope.client, scope.stream, worker, ...part],
    );
  }
}

/** Forgets a worker and frees its leases. */
export function* leave(scope: LedgerScope, worker: string): Steps<void> {
  const { client, stream } = scope;
  yield* execute(
    "DELETE FROM triton_worker WHERE client = ? AND stream = ? AND worker = ?",
    ...[client, stream, worker],
  );
  yield* execute(
    `UPDATE triton_shard SET owner = NULL WHERE ${ownedBy(scope)}`,
    ...[client, stream, worker, client, stream, worker],
  );
}

/** Ends a shard and adds its children. */
export function* endShard(
  scope: LedgerScope,
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
  { client, stream }: LedgerScope,
  shardId: ShardId,
  { start, knownAt }: NewStart,
  now: number,
): Steps<void> {
  yield* execute(
    `UPDATE triton_shard SET start_at = ?, started_ms = ?
    WHERE client = ? AND stream = ? AND shard = ?`,
    ...[fromStart(start), knownAt?.getTime() ?? now, client, stream, shardId],
  );
}

/** Notes that until some time nothing has arrived since the shard's start position. */
export function* touchStart(
  { client, stream }: LedgerScope,
  shardId: ShardId,
  knownAt: number,
): Steps<void> {
  yield* execute(
    "UPDATE triton_shard SET started_ms = ? WHERE client = ? AND stream = ? AND shard = ?",
    ...[knownAt, client, stream, shardId],
  );
}

/**
 * The condition that a shard belongs to a worker; the rows are locked in order before the first is
 * changed. It takes client, stream and worker twice.
 */
function ownedBy({ dialect }: LedgerScope): string {
  return `client = ? AND stream = ? AND owner = ? AND shard IN
    (SELECT shard FROM triton_shard WHERE client = ? AND stream = ? AND owner = ?
      ORDER BY shard${dialect.forUpdate})`;
}
