/**
 * The tables of the ledger, and their creation.
 *
 * They have a version, unlike `triton_checkpoint`: processes that archive together must agree on the
 * meaning of rows, so a process that is older than the tables refuses them.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";
import type { Database, Premise, SqlDialect } from "../../sql/database.ts";
import { execute, type Row, type Steps } from "../../sql/steps.ts";

/**
 * The statements from each version to the next, for both PostgreSQL and SQLite. Released versions do
 * not change; add a new version at the end.
 *
 * `_ms` is milliseconds since the Unix epoch, by the clock of the database, except in `created_ms` (by
 * Kinesis) and `recorded_ms` (by the worker). `parents`, `start_at` and `ranges` are JSON; `store` is
 * the identity of an object store.
 */
const VERSIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE triton_stream (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      created_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream))`,
    `CREATE TABLE triton_shard (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      shard TEXT NOT NULL,
      parents TEXT NOT NULL,
      start_at TEXT NOT NULL,
      started_ms BIGINT NOT NULL,
      state TEXT NOT NULL,
      owner TEXT,
      epoch BIGINT NOT NULL,
      expires_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, shard))`,
    `CREATE TABLE triton_worker (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      worker TEXT NOT NULL,
      expires_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, worker))`,
    `CREATE TABLE triton_archive (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      id TEXT NOT NULL,
      archive_key TEXT NOT NULL,
      state TEXT NOT NULL,
      ranges TEXT NOT NULL,
      intended_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, id))`,
    // The table keeps all archives; few are open.
    `CREATE INDEX triton_archive_open ON triton_archive (client, stream) WHERE state = 'intent'`,
    `CREATE TABLE triton_gap (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      shard TEXT NOT NULL,
      after_seq TEXT NOT NULL,
      until_seq TEXT NOT NULL,
      reason TEXT NOT NULL,
      recorded_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, shard, after_seq, reason))`,
  ],
  [
    // Without a row, an older Triton has archived into an unknown store: see `useStore`.
    `CREATE TABLE triton_store (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      store TEXT NOT NULL,
      PRIMARY KEY (client, stream))`,
    `CREATE TABLE triton_move (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      shard TEXT NOT NULL,
      after_seq TEXT NOT NULL,
      from_store TEXT,
      to_store TEXT NOT NULL,
      moved_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, shard, moved_ms))`,
    "ALTER TABLE triton_archive ADD COLUMN store TEXT",
  ],
];

/** The version that this program uses. */
export const LEDGER_VERSION: number = VERSIONS.length;

const SELECT_VERSION = "SELECT version FROM triton_schema WHERE part = 'ledger'";

/**
 * The premise of each transaction: the tables have this version. They may have changed since the
 * ledger was opened: a newer Triton was started, or an old backup was restored.
 */
export const SAME_SCHEMA: Premise = {
  text: SELECT_VERSION,
  check(rows) {
    const version = toVersion(rows);
    if (version < LEDGER_VERSION) throw setBackError(version);
  },
};

/**
 * Creates the tables of the ledger, or upgrades them to this version.
 *
 * @param database The database, which must have the table `triton_checkpoint`.
 * @throws {CheckpointError} With code `SchemaTooNew` if a newer version has changed them.
 */
export async function prepareLedger(database: Database): Promise<void> {
  const { dialect } = database;
  const what = "Cannot prepare the ledger's tables";
  // Looks first, without a lock: users without the right to change the schema can continue.
  const version = await database.run(what, () => readVersion(dialect));
  if (version < LEDGER_VERSION) await database.transact(what, () => upgrade(dialect));
}

/** Creates or upgrades the tables, within a transaction. */
export function* upgrade(dialect: SqlDialect): Steps<void> {
  if (dialect.lockSchema !== undefined) yield* execute(dialect.lockSchema);
  const version = yield* readVersion(dialect); // another process may have upgraded them
  if (version === LEDGER_VERSION) return;
  if (version === 0) yield* createVersion(dialect);
  for (const statement of VERSIONS.slice(version).flat()) yield* execute(statement);
  yield* execute("UPDATE triton_schema SET version = ? WHERE part = 'ledger'", LEDGER_VERSION);
}

/** The version of the existing tables; 0 if there are none. */
function* readVersion(dialect: SqlDialect): Steps<number> {
  if ((yield* execute(dialect.findTable, "triton_schema")).length === 0) return 0;
  return toVersion(yield* execute(SELECT_VERSION));
}

function toVersion([row]: readonly Row[]): number {
  const version = Number(row?.version ?? 0);
  if (version > LEDGER_VERSION) throw tooNewError(version);
  return version;
}

function* createVersion(dialect: SqlDialect): Steps<void> {
  if ((yield* execute(dialect.findTable, "triton_schema")).length === 0) {
    yield* execute(
      "CREATE TABLE triton_schema (part TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL)",
    );
  }
  yield* execute("INSERT INTO triton_schema (part, version) VALUES ('ledger', 0)");
}

function tooNewError(version: number): CheckpointError {
  return new CheckpointError(
    `Cannot use the checkpoint database: a newer Triton has changed its tables (to version ` +
      `${version}; this one knows ${LEDGER_VERSION}); use that Triton, or a later one`,
    { code: "SchemaTooNew" },
  );
}

function setBackError(version: number): CheckpointError {
  return new CheckpointError(
    `Cannot use the checkpoint database: its tables are now those of an older Triton (version ` +
      `${version}; this one knows ${LEDGER_VERSION}), as after a restored backup; restart, ` +
      "which upgrades them",
    { code: "SchemaTooOld" },
  );
}
