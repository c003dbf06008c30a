/**
 * Looking at a database before anybody works with it: nothing stays changed.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { CheckpointError } from "../base/errors.ts";
import type { ArchiveIntent } from "./archive_ledger.ts";
import { type IntentRow, toIntent } from "./tables/rows.ts";
import { upgrade } from "./tables/schema.ts";
import { newestFiles, readStore } from "./tables/store.ts";
import { openPostgres, parseDatabaseUrl } from "../sql/open_database.ts";
import { PostgresExecutor } from "../sql/postgres/executor.ts";
import { PostgresPool } from "../sql/postgres/pool.ts";
import type { Intruder } from "../sql/postgres/schema.ts";
import { SCHEMA } from "../checkpoint/schema.ts";
import { ask, type SqlExecutor, type Steps } from "../sql/steps.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import { sqliteError } from "../sql/sqlite/error.ts";
import { SqliteExecutor } from "../sql/sqlite/executor.ts";

/** What a database tells of itself. */
export interface DatabaseFacts {
  /** Its name and version, such as `"PostgreSQL 17.2"`. */
  readonly version: string;
  /** Its clock. */
  readonly now: Date;
  /** Path of its file, if it has one. */
  readonly path: string | undefined;
  /** Whether the file that is to hold it is not there yet. */
  readonly isNew: boolean;
  /** Whether what was committed may be lost when the machine crashes. */
  readonly forgetful: boolean;
  /** Archives that were begun, and of which nobody has found out what became of them. */
  readonly open: readonly ArchiveIntent[];
  /** Identity of the object store that the archive is in. */
  readonly store: string | undefined;
  /** The files that the checkpoints of open shards come from. */
  readonly newestFiles: readonly ArchiveIntent[];
  /** When the stream was created that the positions belong to. */
  readonly streamCreatedAt: Date | undefined;
  /** Who is not trusted and could run code as the user: nobody in SQLite. */
  readonly intruders: readonly Intruder[];
}

/** Whose archives to look at. */
export interface InspectOptions {
  readonly client: string;
  readonly stream: string;
}

/** What an archiver does with each table; `FOR UPDATE` takes the right to update. */
const RIGHTS: Readonly<Record<string, readonly Verb[]>> = {
  triton_checkpoint: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  triton_stream: ["SELECT", "INSERT", "UPDATE"],
  triton_shard: ["SELECT", "INSERT", "UPDATE"],
  triton_worker: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  triton_archive: ["SELECT", "INSERT", "UPDATE"],
  triton_gap: ["SELECT", "INSERT", "UPDATE"],
  triton_store: ["SELECT", "INSERT", "UPDATE"],
  triton_move: ["SELECT", "INSERT"],
};

type Verb = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** Statements that take a right, and find no row to use it on. */
const HARMLESS: Readonly<Record<Verb, (table: string) => string>> = {
  SELECT: (table) => `SELECT client FROM ${table} WHERE 1 = 0`,
  INSERT: (table) => `INSERT INTO ${table} SELECT * FROM ${table} WHERE 1 = 0`,
  UPDATE: (table) => `UPDATE ${table} SET client = client WHERE 1 = 0`,
  DELETE: (table) => `DELETE FROM ${table} WHERE 1 = 0`,
};

const IS_OVER = "RehearsalIsOver";

/**
 * Asks a database about itself.
 *
 * @param database What to look at; a SQLite file that is not there is not created.
 * @throws {CheckpointError} If it cannot be reached or read.
 */
export function inspectDatabase(
  database: string | SqliteDatabase,
  options: InspectOptions,
): Promise<DatabaseFacts> {
  return withExecutor(database, async ({ executor, kind, path, isNew, findIntruders }) => {
    const what = "Cannot ask the checkpoint database about itself";
    const facts = await executor.run(what, () => askFacts(kind, executor));
    const archives = await executor.run(what, () => readArchives(executor, options));
    return { ...facts, ...archives, path, isNew, intruders: await findIntruders?.() ?? [] };
  });
}

/**
 * Does all that an archiver does with its tables, creating them too if they are missing, in one
 * transaction that is rolled back.
 *
 * A SQLite file that is not there is not created: another one is, beside its place, and removed.
 *
 * @throws {CheckpointError} What an archiver would fail with.
 */
export function rehearseDatabase(database: string | SqliteDatabase): Promise<void> {
  return withExecutor(database, async ({ executor }) => {
    try {
      await executor.transact(
        "Cannot do what triton store does with its tables",
        () => rehearse(executor),
      );
    } catch (error) {
      if (!(error instanceof CheckpointError && error.code === IS_OVER)) throw error;
    }
  });
}

