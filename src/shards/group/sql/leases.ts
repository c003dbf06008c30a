/**
 * The members of a group and their leases in SQL.
 *
 * @module
 */

import type { ShardId } from "../../../base/record.ts";
import { execute, parts, select, type Steps, tuple } from "../../../sql/steps.ts";
import type { Renewal } from "../../table/lease_table.ts";
import { compareText } from "../../table/rows.ts";
import type { TableScope } from "../../table/sql_shards.ts";
import type { GroupMember } from "../group_table.ts";
import type { ExpiryWatch } from "./expiry_watch.ts";

/** A row of `triton_group_worker`, and the time. PostgreSQL returns wide integers as text. */
export interface WorkerRow {
  readonly worker: string;
  readonly expires_ms: number | string;
  readonly last_error: string | null;
  readonly now: number | string;
}

/** Marks a worker as alive, which renews its leases; writes no row of a shard. */
export function* renewWorker(
  scope: TableScope,
  { worker, ttlMs, watch }: { worker: string; ttlMs: number; watch: ExpiryWatch },
): Steps<Renewal> {
  const { client, stream, dialect: { now } } = scope;
  yield* execute(
    `INSERT INTO triton_group_worker (client, stream, worker, expires_ms)
    VALUES (?, ?, ?, ${now} + CAST(? AS BIGINT))
    ON CONFLICT (client, stream, worker) DO UPDATE SET expires_ms = excluded.expires_ms`,
    ...[client, stream, worker, Math.ceil(ttlMs)],
  );
  const held = yield* select<{ shard: ShardId; epoch: number | string }>(
    scope,
    "shard, epoch FROM triton_group_shard",
    " AND owner = ?",
    worker,
  );
  return {
    held: new Map(
      held.map(({ shard, epoch }) => [shard, Number(epoch)] as const)
        .sort(([a], [b]) => compareText(a, b)),
    ),
    workers: yield* liveWorkers(scope, ttlMs, watch),
  };
}

/** The workers that have not expired. Deletes those that have. */
function* liveWorkers(scope: TableScope, ttlMs: number, watch: ExpiryWatch): Steps<string[]> {
  const rows = yield* listWorkers(scope);
  const expired = rows.filter((row) =>
    !isAlive(row) ||
    watch.isStuck(row.worker, {
      ...{ expiresMs: Number(row.expires_ms), nowMs: Number(row.now), ttlMs },
    })
  );
  watch.keep(new Set(rows.map(({ worker }) => worker)));
  for (const { worker, expires_ms } of expired) {
    // Only as it was seen: it may have come back meanwhile. Or it hangs in a renewal: nobody waits for it.
    yield* execute(
      `DELETE FROM triton_group_worker WHERE client = ? AND stream = ? AND worker IN
        (SELECT worker FROM triton_group_worker
        WHERE client = ? AND stream = ? AND worker = ? AND expires_ms = ?${scope.dialect.skipLocked})`,
      ...[scope.client, scope.stream],
      ...[scope.client, scope.stream, worker, Number(expires_ms)],
    );
  }
  return rows.filter((row) => !expired.includes(row)).map(({ worker }) => worker)
    .sort(compareText);
}

function listWorkers(scope: TableScope): Steps<WorkerRow[]> {
  const columns = "worker, expires_ms, last_error";
  return select(scope, `${columns}, ${scope.dialect.now} AS now FROM triton_group_worker`);
}

/** The members that have not expired. */
export function* listMembers(scope: TableScope): Steps<GroupMember[]> {
  return (yield* listWorkers(scope)).filter(isAlive).map(toMember)
    .sort((a, b) => compareText(a.worker, b.worker));
}

/** Whether a member has not expired. */
export function isAlive({ expires_ms, now }: WorkerRow): boolean {
  return Number(expires_ms) > Number(now);
}

/** A row as a member. */
export function toMember({ worker, expires_ms, last_error }: WorkerRow): GroupMember {
  return {
    worker,
    expiresAt: new Date(Number(expires_ms)),
    lastError: last_error ?? undefined,
  };
}

/** Saves the last error of a member. */
export function* reportError(
  { client, stream }: TableScope,
  worker: string,
  error: string | undefined,
): Steps<void> {
  yield* execute(
    `UPDATE triton_group_worker SET last_error = NULLIF(?, '')
    WHERE client = ? AND stream = ? AND worker = ?`,
    ...[error ?? "", client, stream, worker],
  );
}

