/**
 * The fence in PostgreSQL: statements that move a position within a user's transaction.
 *
 * They are texts without parameters, so that any driver can send them, and use nothing from the search
 * path. A refusal is an error of the server: whatever the caller does with it, and whatever it has sent
 * already, the transaction cannot be committed any more.
 *
 * @module
 */

import { identifier, literal } from "../../../sql/postgres/schema.ts";
import type { GroupFence } from "../group_table.ts";
import type { GroupPlace } from "./session_names.ts";

/** Where the row of a shard is, without the shard. */
export type FencePlace = Omit<GroupPlace, "shardId">;

/** Why a fence refuses. */
export type Refusal = "lost" | "over" | "savepoint";

/** A setting that exists until the end of a transaction, by which it is recognized. */
export interface TransactionMark {
  readonly setting: "triton.tx" | "triton.commit";
  readonly value: string;
}

/** The SQLSTATE of a text that is no integer. */
const INVALID_TEXT = "22P02";

const NOW =
  "CAST(pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000) AS bigint)";

/** The expression that marks a transaction. Outside of one, the mark is gone with the statement. */
export function setMark({ setting, value }: TransactionMark): string {
  return `pg_catalog.set_config('${setting}', ${literal(value)}, true)`;
}

function hasMark({ setting, value }: TransactionMark): string {
  const current = `COALESCE(pg_catalog.current_setting('${setting}', true), '')`;
  return `${current} OPERATOR(pg_catalog.=) ${literal(value)}`;
}

/** An expression that fails, at run time only: it must not be evaluated while it is planned. */
function refuse(why: Refusal): string {
  return `CAST(pg_catalog.concat('triton-refused:${why}', n) AS integer)`;
}

/** Why a fence has refused, by the error of any driver. Undefined if it was another error. */
export function refusalOf(error: unknown): Refusal | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // Errors of ORMs quote the statement, which has all of them.
    if ((cause as { readonly code?: unknown }).code !== INVALID_TEXT) continue;
    const [, why] = /triton-refused:(lost|over|savepoint)/.exec(cause.message) ?? [];
    if (why !== undefined) return why as Refusal;
  }
  return undefined;
}

/**
 * The statement that moves a position, or fails.
 *
 * @param place Where the row is.
 * @param fence The move.
 * @param mark What the transaction was marked with.
 * @param probe The name of a {@linkcode probeText} to remove.
 */
export function fenceText(
  place: FencePlace,
  fence: GroupFence,
  mark: TransactionMark,
  probe?: string,
): string {
  const table = `${identifier(place.schema)}.triton_group_shard`;
  const equal = (column: string, text: string) =>
    `${column} OPERATOR(pg_catalog.=) ${literal(text)}`;
  const removed = probe === undefined ? "" : `, removed AS (
    DELETE FROM ${table} WHERE ${equal("client", "")} AND ${equal("stream", "")}
      AND ${equal("shard", probe)})`;
  return `WITH moved AS (
    UPDATE ${table} SET position = ${literal(fence.last)}, moved_ms = ${NOW}
    WHERE ${equal("client", place.client)} AND ${equal("stream", place.stream)}
      AND ${equal("shard", fence.shardId)} AND ${equal("state", "open")}
      AND ${equal("owner", fence.worker)}
      AND epoch OPERATOR(pg_catalog.=) CAST(${fence.epoch} AS bigint)
      AND ${equal("COALESCE(position, '')", fence.previous ?? "")}
    RETURNING 1)${removed}
  SELECT CASE WHEN NOT (${hasMark(mark)}) THEN ${refuse("over")}
    WHEN n OPERATOR(pg_catalog.=) CAST(1 AS bigint) THEN 1 ELSE ${refuse("lost")} END AS moved
  FROM (SELECT pg_catalog.count(*) AS n FROM moved) AS counted`;
}

/**
 * The statement that fails unless it runs at the top level of a marked transaction.
 *
 * The row that it writes shows which transaction wrote it: in a savepoint not the top one. There it ends
 * the session as well: the caller could roll back to the savepoint and commit effects without a position.
 * The row is removed by the fence.
 *
 * @param place Where the tables are.
 * @param probe A random name.
 * @param mark What the transaction was marked with.
 */
export function probeText({ schema }: FencePlace, probe: string, mark: TransactionMark): string {
  const top = `CAST(CAST(xmin AS pg_catalog.text) AS bigint) OPERATOR(pg_catalog.=)
      (pg_catalog.txid_current() OPERATOR(pg_catalog.%) CAST(4294967296 AS bigint))`;
  return `WITH probe AS (
    INSERT INTO ${identifier(schema)}.triton_group_shard
      (client, stream, shard, parents, start_at, started_ms, state, epoch)
    VALUES ('', '', ${literal(probe)}, '[]', '{}', 0, 'probe', 0) RETURNING ${top} AS top)
  SELECT CASE WHEN NOT (${hasMark(mark)}) THEN ${refuse("over")} WHEN top THEN 1
    WHEN pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid()) THEN ${refuse("savepoint")}
    ELSE ${refuse("savepoint")} END AS probed
  FROM (SELECT top, '' AS n FROM probe) AS probed`;
}
