import type { Row, Statement, Steps } from "./steps.ts";

/** Where PostgreSQL and SQLite differ. */
export interface SqlDialect {
  /** The expression for the current time, in whole milliseconds since the Unix epoch. */
  readonly now: string;
  /** Ends a SELECT that locks its rows until the transaction ends. */
  readonly forUpdate: string;
  /** The same, but skips rows that another transaction has locked. */
  readonly skipLocked: string;
  /** Selects the columns of a table, each as `name`. No row if there is no such table. */
  readonly findTable: string;
  /** Selects a row if the table exists and the user may read it. */
  readonly findReadable: string;
  /** Selects the `version` of the server and, as `forgetful`, whether a crash may lose commits. */
  readonly about: string;
  /** Waits for others that change the schema. Undefined if every transaction does. */
  readonly lockSchema: string | undefined;
}

/** A condition of a transaction, checked in the round trip that begins it. */
export interface Premise {
  /** One statement, without values. */
  readonly text: string;
  /** Throws if the rows of the statement do not satisfy the condition. */
  readonly check: (rows: readonly Row[]) => void;
}

/** A role that could run code as the user, and why. */
export interface Intruder {
  /** The role, or `public` for everybody. */
  readonly role: string;
  /** What gives the role that power, such as `CREATE on schema "public"`. */
  readonly by: string;
}

/** A PostgreSQL or SQLite database. Failures are a `CheckpointError` that begins with `what`. */
export interface Database extends AsyncDisposable {
  /** Expressions and statements that differ between databases. */
  readonly dialect: SqlDialect;
  /**
   * Runs statements that are known in advance as one transaction, in one round trip.
   *
   * @returns The rows of all statements.
   */
  batch<R extends object = Row>(what: string, statements: readonly Statement[]): Promise<R[]>;
  /** Runs statements that need no common transaction, such as reads. */
  run<T>(what: string, steps: () => Steps<T>): Promise<T>;
  /**
   * Runs statements as one transaction, all or nothing.
   *
   * Each statement sees what was committed before it began, and the current version of rows that
   * {@linkcode SqlDialect.forUpdate} locks (READ COMMITTED, or stricter). A transaction that the
   * database aborts because of a conflict is retried. With a premise, the schema cannot change
   * between the check and the end of the transaction.
   */
  transact<T>(what: string, steps: () => Steps<T>, premise?: Premise): Promise<T>;
  /**
   * Checks who owns the tables that exist now.
   *
   * @throws {CheckpointError} With code `Untrusted` if the owner could run code as the user.
   */
  checkOwners(): Promise<void>;
  /** Finds roles that could run code as the user. SQLite has none. */
  findIntruders(): Promise<Intruder[]>;
}
