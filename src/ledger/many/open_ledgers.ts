import type { Clock } from "../../base/clock.ts";
import { prepareCheckpoints } from "../../sql/schema/checkpoints.ts";
import { LEDGER } from "../../sql/schema/ledger.ts";
import { prepareTables } from "../../sql/schema/versions.ts";
import type { Database } from "../../sql/database.ts";
import { parseDatabaseUrl } from "../../sql/database_url.ts";
import { isMemory, openDatabase } from "../../sql/open_database.ts";
import { type PostgresConnector, postgresConnector } from "../../sql/postgres/session.ts";
import type { SqliteDatabase } from "../../sql/sqlite/driver.ts";
import type { Ledgers } from "./ledgers.ts";
import { MemoryLedgers } from "./memory_ledgers.ts";
import { SqlLedgers } from "./sql_ledgers.ts";

/** Options of {@linkcode openLedgers}. */
export interface OpenLedgersOptions {
  /**
   * Clock for the expiry of leases in memory and in SQLite. Default: the system clock. PostgreSQL
   * always uses the clock of the server.
   */
  readonly clock?: Clock | undefined;
  /**
   * Maximum number of connections to PostgreSQL, at least 2. One of them is used for nothing but the
   * renewal of leases. Default: 5.
   */
  readonly connections?: number | undefined;
}

/** Few serve many streams, because transactions are short. */
const CONNECTIONS = 5;

/**
 * Opens a database for the ledgers of any number of streams, and creates its tables if they are missing.
 *
 * All ledgers share a few connections. Otherwise they are as those of {@linkcode openLedger}, and
 * processes that use either share streams with each other.
 *
 * @example Two streams and one database
 * ```ts
 * import { openLedgers } from "@triton/triton/checkpoint";
 * import type { ShardId } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 *
 * await using ledgers = await openLedgers("sqlite::memory:");
 * const streams = ["clicks", "views"].map((stream) => ({ client: "store", stream }));
 * const shardId = "shardId-000000000000" as ShardId;
 * for (const stream of streams) {
 *   const ledger = ledgers.of(stream);
 *   await ledger.addShards([{ shardId, parents: [], start: { type: "trim-horizon" } }]);
 *   await ledger.acquire(shardId, "worker-1", 20_000);
 * }
 * const renewals = await ledgers.renew("worker-1", streams, 20_000);
 * deepEqual(renewals.map(({ held }) => held.size), [1, 1]);
 * ```
 * @param database A URL as for {@linkcode openCheckpointer}, or an open SQLite database.
 * @param options Clock and number of connections.
 * @returns The ledgers. Disposal closes a database that was opened by its URL.
 * @throws {CheckpointError} If the URL is invalid (code `InvalidUrl`), the database cannot be opened,
 * or a newer Triton has changed its tables (code `SchemaTooNew`).
 * @throws {RangeError} If `connections` is not a whole number of at least 2.
 */
export async function openLedgers(
  database: string | SqliteDatabase,
  options: Readonly<OpenLedgersOptions> = {},
): Promise<Ledgers> {
  const { clock, connections = CONNECTIONS } = options;
  if (!Number.isSafeInteger(connections) || connections < 2) {
    throw new RangeError(`Cannot use ${connections} connections: at least 2 are needed`);
  }
  if (isMemory(database)) return new MemoryLedgers({ clock });
  const connector = await connectorOf(database);
  const maxSessions = connections - 1;
  const opened = await openDatabase(connector ?? database, { clock, maxSessions }, prepared);
  // A transaction of SQLite holds the thread, so a renewal waits for nothing there.
  const renewals = connector &&
    await openDatabase(connector, { clock, maxSessions: 1 }, (same) => Promise.resolve(same));
  return new SqlLedgers({ database: opened, renewals: renewals ?? opened });
}

/** What connects to a PostgreSQL server. Undefined for SQLite. */
async function connectorOf(
  database: string | SqliteDatabase,
): Promise<PostgresConnector | undefined> {
  const address = typeof database === "string" ? parseDatabaseUrl(database) : undefined;
  return address?.type === "postgres" ? await postgresConnector(address.postgres) : undefined;
}

async function prepared(database: Database): Promise<Database> {
  await prepareCheckpoints(database);
  await prepareTables(database, [LEDGER]);
  await database.checkOwners(); // of tables that were created meanwhile
  return database;
}
