/**
 * Tables with a version, and their creation.
 *
 * Processes that work together must agree on the meaning of rows, so a process that is older than the
 * tables refuses them. `triton_checkpoint` has no version.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";
import type { Database, Premise, SqlDialect } from "../database.ts";
import { execute, type Row, type Steps } from "../steps.ts";

/** Tables that have one version. */
export interface SchemaPart {
  /** Its name in `triton_schema`. */
  readonly name: string;
  /**
   * The statements from each version to the next, for both PostgreSQL and SQLite. Released versions do
   * not change; add a new version at the end.
   */
  readonly versions: readonly (readonly string[])[];
}

/**
 * The premise of each transaction: the tables have the version that this program knows. They may have
 * changed since they were opened: a newer Triton was started, or an old backup was restored.
 */
export function sameVersions(parts: readonly SchemaPart[]): Premise {
  return {
    text: selectVersions(parts),
    check(rows) {
      for (const part of parts) {
        const version = versionOf(part, rows);
        if (version < part.versions.length) throw setBackError(part, version);
      }
    },
  };
}

/**
 * Creates tables, or upgrades them to this version.
 *
 * @param database The database, which must have the table `triton_checkpoint`.
 * @throws {CheckpointError} With code `SchemaTooNew` if a newer version has changed them.
 */
export async function prepareTables(
  database: Database,
  parts: readonly SchemaPart[],
): Promise<void> {
  const { dialect } = database;
  const what = `Cannot prepare the tables of the ${parts.at(-1)!.name}`;
  for (const part of parts) {
    // Looks first, without a lock: users without the right to change the schema can continue.
    const version = await database.run(what, () => readVersion(dialect, part));
    if (version < part.versions.length) {
      await database.transact(what, () => upgradeTables(dialect, part));
    }
  }
}

/** Creates or upgrades tables, within a transaction. */
export function* upgradeTables(dialect: SqlDialect, part: SchemaPart): Steps<void> {
  const { name, versions } = part;
  if (dialect.lockSchema !== undefined) yield* execute(dialect.lockSchema);
  const version = yield* readVersion(dialect, part); // another process may have upgraded them
  if (version === versions.length) return;
  if (version === 0) yield* createVersion(dialect, part);
  for (const statement of versions.slice(version).flat()) yield* execute(statement);
  yield* execute("UPDATE triton_schema SET version = ? WHERE part = ?", versions.length, name);
}

/** The version of the existing tables; 0 if there are none. */
function* readVersion(dialect: SqlDialect, part: SchemaPart): Steps<number> {
  if ((yield* execute(dialect.findTable, "triton_schema")).length === 0) return 0;
  return versionOf(part, yield* execute(selectVersions([part])));
}

function selectVersions(parts: readonly SchemaPart[]): string {
  const names = parts.map(({ name }) => `'${name}'`).join(", ");
  return `SELECT part, version FROM triton_schema WHERE part IN (${names})`;
}

function versionOf(part: SchemaPart, rows: readonly Row[]): number {
  const version = Number(rows.find((row) => row.part === part.name)?.version ?? 0);
  if (version > part.versions.length) throw tooNewError(part, version);
  return version;
}

function* createVersion(dialect: SqlDialect, { name }: SchemaPart): Steps<void> {
  if ((yield* execute(dialect.findTable, "triton_schema")).length === 0) {
    yield* execute(
      "CREATE TABLE triton_schema (part TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL)",
    );
  }
  yield* execute("INSERT INTO triton_schema (part, version) VALUES (?, 0)", name);
}

function tooNewError({ versions }: SchemaPart, version: number): CheckpointError {
  return new CheckpointError(
    `Cannot use the checkpoint database: a newer Triton has changed its tables (to version ` +
      `${version}; this one knows ${versions.length}); use that Triton, or a later one`,
    { code: "SchemaTooNew" },
  );
}

function setBackError({ versions }: SchemaPart, version: number): CheckpointError {
  return new CheckpointError(
    `Cannot use the checkpoint database: its tables are now those of an older Triton (version ` +
      `${version}; this one knows ${versions.length}), as after a restored backup; restart, ` +
      "which upgrades them",
    { code: "SchemaTooOld" },
  );
}
