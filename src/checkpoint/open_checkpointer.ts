import type { Clock } from "../base/clock.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { MemoryCheckpointer } from "./memory_checkpointer.ts";
import { openPostgres, openSqlite, parseDatabaseUrl } from "../sql/open_database.ts";
import { PostgresCheckpointer } from "./postgres_checkpointer.ts";
import { checkClient } from "./rows.ts";
import { SqliteCheckpointer } from "./sqlite_checkpointer.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";

/** Options of {@linkcode openCheckpointer}. */
export interface OpenCheckpointerOptions {
  /** Name of the client whose positions are kept: 1 to 255 printable characters. */
  readonly client: string;
  /** Where the time of saving comes from: the machine's clock unless given. */
  readonly clock?: Clock | undefined;
}

/**
 * Opens the database that a URL names, and creates its tables if they are missing; or takes a SQLite
 * database that is open already, and leaves it open.
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
 * @param database URL of what to open; or an open `DatabaseSync` of `node:sqlite`, `Database` of
 * `@db/sqlite`, or alike.
 * @param options Client and clock.
 * @returns The checkpointer; disposing of it closes a database that was opened here.
 * @throws {CheckpointError} If the URL is not one of these (code `InvalidUrl`), or the database
 * cannot be opened. No message holds a password.
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openCheckpointer(
  database: string | SqliteDatabase,
  options: Readonly<OpenCheckpointerOptions>,
): Promise<Checkpointer> {
  checkClient(options.client);
  if (typeof database !== "string") return await SqliteCheckpointer.open(database, options);
  const address = parseDatabaseUrl(database);
  switch (address.type) {
    case "memory":
      return new MemoryCheckpointer(options);
    case "sqlite":
      return await openSqlite(
        address.path,
        (database, onDispose) => SqliteCheckpointer.open(database, { ...options, onDispose }),
      );
    case "postgres":
      return await openPostgres(
        address.postgres,
        (connector) => PostgresCheckpointer.open(connector, options),
      );
  }
}
