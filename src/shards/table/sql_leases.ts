/**
 * Leases and workers in SQL.
 *
 * @module
 */

import type { ShardId } from "../../base/record.ts";
import { execute, parts, type Steps, tuple } from "../../sql/steps.ts";
import type { SqlDialect } from "../../sql/database.ts";
import type { Renewal, TableKey } from "./lease_table.ts";
import { compareText } from "./rows.ts";
import { lockShards, type TableScope } from "./sql_shards.ts";
import { TableKeys } from "./table_keys.ts";

/** Marks a worker as alive, and renews its leases. */
export function* renew(scope: TableScope, worker: string, ttlMs: number): Steps<Renewal> {
  const [renewal] = yield* renewAll(scope.dialect, worker, [scope], ttlMs);
  return renewal!;
}

/**
 * Does the same for several streams, with as many statements as for one. Rows are locked in order of
 * client, stream and shard.
 *
 * @returns One result for each stream, in their order.
 */
export function* renewAll(
  dialect: SqlDialect,
  worker: string,
  streams: readonly TableKey[],
  ttlMs: number,
): Steps<Renewal[]> {
  const keys = new TableKeys(streams);
  if (keys.isEmpty) return [];
  const expires = `${dialect.now} + CAST(? AS BIGINT)`;
  const workers = keys.sorted.map(({ client, stream }) => [client, stream, worker, ttl(ttlMs)]);
  yield* execute(
    `INSERT INTO triton_worker (client, stream, worker, expires_ms)
    VALUES ${workers.map(() => `(?, ?, ?, ${expires})`).join(", ")}
    ON CONFLICT (client, stream, worker) DO UPDATE SET expires_ms = excluded.expires_ms`,
    ...workers.flat(),
  );
  const held = yield* execute<TableKey & { shard: ShardId; epoch: number | string }>(
    `UPDATE triton_shard SET expires_ms = ${expires}
    WHERE ${ownedBy(dialect, keys)} RETURNING client, stream, shard, epoch`,
    ...[ttl(ttlMs), worker, worker, ...keys.values],
  );
  const alive = keys.of(yield* listAlive(dialect, keys));
  return keys.of(held).map((rows, index) => ({
    held: new Map(
      rows.map(({ shard, epoch }) => [shard, Number(epoch)] as const)
        .sort(([a], [b]) => compareText(a, b)),
    ),
    workers: alive[index]!.map(({ worker }) => worker).sort(compareText),
  }));
}

/** The workers of a stream that have not expired. Deletes those that have. */
export function* liveWorkers(scope: TableScope): Steps<string[]> {
  const alive = yield* listAlive(scope.dialect, new TableKeys([scope]));
  return alive.map(({ worker }) => worker).sort(compareText);
}

type WorkerRow = TableKey & { readonly worker: string };

function* listAlive({ now, skipLocked }: SqlDialect, keys: TableKeys): Steps<WorkerRow[]> {
  const rows = yield* execute<WorkerRow & { alive: number }>(
    `SELECT client, stream, worker, CASE WHEN expires_ms > ${now} THEN 1 ELSE 0 END AS alive
    FROM triton_worker WHERE ${keys.condition}`,
    ...keys.values,
  );
  if (rows.some(({ alive }) => alive === 0)) {
    // A row that is locked belongs to a worker that comes back, or is being forgotten already.
    yield* execute(
      `DELETE FROM triton_worker WHERE (client, stream, worker) IN
        (SELECT client, stream, worker FROM triton_worker
          WHERE ${keys.condition} AND expires_ms <= ${now}${skipLocked})`,
      ...keys.values,
    );
  }
  return rows.filter(({ alive }) => alive === 1);
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
  const { client, stream, dialect } = scope;
  yield* execute(
    "DELETE FROM triton_worker WHERE client = ? AND stream = ? AND worker = ?",
    ...[client, stream, worker],
  );
  const keys = new TableKeys([scope]);
  yield* execute(
    `UPDATE triton_shard SET owner = NULL WHERE ${ownedBy(dialect, keys)}`,
    ...[worker, worker, ...keys.values],
  );
}

/**
 * The condition that a shard belongs to a worker; the rows are locked in order before the first is
 * changed. It takes the worker twice and the values of the keys.
 */
function ownedBy({ forUpdate }: SqlDialect, { condition }: TableKeys): string {
  return `owner = ? AND (client, stream, shard) IN
    (SELECT client, stream, shard FROM triton_shard WHERE owner = ? AND ${condition}
      ORDER BY client, stream, shard${forUpdate})`;
}

/** A whole number of milliseconds. */
function ttl(ttlMs: number): number {
  return Math.ceil(ttlMs);
}
