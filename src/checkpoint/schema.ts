/**
 * The tables, and how a database gets them.
 *
 * What is missing is found by looking, not by a version number: databases of go-triton and
 * triton-python have none, and two versions of Triton may share a database during an upgrade. So
 * every change must be one that older versions do not notice, and is never changed or removed here
 * once it was released; new ones go to the end.
 *
 * @module
 */

/** One step from an older database to this version's: a table or a column that may be missing. */
export interface SchemaChange {
  /** The table to create, or to add a column to. */
  readonly table: string;
  /** The column to add; undefined where the whole table is created. */
  readonly column?: string;
  /** The statement, in the words that PostgreSQL and SQLite share. */
  readonly sql: string;
}

/** Tables that a database has, with their columns. */
export type TableColumns = ReadonlyMap<string, ReadonlySet<string>>;

/** All changes there ever were, in order. */
export const SCHEMA: readonly SchemaChange[] = [
  {
    table: "triton_checkpoint",
    // As go-triton and triton-python create it, so that both can go back.
    sql: `CREATE TABLE triton_checkpoint (
      client VARCHAR(255) NOT NULL,
      stream VARCHAR(255) NOT NULL,
      shard VARCHAR(255) NOT NULL,
      seq_num VARCHAR(255) NOT NULL,
      updated INTEGER NOT NULL,
      PRIMARY KEY (client, stream, shard))`,
  },
  {
    table: "triton_checkpoint",
    column: "updated", // which the first versions of go-triton did not have
    sql: "ALTER TABLE triton_checkpoint ADD COLUMN updated INTEGER NOT NULL DEFAULT 0",
  },
];

/** Names of all tables, each once. */
export const TABLES: readonly string[] = [...new Set(SCHEMA.map(({ table }) => table))];

/**
 * What a database still lacks.
 *
 * @param present What it has: of the names in {@linkcode TABLES}, those that exist.
 * @returns The changes to make, in order; none if the database is up to date.
 */
export function missingChanges(present: TableColumns): SchemaChange[] {
  return SCHEMA.filter(({ table, column }) => {
    const columns = present.get(table);
    // A table that is created now is created with all the columns of its statement.
    return column === undefined ? columns === undefined : columns?.has(column) === false;
  });
}

/** Groups rows of table and column names. */
export function tableColumns(
  rows: Iterable<{ readonly table: string; readonly column: string }>,
): TableColumns {
  const tables = new Map<string, Set<string>>();
  for (const { table, column } of rows) {
    const columns = tables.get(table) ?? new Set();
    tables.set(table, columns.add(column));
  }
  return tables;
}
