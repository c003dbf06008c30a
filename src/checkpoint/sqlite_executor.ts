import type { Clock } from "../clock.ts";
import { CheckpointError } from "../errors.ts";
import type { Row, SqlDialect, SqlExecutor, Statement, Steps } from "./sql_steps.ts";
import type { SqliteDatabase } from "./sqlite_checkpointer.ts";
import { sqliteError } from "./sqlite_error.ts";

/** Options of {@linkcode SqliteExecutor}. */
export interface SqliteExecutorOptions {
  /** What is the time: SQLite's own clock, which is the machine's, unless given. */
  readonly clock?: Clock | undefined;
  /** Called when the executor is disposed of. */
  readonly onDispose?: (() => void) | undefined;
}

/** Runs work on SQLite, without giving way to other work of this process. */
export class SqliteExecutor implements SqlExecutor {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock | undefined;
  #onDispose: (() => void) | undefined;

  constructor(database: SqliteDatabase, options: SqliteExecutorOptions = {}) {
    this.#database = database;
    this.#clock = options.clock;
    this.#onDispose = options.onDispose;
  }

  get dialect(): SqlDialect {
    return {
      now: this.#clock === undefined
        ? "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
        : String(Math.floor(this.#clock.now())),
      forUpdate: "", // BEGIN IMMEDIATE keeps all other writers out
      skipLocked: "",
      findTable: "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = ?",
      lockSchema: undefined,
    };
  }

  run<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return this.#attempt(what, () => this.#drive(steps()));
  }

  transact<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return this.#attempt(what, () => {
      // IMMEDIATE: a transaction that begins by reading can fail later without waiting its turn.
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const result = this.#drive(steps());
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    const onDispose = this.#onDispose;
    this.#onDispose = undefined;
    return this.#attempt("Cannot close the checkpoint database", () => onDispose?.());
  }

  #drive<T>(steps: Steps<T>): T {
    let step = steps.next();
    while (!step.done) {
      step = steps.next(this.#ask(step.value));
    }
    return step.value;
  }

  #ask({ text, values }: Statement): Row[] {
    const statement = this.#database.prepare(text);
    try {
      statement.enableInt64?.(); // times are milliseconds
      return statement.all(...values) as Row[];
    } finally {
      statement.finalize?.();
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // A full disk, for one, has rolled it back already; the first error is the one that counts.
    }
  }

  #attempt<T>(what: string, run: () => T): Promise<T> {
    return new Promise((resolve) => {
      try {
        resolve(run());
      } catch (error) {
        throw error instanceof CheckpointError ? error : sqliteError(what, error);
      }
    });
  }
}
