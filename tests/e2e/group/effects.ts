/**
 * What members have left in the group's database, read beside them.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import postgres from "postgres";

/** The database of a group, and of its effects. */
export interface Effects extends AsyncDisposable {
  /** The field `n` of all effects, in the order in which they were made. */
  numbers(): Promise<number[]>;
  /** How many numbers have an effect. */
  count(): Promise<number>;
  /** The members that hold shards, and are alive. */
  owners(): Promise<string[]>;
  /** Whether a member's lease holds. */
  isAlive(worker: string): Promise<boolean>;
  /** The epoch of a shard. */
  epoch(shardId: string): Promise<number>;
}

/** Runs a query. */
type Query = <R>(text: string, ...values: readonly string[]) => Promise<R[]>;

/** Opens a database of PostgreSQL, and creates the table. */
export async function openPostgresEffects(url: string): Promise<Effects> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`create table effect (at bigint generated always as identity, shard text, n int)`;
  const query: Query = async <R>(text: string, ...values: readonly string[]) =>
    [...await sql.unsafe(text, [...values])] as R[];
  const now = "(extract(epoch from clock_timestamp()) * 1000)";
  return effectsOf(query, now, () => sql.end({ timeout: 0 }));
}

/** Creates a SQLite file with the table. */
export function openSqliteEffects(path: string): Effects {
  const database = new DatabaseSync(path);
  database.exec("pragma journal_mode = wal");
  database.exec("create table effect (at integer primary key, shard text, n int)");
  const query: Query = <R>(text: string, ...values: readonly string[]) =>
    Promise.resolve(database.prepare(text.replaceAll(/\$\d/g, "?")).all(...values) as R[]);
  const now = "(unixepoch('subsec') * 1000)";
  return effectsOf(query, now, () => Promise.resolve(database.close()));
}

function effectsOf(query: Query, now: string, close: () => Promise<void>): Effects {
  const alive = `select worker from triton_group_worker where expires_ms > ${now}`;
  return {
    async numbers() {
      const rows = await query<{ n: number }>("select n from effect order by at");
      return rows.map(({ n }) => n);
    },
    async count() {
      const [row] = await query<{ n: number }>("select count(distinct n) as n from effect");
      return Number(row!.n);
    },
    async owners() {
      const rows = await query<{ owner: string }>(
        `select distinct owner from triton_group_shard where owner in (${alive}) order by owner`,
      );
      return rows.map(({ owner }) => owner);
    },
    async isAlive(worker) {
      return (await query(`${alive} and worker like $1`, `${worker}-%`)).length > 0;
    },
    async epoch(shardId) {
      const [row] = await query<{ epoch: number }>(
        "select epoch from triton_group_shard where shard = $1",
        shardId,
      );
      return Number(row!.epoch);
    },
    [Symbol.asyncDispose]: close,
  };
}
