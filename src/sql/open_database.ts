/**
 * Databases by their URLs, for everything that is kept in one.
 *
 * @module
 */

import { CheckpointError } from "../base/errors.ts";
import { postgresError } from "./postgres/error.ts";
import { type PostgresConnector, postgresConnector } from "./postgres/session.ts";
import { invalidAddress, parsePostgresUrl, type PostgresAddress } from "./postgres/url.ts";
import type { SqliteDatabase } from "./sqlite/driver.ts";
import { sqliteError } from "./sqlite/error.ts";

/** What a URL names. */
export type DatabaseAddress =
  | { readonly type: "memory" }
  | { readonly type: "sqlite"; readonly path: string }
  | { readonly type: "postgres"; readonly postgres: PostgresAddress };

/**
 * How long SQLite waits for another process's transaction. It blocks the whole thread, so it is no
 * longer than a healthy writer could need; who wants to wait longer asks again.
 */
export const SQLITE_BUSY_MS = 5_000;

/**
 * Parses the URL of a database.
 *
 * @throws {CheckpointError} With code `InvalidUrl`.
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const scheme = /^[a-z]+(?=:)/i.exec(url)?.[0].toLowerCase();
  if (scheme === "memory" && url.length === "memory:".length) return { type: "memory" };
  if (scheme === "sqlite") return { type: "sqlite", path: sqlitePath(url) };
  if (scheme === "postgres" || scheme === "postgresql") {
    return { type: "postgres", postgres: parsePostgresUrl(url) };
  }
  throw invalidAddress(schemeHelp(scheme));
}

function schemeHelp(scheme: string | undefined): string {
  if (scheme === undefined) return "it has no scheme; a SQLite file is named by sqlite://path";
  return scheme === "memory"
    ? 'it begins with "memory:" but goes on; memory is named by memory: alone'
    : `it begins with "${scheme}:", not with "sqlite:", "postgres:" or "memory:"`;
}

/** The path in a URL, without its escapes, such that SQLite takes it for nothing but a path. */
function sqlitePath(url: string): string {
  const path = url.slice("sqlite:".length).replace(/^\/\//, "");
  if (path === "") throw invalidAddress("it names no file; write sqlite://path");
  if (/[?#]/.test(path)) {
    throw invalidAddress(
      "a SQLite file has no parameters; where the path has a ? or #, write %3F or %23",
    );
  }
  const file = unescapePath(path);
  return file === ":memory:" || file.startsWith("/") ? file : `./${file}`;
}

/** Puts characters for escapes; a `%` that begins none stands for itself. */
function unescapePath(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes; // no UTF-8
    }
  });
}

/**
 * Opens a SQLite database for something that closes it in the end.
 *
 * @param path A file, or `:memory:`.
 * @param use Makes something of the database; if that fails, the database is closed at once.
 * @returns What `use` returned.
 */
export async function openSqlite<T>(
  path: string,
  use: (database: SqliteDatabase, close: () => void) => Promise<T>,
): Promise<T> {
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
    return await use(database, () => database.close());
  } catch (error) {
    database.close();
    throw sqliteReason(what, error);
  }
}

/** The error with the database's name, unless it is about something that we found in there. */
function sqliteReason(what: string, error: unknown): unknown {
  if (!(error instanceof CheckpointError)) return sqliteError(what, error);
  return error.cause === undefined ? error : sqliteError(what, error.cause);
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

/**
 * Opens a PostgreSQL database for something that ends the connections in the end.
 *
 * @param use Makes something of a connector; if that fails, it has ended what it connected.
 * @returns What `use` returned.
 */
export async function openPostgres<T>(
  address: PostgresAddress,
  use: (connector: PostgresConnector) => Promise<T>,
): Promise<T> {
  try {
    return await use(await postgresConnector(address));
  } catch (error) {
    const cause = error instanceof CheckpointError ? error.cause : error;
    if (cause === undefined) throw error;
    throw postgresError(`Cannot open the checkpoint database ${address.description}`, cause);
  }
}
