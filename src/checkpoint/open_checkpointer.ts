import type { Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { isMemory, openDatabase } from "../sql/open_database.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { MemoryCheckpointer } from "./memory_checkpointer.ts";
import { checkClient } from "./rows.ts";
import { prepareCheckpoints } from "../sql/schema/checkpoints.ts";
import { SqlCheckpointer } from "./sql_checkpointer.ts";

/** Options of {@linkcode openCheckpointer}. */
export interface OpenCheckpointerOptions {
  /** Name of the client: 1 to 255 printable characters. */
  readonly client: string;
  /** Clock for the time of saving. Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** How long to wait for a response of PostgreSQL, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A role that may own the table in PostgreSQL. Default: `table_owner` of the URL. */
  readonly tableOwner?: string | undefined;
}

/**
 * Opens the database of a URL, or uses a database that is already open, and creates the table of
 * positions if it is missing.
 *
 * | URL | database |
 * |---|---|
 * | `sqlite://triton.db`, `sqlite:triton.db` | the SQLite file `triton.db` in the current folder |
 * | `sqlite:///var/lib/triton.db` | the SQLite file `/var/lib/triton.db` |
 * | `sqlite::memory:` | a SQLite database in memory, gone when it is closed |
 * | `postgres://user:password@host:5432/name` | a PostgreSQL database; also `postgresql:`, sockets (`?host=/directory`), several hosts, `sslmode` and the other parameters and `PG*` variables of libpq |
 * | `memory:` | this process's memory, without a database |
 *
 * Databases of go-triton and triton-python can be used as they are. A driver is loaded when a database
 * needs it. One call is one attempt: if the server cannot be reached, the error is retryable.
 *
 * A save is one transaction, committed when it returns.
 *
 * - **SQLite**: a save is on the disk if `PRAGMA synchronous = FULL` is set. This is SQLite's default,
 *   and is set for URLs. While another process writes, calls wait for up to 5 seconds, or, if the
 *   database was already open, for its busy timeout, which blocks the thread (`@db/sqlite` has none
 *   unless you set it). Then they fail with the code `SQLITE_BUSY`, which is retryable. A database
 *   that you pass must not be in a transaction.
 * - **PostgreSQL**: a save survives a crash of the server unless `synchronous_commit` is off. Nothing
 *   depends on the session, so PgBouncer may be in between, in transaction mode. If the connection is
 *   lost, or the server does not respond in time (code `Timeout`), calls fail with a retryable error.
 *   It is then unknown whether a save took place; saving again is safe. The table is looked for on the
 *   search path, and created in its first schema. Table and schema must belong to the user, one of its
 *   roles, a superuser or the owner of the database (code `Untrusted`): any other owner could run code
 *   as the user.
 *
 * @example Usage
 * ```ts
 * import { openCheckpointer } from "@triton/triton/checkpoint";
 * import type { SequenceNumber, ShardId } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 *
 * const directory = await Deno.makeTempDir();
 * const url = `sqlite://${directory}/triton.db`;
 * const shard = "shardId-000000000000" as ShardId;
 * {
 *   await using checkpointer = await openCheckpointer(url, { client: "billing" });
 *   await checkpointer.save("user_activity_prod", new Map([[shard, "42" as SequenceNumber]]));
 * }
 * {
 *   await using checkpointer = await openCheckpointer(url, { client: "billing" });
 *   equal(await checkpointer.load("user_activity_prod", shard), "42");
 * }
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @example With a database that is already open
 * ```ts
 * import { openCheckpointer } from "@triton/triton/checkpoint";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const database = new DatabaseSync(":memory:");
 * await using checkpointer = await openCheckpointer(database, { client: "billing" });
 * ```
 * @param database A URL, or an open database: a `DatabaseSync` of `node:sqlite`, a `Database` of
 * `@db/sqlite` or similar, or a pool of `npm:postgres`.
 * @param options Client, clock, and settings for PostgreSQL.
 * @returns The checkpointer. Disposal closes a database that was opened by its URL.
 * @throws {CheckpointError} If the URL is not one of these (code `InvalidUrl`), or the database
 * cannot be opened. No message contains a password.
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openCheckpointer(
  database: string | SqliteDatabase | Sql,
  options: Readonly<OpenCheckpointerOptions>,
): Promise<Checkpointer> {
  checkClient(options.client);
  if (isMemory(database)) return new MemoryCheckpointer(options);
  return await openDatabase(database, options, async (opened) => {
    await prepareCheckpoints(opened);
    return new SqlCheckpointer(opened, options.client, options.clock);
  });
}
