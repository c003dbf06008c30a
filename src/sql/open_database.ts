import { existsSync } from "node:fs";
import type { Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { Database } from "./database.ts";
import { parseDatabaseUrl } from "./database_url.ts";
import { PostgresBackend } from "./postgres/backend.ts";
import { postgresError } from "./postgres/error.ts";
import { PostgresPool } from "./postgres/pool.ts";
import { postgresConnector } from "./postgres/session.ts";
import { SqliteBackend } from "./sqlite/backend.ts";
import type { SqliteDatabase } from "./sqlite/driver.ts";
import { sqliteError } from "./sqlite/error.ts";
import { type FileMode, openFile } from "./sqlite/open_file.ts";

/** What to open: a URL, or an open database, which is left open in the end. */
export type DatabaseSource = string | SqliteDatabase | Sql;

/** Options of {@linkcode openDatabase}. */
export interface OpenDatabaseOptions {
  /** What a SQLite file is opened for. Default: `"write"`, which creates it. */
  readonly mode?: FileMode | undefined;
  /** What time-outs go by, and the time in SQLite. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** How long to wait for an answer of PostgreSQL, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A role that is trusted as the owner of PostgreSQL's tables. Default: the URL's. */
  readonly tableOwner?: string | undefined;
}

/** Whether a URL names no database, but the memory of this process. */
export function isMemory(source: DatabaseSource): boolean {
  return typeof source === "string" && parseDatabaseUrl(source).type === "memory";
}

/** The SQLite file that a URL names, and whether it is there; undefined if it names no file. */
export function findFile(
  source: DatabaseSource,
): { readonly path: string; readonly exists: boolean } | undefined {
  const address = typeof source === "string" ? parseDatabaseUrl(source) : undefined;
  if (address?.type !== "sqlite" || address.path === ":memory:") return undefined;
  return { path: address.path, exists: existsSync(address.path) };
}

/**
 * Opens a database for something that closes it in the end.
 *
 * @param source What to open. The drivers are loaded when a URL needs them.
 * @param use Makes something of the database; if that fails, the database is closed at once, and the
 * error says which one it is.
 * @returns What `use` returned.
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
    // What was found in a database that is open has no cause.
    const cause = error instanceof CheckpointError ? error.cause : error;
    if (name === undefined || cause === undefined) throw error;
    throw toError(`Cannot open the checkpoint database ${name}`, cause);
  }
}

/** A database, what to call it if it was opened here, and whose errors it has. */
interface Opened {
  readonly database: Database;
  readonly name?: string;
  readonly toError: (what: string, cause: unknown) => CheckpointError;
}

async function open(source: DatabaseSource, options: OpenDatabaseOptions): Promise<Opened> {
  if (typeof source === "function") {
    const database = new PostgresBackend(new PostgresPool(source, options));
    return { database, toError: postgresError };
  }
  const { clock, mode = "write" } = options;
  if (typeof source === "object") {
    return { database: new SqliteBackend(source, { clock }), toError: sqliteError };
  }
  const address = parseDatabaseUrl(source);
  if (address.type === "postgres") {
    const { postgres } = address;
    const pool = new PostgresPool(await postgresConnector(postgres), options);
    const name = postgres.description;
    return { database: new PostgresBackend(pool), name, toError: postgresError };
  }
  const path = address.type === "memory" ? ":memory:" : address.path;
  const file = await openFile(path, mode);
  const database = new SqliteBackend(file.database, { clock, ...file });
  return { database, name: `"${path}"`, toError: sqliteError };
}
