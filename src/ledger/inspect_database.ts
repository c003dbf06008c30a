import { CheckpointError } from "../base/errors.ts";
import { CREATE_TABLE } from "../sql/schema/checkpoints.ts";
import type { Database, Intruder } from "../sql/database.ts";
import { findFile, openDatabase } from "../sql/open_database.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import { execute, select, type Steps } from "../sql/steps.ts";
import type { ArchiveIntent } from "./archive_ledger.ts";
import { GROUP } from "../sql/schema/group.ts";
import { LEDGER } from "../sql/schema/ledger.ts";
import { upgradeTables } from "../sql/schema/versions.ts";
import { listOpen, newestFiles, readStore } from "./tables/store.ts";

export interface DatabaseFacts {
  /** Its name and version, such as `"PostgreSQL 17.2"`. */
  readonly version: string;
  readonly now: Date;
  /** Path of its file. Undefined for a server, memory, or a database that is already open. */
  readonly path: string | undefined;
  readonly isNew: boolean;
  /** Whether a crash of the machine may lose commits. */
  readonly forgetful: boolean;
  /** Archives that were begun and are not settled. */
  readonly open: readonly ArchiveIntent[];
  /** Identity of the object store that the archive is in. */
  readonly store: string | undefined;
  /** The files that the checkpoints of open shards come from. */
  readonly newestFiles: readonly ArchiveIntent[];
  /** When the stream of the positions was created. */
  readonly streamCreatedAt: Date | undefined;
  /** Roles that are not trusted but could run code as the user. SQLite has none. */
  readonly intruders: readonly Intruder[];
}

/** Whose archives to inspect. */
export interface InspectOptions {
  readonly client: string;
  readonly stream: string;
}

/** What an archiver does with each table. `FOR UPDATE` needs the right to update. */
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

/** What a member of a group does with each table. */
const GROUP_RIGHTS: Readonly<Record<string, readonly Verb[]>> = {
  triton_checkpoint: ["SELECT"],
  triton_stream: ["SELECT", "INSERT", "UPDATE"],
  triton_shard: ["SELECT"],
  triton_gap: ["SELECT", "INSERT", "UPDATE"],
  triton_group: ["SELECT", "INSERT", "UPDATE"],
  triton_group_shard: ["SELECT", "INSERT", "UPDATE"],
  triton_group_worker: ["SELECT", "INSERT", "UPDATE", "DELETE"],
};

type Verb = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** Statements that need a right but match no row. */
const HARMLESS: Readonly<Record<Verb, (table: string) => string>> = {
  SELECT: (table) => `SELECT client FROM ${table} WHERE 1 = 0`,
  INSERT: (table) => `INSERT INTO ${table} SELECT * FROM ${table} WHERE 1 = 0`,
  UPDATE: (table) => `UPDATE ${table} SET client = client WHERE 1 = 0`,
  DELETE: (table) => `DELETE FROM ${table} WHERE 1 = 0`,
};

const IS_OVER = "RehearsalIsOver";

/**
 * Reads the properties of a database.
 *
 * @param database The database. A SQLite file that does not exist is not created.
 * @throws {CheckpointError} If it cannot be reached or read.
 */
export function inspectDatabase(
  database: string | SqliteDatabase,
  options: InspectOptions,
): Promise<DatabaseFacts> {
  const file = findFile(database);
  return openDatabase(database, { mode: "rehearse" }, async (opened) => {
    await using database = opened;
    const what = "Cannot inspect the checkpoint database";
    const facts = await database.run(what, () => askFacts(database));
    const archives = await database.run(what, () => readArchives(database, options));
    const intruders = await database.findIntruders();
    return { ...facts, ...archives, intruders, path: file?.path, isNew: file?.exists === false };
  });
}

/**
 * Does everything that an archiver does with its tables, including their creation, in one transaction
 * that is rolled back.
 *
 * A SQLite file that does not exist is created under another name, and removed.
 *
 * @throws {CheckpointError} The error that an archiver would fail with.
 */
export function rehearseDatabase(database: string | SqliteDatabase): Promise<void> {
  return rehearseAll(database, "Cannot do what triton store does with its tables", rehearse);
}

/**
 * Does everything that a member of a group does with its tables, in one transaction that is rolled back.
 *
 * @param database The database, which must have the tables of archivers.
 * @throws {CheckpointError} The error that a member would fail with.
 */
export function rehearseGroups(database: string | SqliteDatabase): Promise<void> {
  const what = "Cannot do what members of groups do with their tables";
  return rehearseAll(database, what, function* ({ dialect }) {
    yield* upgradeTables(dialect, GROUP);
    yield* useRights(GROUP_RIGHTS);
  });
}

/** Takes steps in a transaction that is rolled back. */
function rehearseAll(
  database: string | SqliteDatabase,
  what: string,
  steps: (database: Database) => Steps<void>,
): Promise<void> {
  return openDatabase(database, { mode: "rehearse" }, async (opened) => {
    await using database = opened;
    try {
      await database.transact(what, function* () {
        yield* steps(database);
        throw new CheckpointError("Rolled back", { code: IS_OVER });
      });
    } catch (error) {
      if (!(error instanceof CheckpointError && error.code === IS_OVER)) throw error;
    }
  });
}

function* useRights(rights: Readonly<Record<string, readonly Verb[]>>): Steps<void> {
  for (const [table, verbs] of Object.entries(rights)) {
    for (const verb of verbs) yield* execute(HARMLESS[verb](table));
  }
}

function* rehearse({ dialect }: Database): Steps<void> {
  if ((yield* execute(dialect.findTable, "triton_checkpoint")).length === 0) {
    yield* execute(CREATE_TABLE);
  }
  yield* upgradeTables(dialect, LEDGER);
  yield* useRights(RIGHTS);
  // Writes one row: only then does SQLite open its journal.
  yield* execute(
    "INSERT INTO triton_worker (client, stream, worker, expires_ms) VALUES ('', '', 'doctor', 0)",
  );
}

function* askFacts(
  { dialect }: Database,
): Steps<Pick<DatabaseFacts, "version" | "now" | "forgetful">> {
  const [time] = yield* execute<{ now: number | string }>(`SELECT ${dialect.now} AS now`);
  const [about] = yield* execute<{ version: string; forgetful: unknown }>(dialect.about);
  const { version, forgetful } = about!;
  return { version, now: new Date(Number(time!.now)), forgetful: Boolean(forgetful) };
}

function* readArchives(
  { dialect }: Database,
  options: InspectOptions,
): Steps<Pick<DatabaseFacts, "open" | "store" | "newestFiles" | "streamCreatedAt">> {
  if ((yield* execute(dialect.findTable, "triton_archive")).length === 0) {
    return { open: [], store: undefined, newestFiles: [], streamCreatedAt: undefined };
  }
  const scope = { ...options, dialect };
  const [known] = yield* select<{ created_ms: number | string }>(
    scope,
    "created_ms FROM triton_stream",
  );
  const isOld = (yield* execute(dialect.findTable, "triton_store")).length === 0;
  const store = isOld ? undefined : yield* readStore(scope);
  return {
    open: yield* listOpen(scope),
    store,
    newestFiles: yield* newestFiles(scope),
    streamCreatedAt: known && new Date(Number(known.created_ms)),
  };
}
