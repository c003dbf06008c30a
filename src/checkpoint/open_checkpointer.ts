import type { Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { isMemory, openDatabase } from "../sql/open_database.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { MemoryCheckpointer } from "./memory_checkpointer.ts";
import { checkClient } from "./rows.ts";
import { SqlCheckpointer } from "./sql_checkpointer.ts";

/** Options of {@linkcode openCheckpointer}. */
export interface OpenCheckpointerOptions {
  /** Name of the client whose positions are kept: 1 to 255 printable characters. */
  readonly client: string;
  /** Where the time of saving comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** How long to wait for an answer of PostgreSQL, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A role that is trusted as the owner of PostgreSQL's tables. Default: the URL's. */
  readonly tableOwner?: string | undefined;
}

/**
 * Opens the database that a URL names, and creates its table if it is missing; or takes a database
 * that is open already, and leaves it open.
 *
 * | URL | database |
 * |---|---|
 * | `sqlite://triton.db`, `sqlite:triton.db` | the SQLite file `triton.db` in the current folder |
 * | `sqlite:///var/lib/triton.db` | the SQLite file `/var/lib/triton.db` |
 * | `sqlite::memory:` | a SQLite database in memory, gone when it is closed |
 * | `postgres://user:password@host:5432/name` | a PostgreSQL database; also `postgresql:`, sockets (`?host=/directory`), several hosts, `sslmode` and the other parameters and `PG*` variables of libpq |
 * | `memory:` | this process's memory, without a database |
 *
 * Databases of go-triton and triton-python are taken over as they are. The drivers are loaded when
 * a database that needs them is opened. One call is one attempt: where the server cannot be reached
 * the error is retryable.
 *
 * A save is one transaction, committed when it returns.
 *
 * - **SQLite**: it is on the disk with `PRAGMA synchronous = FULL`, which is SQLite's default and set
 *   here. While another process writes, calls wait for up to 5 seconds (in a database that was open
 *   already: for its busy timeout, with the whole thread; `@db/sqlite` has none unless set). Then they
 *   fail with the code `SQLITE_BUSY`, which is retryable. An open database must not be inside a
 *   transaction.
 * - **PostgreSQL**: it survives a crash of the server unless `synchronous_commit` is off. Nothing
 *   depends on the session, so PgBouncer may be in between, in transaction mode. A lost connection,
 *   or a server that does not answer in time (code `Timeout`), fails a call with a retryable error;
 *   whether the save took place is then unknown, and saving again is safe. The table is looked for on
 *   the search path, and created in its first schema. Table and schema must belong to the user, a role
 *   of the user's, a superuser or the owner of the database: any other owner could run code as the
 *   user (code `Untrusted`).
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
 * @example A database that the program uses for other things too
 * ```ts
 * import { openCheckpointer } from "@triton/triton/checkpoint";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const database = new DatabaseSync(":memory:");
 * await using checkpointer = await openCheckpointer(database, { client: "billing" });
 * ```
 * @param database URL of what to open; or an open `DatabaseSync` of `node:sqlite`, `Database` of
 * `@db/sqlite` or the like, or a pool of `npm:postgres`.
 * @param options Client, clock, and how to use PostgreSQL.
 * @returns The checkpointer; disposing of it closes a database that was opened here.
 * @throws {CheckpointError} If the URL is not one of these (code `InvalidUrl`), or the database
 * cannot be opened. No message holds a password.
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openCheckpointer(
  database: string | SqliteDatabase | Sql,
  options: Readonly<OpenCheckpointerOptions>,
): Promise<Checkpointer> {
  checkClient(options.client);
  if (isMemory(database)) return new MemoryCheckpointer(options);
  return await openDatabase(
    database,
    options,
    (opened) => SqlCheckpointer.open(opened, options),
  );
}
