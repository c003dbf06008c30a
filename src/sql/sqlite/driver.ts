/**
 * The SQLite drivers that can be used: what they have in common.
 *
 * @module
 */

/** A prepared statement: what `node:sqlite` and `@db/sqlite` have in common. */
export interface SqliteStatement {
  /** Runs the statement for all its rows. */
  all(...values: (string | number)[]): unknown[];
  /** Reads integers of 64 bits, which `@db/sqlite` else cuts off silently after 32. */
  enableInt64?(): unknown;
  /** Gives the statement's memory back, where it is not left to the garbage collector. */
  finalize?(): unknown;
}

/**
 * An open SQLite database: a `DatabaseSync` of `node:sqlite`, a `Database` of `@db/sqlite`, or
 * anything else with these two methods.
 *
 * `@db/sqlite` does not wait while another process writes unless it is told to
 * (`PRAGMA busy_timeout = 5000`).
 */
export interface SqliteDatabase {
  /** Runs statements that return nothing. */
  exec(sql: string): unknown;
  /** Prepares one statement, with `?` for each value. */
  prepare(sql: string): SqliteStatement;
}
