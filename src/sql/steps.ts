/**
 * Statements on a database, written once for synchronous and asynchronous drivers.
 *
 * A generator yields statements and receives their rows. On SQLite it runs without a pause, so that
 * no other work of the process comes between the statements of a transaction. On PostgreSQL it
 * waits for each response.
 *
 * @module
 */

export type SqlValue = string | number;

/** One statement that both PostgreSQL and SQLite accept, with `?` for each value. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** One row, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** A sequence of statements that returns a result. */
export type Steps<T> = Generator<Statement, T, Row[]>;

/** A statement and its values. */
export function statement(text: string, ...values: SqlValue[]): Statement {
  return { text, values };
}

/** Executes one statement. */
export function* execute<R extends object = Row>(text: string, ...values: SqlValue[]): Steps<R[]> {
  return (yield statement(text, ...values)) as R[];
}

/** Selects columns of a table, for one client's stream; `more` follows the condition. */
export function* select<R extends object = Row>(
  { client, stream }: { readonly client: string; readonly stream: string },
  columns: `${string} FROM ${string}`,
  more = "",
  ...values: SqlValue[]
): Steps<R[]> {
  const text = `SELECT ${columns} WHERE client = ? AND stream = ?${more}`;
  return yield* execute<R>(text, client, stream, ...values);
}

/** Maximum rows in one statement: SQLite accepts 32,766 values, and a row has up to eight. */
const MAX_ROWS = 4_000;

/** Splits a list into parts that fit into one statement each. An empty list has no part. */
export function parts<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / MAX_ROWS);
  return Array.from(
    { length: count },
    (_, index) => items.slice(index * MAX_ROWS, (index + 1) * MAX_ROWS),
  );
}

/** One `?` for each value, separated by commas, in parentheses. */
export function tuple(values: readonly unknown[]): string {
  return `(${values.map(() => "?").join(", ")})`;
}
