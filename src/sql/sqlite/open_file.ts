import { existsSync, rmSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { CheckpointError } from "../../base/errors.ts";
import type { SqliteBackendOptions } from "./backend.ts";
import { sqliteError } from "./error.ts";

/**
 * What a file is opened for: `"write"` creates it and sets it up, `"read"` needs it to be there, and
 * `"rehearse"` leaves it as it is: one that is not there is created beside its place, and removed in
 * the end.
 */
export type FileMode = "write" | "read" | "rehearse";

/**
 * How long a healthy writer could need. SQLite itself waits with the whole thread, on which a worker
 * also reads and answers health checks; so it does only while the file is opened.
 */
const BUSY_MS = 5_000;

/**
 * Opens a SQLite file.
 *
 * @param path The file, or `:memory:`.
 * @returns The database, and how to use it.
 * @throws {CheckpointError} If it cannot be opened.
 */
export async function openFile(
  path: string,
  mode: FileMode,
): Promise<SqliteBackendOptions & { readonly database: DatabaseSync }> {
  const { DatabaseSync } = await import("node:sqlite");
  const isTemporary = mode === "rehearse" && path !== ":memory:" && !existsSync(path);
  const opened = isTemporary ? `${path}.doctor-${crypto.randomUUID()}` : path;
  let database: DatabaseSync | undefined;
  const onDispose = () => {
    database?.close();
    if (isTemporary) rmSync(opened, { force: true });
  };
  try {
    database = new DatabaseSync(opened, { readOnly: mode === "read" && path !== ":memory:" });
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA schema_version`); // is it a database?
    if (mode === "write") setUp(database);
    database.exec("PRAGMA busy_timeout = 0");
  } catch (error) {
    onDispose();
    throw openingError(path, mode, error);
  }
  const checkFile = mode === "write" ? watchFile(path) : undefined;
  return { database, busyMs: BUSY_MS, checkFile, onDispose };
}

function setUp(database: DatabaseSync): void {
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

function openingError(path: string, mode: FileMode, cause: unknown): CheckpointError {
  const what = `Cannot open the checkpoint database "${path}"`;
  const error = sqliteError(what, cause);
  const { code, retryable } = error;
  if (mode !== "read" || code !== "SQLITE_CANTOPEN" || existsSync(path)) return error;
  return new CheckpointError(`${what}: there is no such file`, { code, retryable, cause });
}
/**
 * Watches that a database stays in its file. A process that has opened a file goes on in it when it
 * is deleted; another that opens the path begins a new one, and neither would know of the other.
 *
 * @param path The file, which is there.
 * @returns Throws a {@linkcode CheckpointError} once the path names another file, or none.
 */
function watchFile(path: string): () => void {
  const opened = identify(path);
  return () => {
    if (identify(path) === opened) return;
    throw new CheckpointError(
      `Cannot go on in the checkpoint database "${path}": its file was deleted or replaced; ` +
        "stop all workers before they start again",
      { code: "SQLITE_MOVED", retryable: false },
    );
  };
}

/** What tells a file from all others of this machine; undefined if there is none. */
function identify(path: string): string | undefined {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return file && `${file.dev} ${file.ino}`;
}
