import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import type { Database } from "../../sql/database.ts";
import { parseDatabaseUrl } from "../../sql/database_url.ts";
import { openDatabase, type OpenDatabaseOptions } from "../../sql/open_database.ts";
import type { PostgresBackend } from "../../sql/postgres/backend.ts";
import { connectorLike } from "../../sql/postgres/sessions/like_pool.ts";
import { type PostgresConnector, postgresConnector } from "../../sql/postgres/session.ts";
import { checkClient, prepareCheckpoints } from "../../sql/schema/checkpoints.ts";
import { GROUP } from "../../sql/schema/group.ts";
import { LEDGER } from "../../sql/schema/ledger.ts";
import { prepareTables } from "../../sql/schema/versions.ts";
import type { SqliteDatabase } from "../../sql/sqlite/driver.ts";
import { openFile } from "../../sql/sqlite/open_file.ts";
import type { GroupEffects } from "./group_effects.ts";
import type { GroupTable } from "./group_table.ts";
import { MemoryEffects } from "./memory_effects.ts";
import { MemoryGroup } from "./memory_group.ts";
import { PostgresEffects } from "./effects/postgres_effects.ts";
import { SqliteEffects } from "./effects/sqlite_effects.ts";
import { SqlGroup } from "./sql_group.ts";

/** Where a group is: a URL as for `openCheckpointer`, or an open database, which stays open. */
export type GroupSource =
  | string
  | { readonly sql: Sql }
  | { readonly sqlite: SqliteDatabase };

/** Options of {@linkcode openGroupDatabase}. */
export interface OpenGroupDatabaseOptions {
  /** Name of the client, which is the group's: 1 to 255 printable characters. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** How long a lease lasts without being renewed, in milliseconds. */
  readonly leaseMs: number;
  /** Clock for time-outs, and for the expiry of leases in memory and in SQLite. */
  readonly clock?: Clock | undefined;
}

/** An open group: its table, and transactions in its database. */
export interface GroupDatabase extends AsyncDisposable {
  /** Shards, leases, members and positions. */
  readonly table: GroupTable;
  /** Transactions in which effects and positions are committed together. */
  readonly effects: GroupEffects;
}

/** What is closed with a group. */
type Parts = Pick<GroupDatabase, "table" | "effects">;

/**
 * Opens the database of a group, and creates its tables if they are missing.
 *
 * Positions are read and written on connections of Triton's own, also where the user has passed an open
 * database: renewing a lease must not wait for a transaction of the user's. Only a SQLite database in
 * memory is shared.
 *
 * @param source Where the group is. The URL `memory:` is a group of this process alone.
 * @param options Client, stream, length of leases.
 * @returns The group. Disposal closes what was opened here.
 * @throws {CheckpointError} If the URL is invalid (code `InvalidUrl`), the database cannot be opened, or a
 * newer Triton has changed its tables (code `SchemaTooNew`).
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openGroupDatabase(
  source: GroupSource,
  options: OpenGroupDatabaseOptions,
): Promise<GroupDatabase> {
  checkClient(options.client);
  const parts = await openParts(source, options);
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      try {
        await parts.effects[Symbol.asyncDispose]();
      } finally {
        await parts.table[Symbol.asyncDispose]();
      }
    },
  };
}

async function openParts(source: GroupSource, options: OpenGroupDatabaseOptions): Promise<Parts> {
  if (typeof source === "object") {
    return "sql" in source
      ? await onPostgres(await connectorLike(source.sql), options)
      : await onSqlite(fileOf(source.sqlite), source.sqlite, options);
  }
  const address = parseDatabaseUrl(source);
  if (address.type === "postgres") {
    return await onPostgres(await postgresConnector(address.postgres), options);
  }
  if (address.type === "sqlite") return await onSqlite(address.path, undefined, options);
  const table = new MemoryGroup(options.stream, options);
  return { table, effects: new MemoryEffects(table) };
}

async function onPostgres(
  connector: PostgresConnector,
  options: OpenGroupDatabaseOptions,
): Promise<Parts> {
  const { client, stream, clock, leaseMs } = options;
  const opening = { clock, idleMs: leaseMs };
  const { database, schema } = await openDatabase(connector, opening, async (opened) => {
    await prepare(opened);
    return { database: opened, schema: await (opened as PostgresBackend).schema() };
  });
  const renewals = await open(connector, { ...opening, maxSessions: 1 });
  return {
    table: new SqlGroup({ client, stream, database, renewals, schema, clock }),
    effects: new PostgresEffects({ client, stream, schema, connector, database, leaseMs, clock }),
  };
}

/**
 * @param path The file of the database. Undefined in memory, which has no other connection.
 * @param given The database that the user has opened.
 */
async function onSqlite(
  path: string | undefined,
  given: SqliteDatabase | undefined,
  { client, stream, clock }: OpenGroupDatabaseOptions,
): Promise<Parts> {
  const isFile = path !== undefined && path !== ":memory:";
  const own = given === undefined ? await openFile(path!, "write") : undefined;
  const user = given ?? own!.database;
  const source = isFile ? `sqlite:${encodeURIComponent(path)}` : user;
  const open_ = (): Promise<Database> => open(source, { clock });
  const database = await openDatabase(source, { clock }, async (opened) => {
    await prepare(opened);
    return opened;
  });
  return {
    table: new SqlGroup({ client, stream, database, renewals: await open_(), clock }),
    effects: new SqliteEffects({
      client,
      stream,
      database: user,
      clock,
      onDispose: own?.onDispose,
    }),
  };
}

/** The file of an open database. Undefined if it is in memory. */
function fileOf(database: SqliteDatabase): string | undefined {
  const rows = database.prepare("PRAGMA database_list").all() as { name: string; file: string }[];
  return rows.find(({ name }) => name === "main")?.file || undefined;
}

function open(
  source: string | SqliteDatabase | PostgresConnector,
  options: OpenDatabaseOptions,
): Promise<Database> {
  return openDatabase(source, options, (opened) => Promise.resolve(opened));
}

async function prepare(database: Database): Promise<void> {
  await prepareCheckpoints(database);
  await prepareTables(database, [LEDGER, GROUP]);
  await database.checkOwners(); // of tables that were created meanwhile
}
