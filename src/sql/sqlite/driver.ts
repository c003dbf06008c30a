/** A prepared statement: what `node:sqlite` and `@db/sqlite` have in common. */
export interface SqliteStatement {
  /** Runs the statement for all its rows. */
  all(...values: (string | number)[]): unknown[];
  /** Reads 64-bit integers, which `@db/sqlite` otherwise truncates silently to 32 bits. */
  enableInt64?(): unknown;
  /** Frees the memory of the statement, in drivers that do not leave this to the garbage collector. */
  finalize?(): unknown;
}

/**
 * An open SQLite database: a `DatabaseSync` of `node:sqlite`, a `Database` of `@db/sqlite`, or
 * anything else with these two methods.
 *
 * `@db/sqlite` does not wait while another process writes, unless you set
 * `PRAGMA busy_timeout = 5000`.
 */
export interface SqliteDatabase {
  /** Runs statements that return nothing. */
  exec(sql: string): unknown;
  /** Prepares one statement, with `?` for each value. */
  prepare(sql: string): SqliteStatement;
}
