import type { Row, Statement, Steps } from "./steps.ts";

/** Where PostgreSQL and SQLite differ. */
export interface SqlDialect {
  /** The expression for the current time, in whole milliseconds since the Unix epoch. */
  readonly now: string;
  /** Ends a SELECT whose rows nobody else may change or lock before the transaction ends. */
  readonly forUpdate: string;
  /** The same, passing over rows that somebody else has locked. */
  readonly skipLocked: string;
  /** Returns the columns of a table, each as `name`: no row if there is no table of that name. */
  readonly findTable: string;
  /** Returns a row if there is a table of that name, and the user may read it. */
  readonly findReadable: string;
  /** Returns the `version` of the server, and whether a crash may lose commits, as `forgetful`. */
  readonly about: string;
  /** Waits for everybody else who changes the schema; undefined where a transaction does that. */
  readonly lockSchema: string | undefined;
}

/** What must hold for a transaction, queried in the round trip that begins it. */
export interface Premise {
  /** One statement, without values. */
  readonly text: string;
  /** Throws if the statement's rows are not as they must be. */
  readonly check: (rows: readonly Row[]) => void;
}

/** Somebody who could run code as the user, and by what. */
export interface Intruder {
  /** The role, or `public` for everybody. */
  readonly role: string;
  /** What gives the role that power, such as `CREATE on schema "public"`. */
  readonly by: string;
}

/** A PostgreSQL or SQLite database. What fails is a `CheckpointError` that begins with `what`. */
export interface Database extends AsyncDisposable {
  /** What the database wants to be told in its own words. */
  readonly dialect: SqlDialect;
  /**
   * Runs statements that are known beforehand as one transaction, in one round trip.
   *
   * @returns The rows of all statements.
   */
  batch<R extends object = Row>(what: string, statements: readonly Statement[]): Promise<R[]>;
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
  /**
   * Checks who owns the tables that are there by now.
   *
   * @throws {CheckpointError} With code `Untrusted` if it is somebody who could run code as the user.
   */
  checkOwners(): Promise<void>;
  /** Looks for roles that could run code as the user: there are none in SQLite. */
  findIntruders(): Promise<Intruder[]>;
}
