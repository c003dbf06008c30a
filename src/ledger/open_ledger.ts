import type { Clock } from "../base/clock.ts";
import { checkClient } from "../checkpoint/rows.ts";
import { prepareCheckpoints } from "../sql/schema/checkpoints.ts";
import { isMemory, openDatabase } from "../sql/open_database.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import type { ArchiveLedger } from "./archive_ledger.ts";
import { MemoryLedger } from "./memory_ledger.ts";
import { SqlLedger } from "./sql_ledger.ts";

/** Options of {@linkcode openLedger}. */
export interface OpenLedgerOptions {
  /** Name of the client that the archives belong to: 1 to 255 printable characters. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /**
   * Clock for the expiry of leases in memory and in SQLite. Default: the system clock. PostgreSQL
   * always uses the clock of the server.
   */
  readonly clock?: Clock | undefined;
}

/**
 * Opens the ledger in a database, and creates its tables if they are missing.
 *
 * Checkpoints are in the same table as a checkpointer's, so those of an older Triton are used.
 * Processes on one host can share a SQLite file. Processes anywhere can share a PostgreSQL database,
 * also behind PgBouncer in transaction mode. Results survive a crash of the database process. A
 * database that was restored from a backup is behind the archive.
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
 * @param database A URL as for {@linkcode openCheckpointer}, or an open SQLite database.
 * @param options Client, stream and clock.
 * @returns The ledger. Disposal closes a database that was opened by its URL.
 * @throws {CheckpointError} If the URL is invalid (code `InvalidUrl`), the database cannot be opened,
 * or a newer Triton has changed its tables (code `SchemaTooNew`).
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openLedger(
  database: string | SqliteDatabase,
  options: Readonly<OpenLedgerOptions>,
): Promise<ArchiveLedger> {
  const { clock, stream } = options;
  const client = checkClient(options.client);
  if (isMemory(database)) return new MemoryLedger(stream, { client, ...(clock && { clock }) });
  return await openDatabase(database, { clock }, async (opened) => {
    await prepareCheckpoints(opened);
    const ledger = await SqlLedger.open(opened, options);
    await opened.checkOwners(); // of tables that were created meanwhile
    return ledger;
  });
}
