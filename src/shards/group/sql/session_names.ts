/**
 * Names of the sessions in which members' transactions run, and their end.
 *
 * No time-out of PostgreSQL ends every session that hangs: one that is stopped within COPY, with a
 * result that nobody reads, or between Parse and Sync, holds its locks for as long as it is connected.
 * So each transaction names its shard and epoch, and who takes over ends the older ones.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ShardId } from "../../../base/record.ts";
import { literal } from "../../../sql/postgres/schema.ts";
import { atMost } from "../../../sql/postgres/sessions/time_limits.ts";
import { execute, type Steps } from "../../../sql/steps.ts";

/** A shard of a group in a database. */
export interface GroupPlace {
  /** The schema of the tables. */
  readonly schema: string;
  readonly client: string;
  readonly stream: string;
  readonly shardId: ShardId;
}

/** PostgreSQL cuts longer names. */
const MAX_BYTES = 63;

/** The `application_name` of a transaction: for programs the hash, for people the rest. */
export function sessionName(place: GroupPlace, epoch: number): string {
  const shard = place.shardId.replaceAll(/[^\x20-\x7e]/g, "?");
  return `${prefixOf(place)}${epoch} ${shard}`.slice(0, MAX_BYTES);
}

/**
 * The expressions that name a session for the rest of its transaction, and end it if it is idle there for
 * longer than a lease, unless the operator allows less.
 */
export function markSession(place: GroupPlace, epoch: number, leaseMs: number): string[] {
  return [
    `pg_catalog.set_config('application_name', ${literal(sessionName(place, epoch))}, true)`,
    atMost("idle_in_transaction_session_timeout", leaseMs),
  ];
}

function prefixOf({ schema, client, stream, shardId }: GroupPlace): string {
  const text = JSON.stringify([schema, client, stream, shardId]);
  return `triton-group ${createHash("sha256").update(text).digest("hex").slice(0, 16)} `;
}

/** Sessions that the user may end: of the other ones, the first would make the statement fail. */
const MAY_END = `EXISTS (
  SELECT FROM pg_catalog.pg_roles them JOIN pg_catalog.pg_roles me ON me.rolname = CURRENT_USER
  WHERE them.oid = usesysid AND (me.rolsuper OR NOT them.rolsuper AND (
    pg_catalog.pg_has_role(them.oid, 'USAGE')
    OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))))`;

/**
 * Ends the sessions in which a shard is still worked on under an epoch up to `epoch`.
 *
 * Anybody can give a session any name, so one without a number is passed over.
 *
 * @returns How many. Sessions of roles that the user has no right to end are left.
 */
export function* endSessions(place: GroupPlace, epoch: number): Steps<number> {
  const prefix = prefixOf(place);
  const number = "pg_catalog.split_part(application_name, ' ', 3)";
  const rows = yield* execute(
    `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
      AND CASE WHEN pg_catalog.starts_with(application_name, ?) AND ${number} ~ '^[0-9]{1,16}$'
        THEN CAST(${number} AS BIGINT) END <= ? AND ${MAY_END}`,
    ...[prefix, epoch],
  );
  return rows.length;
}
