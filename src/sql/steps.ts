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

/** A statement and its values. */
export function statement(text: string, ...values: SqlValue[]): Statement {
  return { text, values };
}

/** Asks one statement. */
export function* ask<R extends object = Row>(text: string, ...values: SqlValue[]): Steps<R[]> {
  return (yield statement(text, ...values)) as R[];
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
