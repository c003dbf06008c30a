import type { Clock } from "../clock.ts";
import { CheckpointError } from "../errors.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { MemoryCheckpointer } from "./memory_checkpointer.ts";
import { PostgresCheckpointer } from "./postgres_checkpointer.ts";
import { postgresConnector } from "./postgres_connect.ts";
import { postgresError } from "./postgres_error.ts";
import { parsePostgresUrl } from "./postgres_url.ts";
import { checkClient } from "./rows.ts";
import { SqliteCheckpointer, type SqliteDatabase } from "./sqlite_checkpointer.ts";
import { sqliteError } from "./sqlite_error.ts";

/** Options of {@linkcode openCheckpointer}. */
export interface OpenCheckpointerOptions {
  /** Name of the client whose positions are kept: 1 to 255 printable characters. */
  readonly client: string;
  /** Where the time of saving comes from: the machine's clock unless given. */
  readonly clock?: Clock | undefined;
}

/**
 * How long SQLite waits for another process's transaction. It blocks the whole thread, so it is no
 * longer than a healthy writer could need; who wants to wait longer asks again.
 */
const SQLITE_BUSY_MS = 5_000;

/**
 * Opens the database that a URL names, and creates its tables if they are missing.
 *
 * | URL | database |
 * |---|---|
 * | `sqlite://triton.db`, `sqlite:triton.db` | the SQLite file `triton.db` in the current folder |
 * | `sqlite:///var/lib/triton.db` | the SQLite file `/var/lib/triton.db` |
 * | `sqlite::memory:` | a SQLite database in memory, gone when it is closed |
 * | `postgres://user:password@host:5432/name` | a PostgreSQL database; also `postgresql:`, sockets (`?host=/directory`), several hosts, `sslmode` and the `PG*` variables |
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
 * @param url What to open.
 * @param options Client and clock.
 * @returns The checkpointer; disposing of it closes the database.
 * @throws {CheckpointError} If the URL is not one of these (code `InvalidUrl`), or the database
 * cannot be opened. No message holds a password.
 * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
 */
export async function openCheckpointer(
  url: string,
  options: Readonly<OpenCheckpointerOptions>,
): Promise<Checkpointer> {
  checkClient(options.client);
  const scheme = /^[a-z]+(?=:)/i.exec(url)?.[0].toLowerCase();
  if (scheme === "memory" && url.length === "memory:".length) {
    return new MemoryCheckpointer(options);
  }
  if (scheme === "sqlite") return await openSqlite(sqlitePath(url), options);
  if (scheme === "postgres" || scheme === "postgresql") return await openPostgres(url, options);
  throw invalidUrl(
    scheme === undefined
      ? "it has no scheme; a SQLite file is named by sqlite://path"
      : `it begins with "${scheme}:", not with "sqlite:", "postgres:" or "memory:"`,
  );
}

/** The path in a URL, such that SQLite takes it for nothing but a path. */
function sqlitePath(url: string): string {
  const path = url.slice("sqlite:".length).replace(/^\/\//, "");
  if (path === "") throw invalidUrl("it names no file; write sqlite://path");
  if (/[?#]/.test(path)) throw invalidUrl("a SQLite file has no parameters");
  return path === ":memory:" || path.startsWith("/") ? path : `./${path}`;
}

async function openSqlite(path: string, options: OpenCheckpointerOptions): Promise<Checkpointer> {
  const { DatabaseSync } = await import("node:sqlite");
  const what = `Cannot open the checkpoint database "${path}"`;
  let database: InstanceType<typeof DatabaseSync>;
  try {
    database = new DatabaseSync(path);
  } catch (error) {
    throw sqliteError(what, error);
  }
  try {
    setUp(database);
    const onDispose = () => database.close();
    return await SqliteCheckpointer.open(database, { ...options, onDispose });
  } catch (error) {
    database.close();
    throw sqliteError(what, error instanceof CheckpointError ? error.cause : error);
  }
}

function setUp(database: SqliteDatabase): void {
  database.exec(`PRAGMA busy_timeout = ${SQLITE_BUSY_MS}`);
  database.exec("PRAGMA synchronous = FULL");
  try {
    // Readers then do not wait for writers.
    database.exec("PRAGMA journal_mode = WAL");
  } catch (error) {
    // The file keeps its mode: where another process is in it, changing the mode just now, say, or
    // where it may only be read. Every mode is safe.
    const { code } = sqliteError("", error);
    if (code !== "SQLITE_BUSY" && code !== "SQLITE_READONLY") throw error;
  }
}

async function openPostgres(url: string, options: OpenCheckpointerOptions): Promise<Checkpointer> {
  const address = parsePostgresUrl(url);
  if (address === undefined) {
    throw invalidUrl(
      "write postgres://user:password@host:5432/database, with other characters escaped (%40 for @)",
    );
  }
  try {
    return await PostgresCheckpointer.open(await postgresConnector(address), options);
  } catch (error) {
    const cause = error instanceof CheckpointError ? error.cause : error;
    throw postgresError(`Cannot open the checkpoint database ${address.description}`, cause);
  }
}

function invalidUrl(why: string): CheckpointError {
  return new CheckpointError(`Cannot open the checkpoint database: ${why}`, {
    code: "InvalidUrl",
    retryable: false,
  });
}
