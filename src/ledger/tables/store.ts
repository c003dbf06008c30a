/**
 * The object store of an archive, in SQL.
 *
 * Its row is locked after the rows of shards by all who rely on it. A move first locks all shards, so it
 * is before or after each intent, never between the check and the row of an intent.
 *
 * @module
 */

import type { ArchiveIntent, ArchiveMove, MoveStoreOptions } from "../archive_ledger.ts";
import { planMoves } from "../last_archived.ts";
import { listCheckpoints } from "./checkpoints.ts";
import { aliveError, otherStoreError, unsettledError } from "../errors.ts";
import { listGaps } from "../../shards/table/sql_gaps.ts";
import { compareMoves, type IntentRow, type MoveRow, toIntent, toMove } from "./rows.ts";
import { listShards } from "./shards.ts";
import { lockShards, type TableScope } from "../../shards/table/sql_shards.ts";
import { liveWorkers } from "../../shards/table/sql_leases.ts";
import { execute, select, type Steps } from "../../sql/steps.ts";

/** How many files are searched for those from which checkpoints come. */
const NEWEST = 1_000;

export function* readStore(scope: TableScope, lock = ""): Steps<string | undefined> {
  const [row] = yield* select<{ store: string }>(scope, "store FROM triton_store", lock);
  return row?.store;
}

/** The same, locked until the transaction ends. */
export function lockStore(scope: TableScope): Steps<string | undefined> {
  return readStore(scope, scope.dialect.forUpdate);
}

/** Saves a store, unless the archive is in another one. */
export function* useStore(scope: TableScope, identity: string): Steps<void> {
  const { client, stream } = scope;
  yield* execute(
    `INSERT INTO triton_store (client, stream, store) VALUES (?, ?, ?)
    ON CONFLICT (client, stream) DO NOTHING`,
    ...[client, stream, identity],
  );
  const known = (yield* lockStore(scope))!;
  if (known === identity) return;
  if (yield* hasArchived(scope)) throw otherStoreError(scope, { known, found: identity });
  yield* setStore(scope, identity);
}

/** Whether anything was archived or intended. */
function* hasArchived(scope: TableScope): Steps<boolean> {
  if ((yield* listCheckpoints(scope)).size > 0) return true;
  return (yield* select(scope, "client FROM triton_archive", " LIMIT 1")).length > 0;
}

function* setStore({ client, stream }: TableScope, identity: string): Steps<void> {
  yield* execute(
    `INSERT INTO triton_store (client, stream, store) VALUES (?, ?, ?)
    ON CONFLICT (client, stream) DO UPDATE SET store = excluded.store`,
    ...[client, stream, identity],
  );
}

/** The files from which the checkpoints of open shards come. */
export function* newestFiles(scope: TableScope): Steps<ArchiveIntent[]> {
  const ends = new Map(
    (yield* listShards(scope, "open")).map(({ shardId, checkpoint }) => [shardId, checkpoint]),
  );
  const rows = yield* select<IntentRow>(
    scope,
    "* FROM triton_archive", // version 1 of the table has no column for the store
    ` AND state = 'done' ORDER BY intended_ms DESC LIMIT ${NEWEST}`,
  );
  return rows.map(toIntent).filter(({ ranges }) =>
    ranges.some(({ shardId, last }) => ends.get(shardId) === last)
  );
}

/** The open intents, the oldest first. */
export function* listOpen(scope: TableScope, limit = ""): Steps<ArchiveIntent[]> {
  const more = ` AND state = 'intent' ORDER BY intended_ms, id${limit}`;
  const columns = "id, archive_key, ranges FROM triton_archive";
  return (yield* select<IntentRow>(scope, columns, more)).map(toIntent);
}

/** Moves an archive to another store, if no worker is alive and nothing is open. */
export function* moveStore(
  scope: TableScope,
  identity: string,
  { isGone = false }: MoveStoreOptions,
): Steps<ArchiveMove[]> {
  const { client, stream } = scope;
  yield* lockShards(scope, (yield* listShards(scope)).map(({ shardId }) => shardId));
  const from = yield* lockStore(scope);
  if (from === identity) return [];
  const owned = (yield* listShards(scope)).find(({ owner }) => owner !== undefined);
  const worker = owned?.owner ?? (yield* liveWorkers(scope))[0];
  if (worker !== undefined) throw aliveError(stream, worker);
  const [open] = yield* listOpen(scope, " LIMIT 1");
  if (open !== undefined && !isGone) throw unsettledError(stream, open);
  const [time] = yield* execute<{ now: number | string }>(`SELECT ${scope.dialect.now} AS now`);
  const moves = planMoves({
    ...{ from, to: identity, movedAt: new Date(Number(time!.now)) },
    shardIds: (yield* listShards(scope)).map(({ shardId }) => shardId),
    checkpoints: yield* listCheckpoints(scope),
    gaps: yield* listGaps(scope),
    moves: yield* listMoves(scope),
  });
  yield* execute(
    `UPDATE triton_archive SET state = 'void'
    WHERE client = ? AND stream = ? AND state = 'intent'`,
    ...[client, stream],
  );
  yield* setStore(scope, identity);
  for (const move of moves) yield* insertMove(scope, move);
  return moves;
}

function* insertMove({ client, stream }: TableScope, move: ArchiveMove): Steps<void> {
  yield* execute(
    `INSERT INTO triton_move
      (client, stream, shard, after_seq, from_store, to_store, moved_ms)
    VALUES (?, ?, ?, ?, NULLIF(?, ''), ?, ?)`,
    ...[client, stream, move.shardId, move.after, move.from ?? "", move.to, move.movedAt.getTime()],
  );
}

/** All moves, in order. */
export function* listMoves(scope: TableScope): Steps<ArchiveMove[]> {
  const columns = "shard, after_seq, from_store, to_store, moved_ms FROM triton_move";
  return (yield* select<MoveRow>(scope, columns)).map(toMove).sort(compareMoves);
}
