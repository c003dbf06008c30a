/**
 * Work on a database, written once for databases that answer at once and for those that answer
 * later.
 *
 * The work is a generator: it yields statements and gets their rows. SQLite is driven without a
 * pause, so that nothing else of the process can come between the statements of a transaction;
 * PostgreSQL with a pause for each answer.
 *
 * @module
 */

/** A value of a statement. */
export type SqlValue = string | number;

/** One statement, in the words that PostgreSQL and SQLite share, with `?` for each value. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** One row, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** Work that asks one statement after the other. */
export type Steps<T> = Generator<Statement, T, Row[]>;

/** Where PostgreSQL and SQLite differ. */
export interface SqlDialect {
  /** The expression for the current time, in whole milliseconds since the Unix epoch. */
  readonly now: string;
  /** Ends a SELECT whose rows nobody else may change or lock before the transaction ends. */
  readonly forUpdate: string;
  /** The same, passing over rows that somebody else has locked. */
  readonly skipLocked: string;
  /** Returns a row if there is a table of that name. */
  readonly findTable: string;
  /** Waits for everybody else who changes the schema; undefined where a transaction does that. */
  readonly lockSchema: string | undefined;
}

/** What must hold for a transaction, asked in the round trip that begins it. */
export interface Premise {
  /** One statement, without values. */
  readonly text: string;
  /** Throws if the statement's rows are not as they must be. */
  readonly check: (rows: readonly Row[]) => void;
}

/** A database to run work on; what fails is a `CheckpointError` that begins with `what`. */
export interface SqlExecutor extends AsyncDisposable {
  /** What the database wants to be told in its own words. */
  readonly dialect: SqlDialect;
  /** Runs work whose statements each stand for themselves. */
  run<T>(what: string, steps: () => Steps<T>): Promise<T>;
  /**
   * Runs work as one transaction, all or nothing.
   *
   * Each statement sees what was committed before it began, and rows that were locked by
   * {@linkcode SqlDialect.forUpdate} as they are (READ COMMITTED, or stricter). The work is begun
   * anew where the database gave it up for another transaction's sake. With a premise, nobody
   * changes the schema between its check and the end of the transaction.
   */
  transact<T>(what: string, steps: () => Steps<T>, premise?: Premise): Promise<T>;
}

/** Asks one statement. */
export function* ask<R extends object = Row>(text: string, ...values: SqlValue[]): Steps<R[]> {
  return (yield { text, values }) as R[];
}

/** The most rows in one statement: SQLite takes 32,766 values, and a row has up to eight. */
const MAX_ROWS = 4_000;

/** Cuts a list into parts that fit one statement: none for an empty list. */
export function parts<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / MAX_ROWS);
  return Array.from(
    { length: count },
    (_, index) => items.slice(index * MAX_ROWS, (index + 1) * MAX_ROWS),
  );
}

/** As many `?` as there are values, with commas between them, in parentheses. */
export function tuple(values: readonly unknown[]): string {
  return `(${values.map(() => "?").join(", ")})`;
}
