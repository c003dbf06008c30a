import type { SqlDialect } from "../../sql/database.ts";
import { execute, type Steps } from "../../sql/steps.ts";
import { compareText } from "../../shards/table/rows.ts";
import { refuseGroup } from "../../shards/group/sql/identity.ts";
import { addFirstShards, identify, type TableScope } from "../../shards/table/sql_shards.ts";
import type { TableKey } from "../../shards/table/lease_table.ts";
import { TableKeys } from "../../shards/table/table_keys.ts";
import type { LedgerShard, NewShard } from "../archive_ledger.ts";
import { type ShardRow, toShard } from "./rows.ts";

/** Saves when the stream was created, unless the client is a consumer group that reads it. */
export function* identifyArchived(scope: TableScope, createdAt: Date): Steps<Date> {
  const known = yield* identify(scope, createdAt); // locks the row of the stream
  yield* refuseGroup(scope);
  return known;
}

/** Adds the first shards. A group may have come since the stream was identified. */
export function* addFirstArchived(scope: TableScope, added: readonly NewShard[]): Steps<boolean> {
  const isAdded = yield* addFirstShards(scope, added); // locks the row of the stream
  if (isAdded) yield* refuseGroup(scope);
  return isAdded;
}

/** All shards with their checkpoints, or those of a state; an owner only where the lease holds. */
export function* listShards(
  { client, stream, dialect }: TableScope,
  state?: LedgerShard["state"],
): Steps<LedgerShard[]> {
  const rows = yield* execute<ShardRow>(
    `${selectShards(dialect)} WHERE s.client = ? AND s.stream = ?${
      state ? " AND s.state = ?" : ""
    }`,
    ...[client, stream, ...(state ? [state] : [])],
  );
  return toShards(rows);
}

/**
 * The open shards of several streams.
 *
 * @returns One list for each stream, in their order.
 */
export function* listOpenShards(
  dialect: SqlDialect,
  streams: readonly TableKey[],
): Steps<LedgerShard[][]> {
  const keys = new TableKeys(streams, "s.");
  if (keys.isEmpty) return [];
  const rows = yield* execute<ShardRow & TableKey>(
    `${selectShards(dialect)} WHERE ${keys.condition} AND s.state = 'open'`,
    ...keys.values,
  );
  return keys.of(rows).map(toShards);
}

function toShards(rows: readonly ShardRow[]): LedgerShard[] {
  return rows.map(toShard).sort((a, b) => compareText(a.shardId, b.shardId));
}

/** The statement that reads all shards `s` of all clients, to go on with a condition. */
export function selectShards({ now }: SqlDialect): string {
  return `SELECT s.client, s.stream, s.shard, s.parents, s.start_at, s.started_ms, s.state, s.epoch,
      s.expires_ms, c.seq_num, c.updated, CASE WHEN s.expires_ms > ${now} THEN s.owner END AS owner
    FROM triton_shard s LEFT JOIN triton_checkpoint c
      ON c.client = s.client AND c.stream = s.stream AND c.shard = s.shard`;
}
