/**
 * Leases and workers in SQL.
 *
 * @module
 */

import type { ShardId } from "../../base/record.ts";
import { execute, parts, type Steps, tuple } from "../../sql/steps.ts";
import type { Renewal } from "./lease_table.ts";
import { compareText } from "./rows.ts";
import { lockShards, type TableScope } from "./sql_shards.ts";

/** Marks a worker as alive, and renews its leases. */
export function* renew(scope: TableScope, worker: string, ttlMs: number): Steps<Renewal> {
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

/** The workers that have not expired. Deletes those that have. */
export function* liveWorkers({ client, stream, dialect }: TableScope): Steps<string[]> {
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
  { client, stream, dialect: { now } }: TableScope,
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

/** Releases leases. */
export function* release(
  scope: TableScope,
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

/** Deletes a worker and frees its leases. */
export function* leave(scope: TableScope, worker: string): Steps<void> {
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

/**
 * The condition that a shard belongs to a worker; the rows are locked in order before the first is
 * changed. It takes client, stream and worker twice.
 */
function ownedBy({ dialect }: TableScope): string {
  return `client = ? AND stream = ? AND owner = ? AND shard IN
    (SELECT shard FROM triton_shard WHERE client = ? AND stream = ? AND owner = ?
      ORDER BY shard${dialect.forUpdate})`;
}
