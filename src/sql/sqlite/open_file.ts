import { existsSync, rmSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { CheckpointError } from "../../base/errors.ts";
import type { SqliteBackendOptions } from "./backend.ts";
import { sqliteError } from "./error.ts";

/**
 * What a file is opened for. `"write"` creates and configures it. `"read"` requires it. `"rehearse"`
 * leaves its configuration alone; a file that does not exist is created under another name, and
 * removed afterwards.
 */
export type FileMode = "write" | "read" | "rehearse";

/**
 * Longer than a healthy writer needs. SQLite's own busy timeout blocks the thread, on which a worker
 * also reads and answers health checks. So it is used only while the file is opened.
 */
const BUSY_MS = 5_000;

/**
 * Opens a SQLite file.
 *
 * @param path The file, or `:memory:`.
 * @throws {CheckpointError} If it cannot be opened.
 */
export async function openFile(
  path: string,
  mode: FileMode,
): Promise<SqliteBackendOptions & { readonly database: DatabaseSync }> {
  const { DatabaseSync } = await import("node:sqlite");
  const isFile = path !== ":memory:";
  const isTemporary = mode === "rehearse" && isFile && !existsSync(path);
  const opened = isTemporary ? `${path}.doctor-${crypto.randomUUID()}` : path;
  let database: DatabaseSync | undefined;
  const onDispose = () => {
    database?.close();
    if (isTemporary) rmSync(opened, { force: true });
  };
  try {
    database = new DatabaseSync(opened, { readOnly: mode === "read" && isFile });
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA schema_version`); // is it a database?
    if (mode === "write") setUp(database);
    database.exec("PRAGMA busy_timeout = 0");
  } catch (error) {
    onDispose();
    throw openingError(path, mode, error);
  }
  const checkFile = mode === "write" && isFile ? watchFile(path) : undefined;
  return { database, busyMs: BUSY_MS, checkFile, onDispose };
}

function setUp(database: DatabaseSync): void {
  database.exec("PRAGMA synchronous = FULL");
  try {
    // So that readers do not wait for writers.
    database.exec("PRAGMA journal_mode = WAL");
  } catch (error) {
    // The file keeps its mode if another process uses it, or if it is read-only. Every mode is safe.
    const { code } = sqliteError("", error);
    if (code !== "SQLITE_BUSY" && code !== "SQLITE_READONLY") throw error;
  }
}

function openingError(path: string, mode: FileMode, cause: unknown): CheckpointError {
  const what = `Cannot open the checkpoint database "${path}"`;
  const error = sqliteError(what, cause);
  const { code, retryable } = error;
  if (mode !== "read" || code !== "SQLITE_CANTOPEN" || existsSync(path)) return error;
  return new CheckpointError(`${what}: there is no such file; triton store creates it`, {
    code,
    retryable,
    cause,
  });
}
/**
 * Notices that a file is deleted or replaced. Otherwise this process would continue with the deleted
 * file, and another one with a new file at the same path.
 *
 * @param path The file, which must exist.
 * @returns A check that throws a {@linkcode CheckpointError} if the path names another file, or none.
 */
function watchFile(path: string): () => void {
  const opened = identify(path);
  return () => {
    if (identify(path) === opened) return;
    throw new CheckpointError(
      `Cannot continue in the checkpoint database "${path}": its file was deleted or replaced; ` +
        "stop all workers before they start again",
      { code: "SQLITE_MOVED" },
    );
  };
}

/** Identifies a file on this machine. Undefined if there is no file. */
function identify(path: string): string | undefined {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return file && `${file.dev} ${file.ino}`;
}
