import { existsSync } from "node:fs";
import type { Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { Database } from "./database.ts";
import { parseDatabaseUrl } from "./database_url.ts";
import { PostgresBackend } from "./postgres/backend.ts";
import { postgresError } from "./postgres/error.ts";
import { PostgresPool, type PostgresPoolOptions } from "./postgres/pool.ts";
import { type PostgresConnector, postgresConnector } from "./postgres/session.ts";
import { SqliteBackend } from "./sqlite/backend.ts";
import type { SqliteDatabase } from "./sqlite/driver.ts";
import { sqliteError } from "./sqlite/error.ts";
import { type FileMode, openFile } from "./sqlite/open_file.ts";

/** What to open: a URL, what opens sessions, or an open database, which stays open afterwards. */
export type DatabaseSource = string | SqliteDatabase | Sql | PostgresConnector;

export interface OpenDatabaseOptions extends PostgresPoolOptions {
  /** What a SQLite file is opened for. Default: `"write"`, which creates the file. */
  readonly mode?: FileMode | undefined;
  /** Clock for time-outs and for the time in SQLite. Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** How long a transaction of PostgreSQL may wait for its next statement. Default: 15,000. */
  readonly idleMs?: number | undefined;
}

/** Whether a URL names the memory of this process instead of a database. */
export function isMemory(source: DatabaseSource): boolean {
  return typeof source === "string" && parseDatabaseUrl(source).type === "memory";
}

/** The SQLite file that a URL names, and whether it exists. Undefined if the URL names no file. */
export function findFile(
  source: DatabaseSource,
): { readonly path: string; readonly exists: boolean } | undefined {
  const address = typeof source === "string" ? parseDatabaseUrl(source) : undefined;
  if (address?.type !== "sqlite" || address.path === ":memory:") return undefined;
  return { path: address.path, exists: existsSync(address.path) };
}

/**
 * Opens a database for an object that closes it later.
 *
 * @param source What to open. Drivers are loaded only if a URL needs them.
 * @param use Creates the object. If that fails, the database is closed, and the error names it.
 */
export async function openDatabase<T>(
  source: DatabaseSource,
  options: OpenDatabaseOptions,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const { database, name, toError } = await open(source, options);
  try {
    return await use(database);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    // An error about the content of the database has no cause.
    const cause = error instanceof CheckpointError ? error.cause : error;
    if (name === undefined || cause === undefined) throw error;
    throw toError(`Cannot open the checkpoint database ${name}`, cause);
  }
}

/** A database, its name if it was opened here, and how to wrap its errors. */
interface Opened {
  readonly database: Database;
  readonly name?: string | undefined;
  readonly toError: (what: string, cause: unknown) => CheckpointError;
}

async function open(source: DatabaseSource, options: OpenDatabaseOptions): Promise<Opened> {
  if (typeof source === "function") {
    const database = new PostgresBackend(new PostgresPool(source, options));
    return { database, toError: postgresError };
  }
  if (typeof source === "object" && "connect" in source) return onSessions(source, options);
  const { clock, mode = "write" } = options;
  if (typeof source === "object") {
    return { database: new SqliteBackend(source, { clock }), toError: sqliteError };
  }
  const address = parseDatabaseUrl(source);
  if (address.type === "postgres") {
    return onSessions(await postgresConnector(address.postgres), options);
  }
  const path = address.type === "memory" ? ":memory:" : address.path;
  const file = await openFile(path, mode);
  const database = new SqliteBackend(file.database, { clock, ...file });
  return { database, name: `"${path}"`, toError: sqliteError };
}

function onSessions(connector: PostgresConnector, options: OpenDatabaseOptions): Opened {
  const pool = new PostgresPool(connector, options);
  const database = new PostgresBackend(pool, undefined, options.idleMs);
  return { database, name: connector.description, toError: postgresError };
}