function* rehearse({ dialect }: SqlExecutor): Steps<void> {
  const [{ table, sql }] = SCHEMA as [typeof SCHEMA[0]];
  if ((yield* ask(dialect.findTable, table)).length === 0) yield* ask(sql!);
  yield* upgrade(dialect);
  for (const [table, verbs] of Object.entries(RIGHTS)) {
    for (const verb of verbs) yield* ask(HARMLESS[verb](table));
  }
  // One row that is really written: SQLite opens its journal only then.
  yield* ask(
    "INSERT INTO triton_worker (client, stream, worker, expires_ms) VALUES ('', '', 'doctor', 0)",
  );
  throw new CheckpointError("Rolled back", { code: IS_OVER, retryable: false });
}

function* askFacts(
  kind: Opened["kind"],
  { dialect }: SqlExecutor,
): Steps<Pick<DatabaseFacts, "version" | "now" | "forgetful">> {
  const [time] = yield* ask<{ now: number | string }>(`SELECT ${dialect.now} AS now`);
  const now = new Date(Number(time!.now));
  if (kind === "sqlite") {
    const [row] = yield* ask<{ version: string }>("SELECT sqlite_version() AS version");
    return { version: `SQLite ${row!.version}`, now, forgetful: false };
  }
  const [row] = yield* ask<{ version: string; fsync: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync`,
  );
  return { version: `PostgreSQL ${row!.version}`, now, forgetful: row!.fsync === "off" };
}

function* readArchives(
  { dialect }: SqlExecutor,
  { client, stream }: InspectOptions,
): Steps<Pick<DatabaseFacts, "open" | "store" | "newestFiles" | "streamCreatedAt">> {
  if ((yield* ask(dialect.findTable, "triton_archive")).length === 0) {
    return { open: [], store: undefined, newestFiles: [], streamCreatedAt: undefined };
  }
  const [known] = yield* ask<{ created_ms: number | string }>(
    "SELECT created_ms FROM triton_stream WHERE client = ? AND stream = ?",
    ...[client, stream],
  );
  const rows = yield* ask<IntentRow>(
    `SELECT id, archive_key, ranges FROM triton_archive
    WHERE client = ? AND stream = ? AND state = 'intent' ORDER BY intended_ms, id`,
    ...[client, stream],
  );
  const isOld = (yield* ask(dialect.findTable, "triton_store")).length === 0;
  const store = isOld ? undefined : yield* readStore({ client, stream, dialect });
  return {
    open: rows.map(toIntent),
    store,
    newestFiles: yield* newestFiles({ client, stream, dialect }),
    streamCreatedAt: known && new Date(Number(known.created_ms)),
  };
}

/** An opened database, and what it is. */
export interface Opened {
  readonly executor: SqlExecutor;
  readonly kind: "sqlite" | "postgres";
  readonly path?: string;
  readonly isNew: boolean;
  readonly findIntruders?: () => Promise<Intruder[]>;
}

/** Opens a database as it is, for as long as it is used. */
export async function withExecutor<T>(
  database: string | SqliteDatabase,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  if (typeof database !== "string") {
    return await use({ executor: new SqliteExecutor(database), kind: "sqlite", isNew: false });
  }
  const address = parseDatabaseUrl(database);
  if (address.type === "postgres") {
    return await openPostgres(address.postgres, async (connector) => {
      await using executor = new PostgresExecutor(new PostgresPool(connector));
      const findIntruders = () => executor.findIntruders();
      return await use({ executor, kind: "postgres", isNew: false, findIntruders });
    });
  }
  return await withSqlite(address.type === "memory" ? ":memory:" : address.path, use);
}

/** Opens a file as it is: `openSqlite()` would change its journal mode, which go-triton shares. */
async function withSqlite<T>(path: string, use: (opened: Opened) => Promise<T>): Promise<T> {
  const { DatabaseSync } = await import("node:sqlite");
  const isNew = path !== ":memory:" && !existsSync(path);
  const opened = isNew ? `${path}.doctor-${crypto.randomUUID()}` : path;
  try {
    const database = new DatabaseSync(opened);
    database.exec("PRAGMA busy_timeout = 5000");
    await using executor = new SqliteExecutor(database, { onDispose: () => database.close() });
    return await use({ executor, kind: "sqlite", isNew, ...(path !== ":memory:" && { path }) });
  } catch (error) {
    const what = `Cannot open the checkpoint database "${path}"`;
    throw error instanceof CheckpointError ? error : sqliteError(what, error);
  } finally {
    if (isNew) await rm(opened, { force: true });
  }
}