/** The condition that a parent of a shard `s` has not ended. */
const HAS_OPEN_PARENT = `EXISTS (
      SELECT 1 FROM triton_group_shard p
      WHERE p.client = s.client AND p.stream = s.stream AND p.state = 'open'
        AND REPLACE(s.parents, '"' || p.shard || '"', '') <> s.parents)`;

/**
 * The condition that a shard `s` is free or this worker's, open, and not held back by a parent. It takes
 * the worker.
 */
function isFree(now: string): string {
  return `s.state = 'open'
    AND (s.owner IS NULL OR s.owner = ? OR NOT EXISTS (
      SELECT 1 FROM triton_group_worker w
      WHERE w.client = s.client AND w.stream = s.stream AND w.worker = s.owner
        AND w.expires_ms > ${now}))
    AND NOT ${HAS_OPEN_PARENT}`;
}

/**
 * Takes a lease in one statement, so that nobody can be paused between looking and writing. A row that
 * is locked belongs to a transaction that is about to end, or hangs.
 *
 * In PostgreSQL the statement sees parents as they were when it began, and the row as it is when it locks
 * it. If a move by hand was committed in between, it has opened parents again: so they are looked at once
 * more, under the lock, for which another move has to wait.
 */
export function* acquireShard(
  { client, stream, dialect: { now, skipLocked } }: TableScope,
  { shardId, worker }: { shardId: ShardId; worker: string },
): Steps<number | undefined> {
  const [row] = yield* execute<{ epoch: number | string }>(
    `UPDATE triton_group_shard AS s SET owner = ?, epoch = s.epoch + 1
    FROM (SELECT client, stream, shard FROM triton_group_shard
      WHERE client = ? AND stream = ? AND shard = ?${skipLocked}) AS l
    WHERE s.client = l.client AND s.stream = l.stream AND s.shard = l.shard AND ${isFree(now)}
    RETURNING epoch`,
    ...[worker, client, stream, shardId, worker],
  );
  if (row === undefined) return undefined;
  const [held] = yield* execute(
    `UPDATE triton_group_shard AS s SET owner = NULL
    WHERE s.client = ? AND s.stream = ? AND s.shard = ? AND ${HAS_OPEN_PARENT} RETURNING shard`,
    ...[client, stream, shardId],
  );
  return held === undefined ? Number(row.epoch) : undefined;
}

/** The epoch of a shard that could be taken. Undefined if it could not. */
export function* freeEpoch(
  { client, stream, dialect: { now } }: TableScope,
  { shardId, worker }: { shardId: ShardId; worker: string },
): Steps<number | undefined> {
  const [row] = yield* execute<{ epoch: number | string }>(
    `SELECT s.epoch FROM triton_group_shard s
    WHERE s.client = ? AND s.stream = ? AND s.shard = ? AND ${isFree(now)}`,
    ...[client, stream, shardId, worker],
  );
  return row && Number(row.epoch);
}

/** Releases leases. */
export function* releaseShards(
  scope: TableScope,
  worker: string,
  shardIds: readonly ShardId[],
): Steps<void> {
  for (const part of parts([...shardIds].sort(compareText))) {
    yield* freeShards(scope, worker, ` AND shard IN ${tuple(part)}`, part);
  }
}

/** Deletes a worker and frees its leases. */
export function* leaveGroup(scope: TableScope, worker: string): Steps<void> {
  const { client, stream } = scope;
  yield* execute(
    "DELETE FROM triton_group_worker WHERE client = ? AND stream = ? AND worker = ?",
    ...[client, stream, worker],
  );
  yield* freeShards(scope, worker, "", []);
}

/** Frees the leases of a worker; the rows are locked in order before the first is changed. */
function* freeShards(
  { client, stream, dialect }: TableScope,
  worker: string,
  which: string,
  shardIds: readonly ShardId[],
): Steps<void> {
  const mine = `client = ? AND stream = ? AND owner = ?${which}`;
  yield* execute(
    `UPDATE triton_group_shard SET owner = NULL WHERE ${mine} AND shard IN
      (SELECT shard FROM triton_group_shard WHERE ${mine} ORDER BY shard${dialect.forUpdate})`,
    ...[client, stream, worker, ...shardIds, client, stream, worker, ...shardIds],
  );
}
