import type { Clock } from "../base/clock.ts";
import type { ArchiveLedger } from "./archive_ledger.ts";
import { MemoryLedger } from "./memory_ledger.ts";
import {
  openPostgres,
  openSqlite,
  parseDatabaseUrl,
  SQLITE_BUSY_MS,
} from "../sql/open_database.ts";
import { PostgresCheckpointer } from "../checkpoint/postgres_checkpointer.ts";
import { PostgresExecutor } from "../sql/postgres/executor.ts";
import { PostgresPool } from "../sql/postgres/pool.ts";
import { checkClient } from "../checkpoint/rows.ts";
import { SqlLedger } from "./sql_ledger.ts";
import { SqliteCheckpointer } from "../checkpoint/sqlite_checkpointer.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import { SqliteExecutor } from "../sql/sqlite/executor.ts";
import { watchFile } from "../sql/sqlite/file.ts";

/** Options of {@linkcode openLedger}. */
export interface OpenLedgerOptions {
  /** Name of the client that the archives belong to: 1 to 255 printable characters. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /**
   * What leases in memory and in SQLite expire by: the machine's clock unless given. PostgreSQL
   * always goes by the clock of its server.
   */
  readonly clock?: Clock | undefined;
}

/**
 * Opens the ledger in the database that a URL names, and creates its tables if they are missing.
 *
 * The URLs are those of {@linkcode openCheckpointer}, and so are SQLite databases that are open
 * already. Checkpoints are kept in the same table as a
 * checkpointer's, so those of an older Triton are taken over. Processes on one host may share a
 * SQLite file, processes anywhere a PostgreSQL database, also one behind PgBouncer in transaction
 * mode. What a method has returned survives a crash of the database's process; a database
 * that was restored from a backup is behind the archive.
 *
 * @example Two workers and one shard
 * ```ts
 * import { openLedger } from "@triton/triton/checkpoint";
 * import type { ShardId } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 *
 * await using ledger = await openLedger("sqlite::memory:", { client: "store", stream: "clicks" });
 * const shardId = "shardId-000000000000" as ShardId;
 * await ledger.addShards([{ shardId, parents: [], start: { type: "trim-horizon" } }]);
 * equal(await ledger.acquire(shardId, "worker-1", 20_000), 1);
 * equal(await ledger.acquire(shardId, "worker-2", 20_000), undefined);
 * await ledger.leave("worker-1");
 * equal(await ledger.acquire(shardId, "worker-2", 20_000), 2);
 * ```
 * @param database What to open, or an open SQLite database.
 * @param options Client, stream and clock.
 * @returns The ledger; disposing of it closes a database that was opened here.
 * @throws {CheckpointError} If the URL is not one of these (code `InvalidUrl`), the database cannot
 * be opened, or a newer Triton has changed its tables (code `SchemaTooNew`).
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openLedger(
  database: string | SqliteDatabase,
  options: Readonly<OpenLedgerOptions>,
): Promise<ArchiveLedger> {
  const { clock, stream } = options;
  const client = checkClient(options.client);
  if (typeof database !== "string") return await openSqliteLedger(database, options);
  const address = parseDatabaseUrl(database);
  switch (address.type) {
    case "memory":
      return new MemoryLedger(stream, { client, ...(clock && { clock }) });
    case "sqlite":
      return await openSqlite(address.path, (database, onDispose) => {
        const ours = { onDispose, checkFile: watchFile(address.path) };
        return openSqliteLedger(database, options, ours);
      });
    case "postgres":
      return await openPostgres(address.postgres, async (connector) => {
        // Which creates its table.
        await (await PostgresCheckpointer.open(connector, { client }))[Symbol.asyncDispose]();
        const executor = new PostgresExecutor(new PostgresPool(connector));
        try {
          const ledger = await SqlLedger.open(executor, options);
          await executor.checkOwners(); // of tables that were created meanwhile
          return ledger;
        } catch (error) {
          await executor[Symbol.asyncDispose]();
          throw error;
        }
      });
  }
}

async function openSqliteLedger(
  database: SqliteDatabase,
  options: OpenLedgerOptions,
  ours?: { readonly onDispose: () => void; readonly checkFile: () => void },
): Promise<ArchiveLedger> {
  const { client, clock } = options;
  await using _creatingItsTable = await SqliteCheckpointer.open(database, { client });
  // SQLite waits with the whole thread, on which a worker also reads and answers health checks.
  if (ours !== undefined) database.exec("PRAGMA busy_timeout = 0");
  const busyMs = ours === undefined ? 0 : SQLITE_BUSY_MS;
  return await SqlLedger.open(new SqliteExecutor(database, { clock, busyMs, ...ours }), options);
}
