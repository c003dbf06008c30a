import { type Clock, systemClock } from "../../base/clock.ts";
import { CheckpointError } from "../../base/errors.ts";
import type { Database, Intruder, Premise, SqlDialect } from "../database.ts";
import type { Row, Statement, Steps } from "../steps.ts";
import type { SqliteDatabase } from "./driver.ts";
import { sqliteError } from "./error.ts";

export interface SqliteBackendOptions {
  /** Clock for the time in statements. Default: SQLite's, which is the system clock. */
  readonly clock?: Clock | undefined;
  /**
   * How long to wait while another process writes, in milliseconds, in addition to the busy timeout
   * of the database, which blocks the thread. This waiting does not. Default: 0.
   */
  readonly busyMs?: number | undefined;
  /** Called before each transaction. Throws if the file was replaced. */
  readonly checkFile?: (() => void) | undefined;
  /** Called when the database is disposed of. */
  readonly onDispose?: (() => void) | undefined;
}

/** Pause before a retry while another process writes, in milliseconds. */
const BUSY_PAUSE_MS = 20;

const FIND_TABLE = `SELECT c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
  WHERE t.type = 'table' AND t.name = ?`;

/** Runs statements on SQLite, without yielding to other work of this process. */
export class SqliteBackend implements Database {
  readonly #database: SqliteDatabase;
  readonly #options: SqliteBackendOptions;
  #onDispose: (() => void) | undefined;
  #lastBatch: Promise<unknown> = Promise.resolve();

  constructor(database: SqliteDatabase, options: SqliteBackendOptions = {}) {
    this.#database = database;
    this.#options = options;
    this.#onDispose = options.onDispose;
  }

  get dialect(): SqlDialect {
    const { clock } = this.#options;
    return {
      now: clock === undefined
        ? "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
        : String(Math.floor(clock.now())),
      forUpdate: "", // BEGIN IMMEDIATE locks out all other writers
      skipLocked: "",
      findTable: FIND_TABLE,
      findReadable: FIND_TABLE,
      about: "SELECT 'SQLite ' || sqlite_version() AS version, 0 AS forgetful",
      lockSchema: undefined,
    };
  }

  batch<R extends object = Row>(what: string, statements: readonly Statement[]): Promise<R[]> {
    const work = () =>
      statements.flatMap((statement) => this.#execute(statement)) as unknown as R[];
    // A single statement is a transaction of its own. BEGIN IMMEDIATE fails if the database is read-only.
    const run = statements.length === 1 ? work : () => this.#transaction(work);
    // In the order of the calls: a position must not be replaced by an older one that had to wait.
    const batch = this.#lastBatch.then(() => this.#attempt(what, run));
    this.#lastBatch = batch.catch(() => {});
    return batch;
  }

  run<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return this.#attempt(what, () => this.#drive(steps()));
  }

  transact<T>(what: string, steps: () => Steps<T>, premise?: Premise): Promise<T> {
    return this.#attempt(what, () => {
      this.#options.checkFile?.();
      return this.#transaction(() => {
        premise?.check(this.#execute({ text: premise.text, values: [] }));
        return this.#drive(steps());
      });
    });
  }

  /** Does nothing: the owner of the file owns everything in it. */
  checkOwners(): Promise<void> {
    return Promise.resolve();
  }

  findIntruders(): Promise<Intruder[]> {
    return Promise.resolve([]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    const onDispose = this.#onDispose;
    this.#onDispose = undefined;
    return this.#attempt("Cannot close the checkpoint database", () => onDispose?.());
  }

  #transaction<T>(work: () => T): T {
    // IMMEDIATE: a transaction that begins with a read can fail later without waiting for the lock.
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #drive<T>(steps: Steps<T>): T {
    let step = steps.next();
    while (!step.done) {
      step = steps.next(this.#execute(step.value));
    }
    return step.value;
  }

  #execute({ text, values }: Statement): Row[] {
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
      // Some errors, such as a full disk, have already rolled back. The first error is what counts.
    }
  }

  /** Retries while the only obstacle is another process that writes. */
  async #attempt<T>(what: string, run: () => T): Promise<T> {
    const { clock = systemClock, busyMs = 0 } = this.#options;
    for (let waited = 0;; waited += BUSY_PAUSE_MS) {
      try {
        return run();
      } catch (error) {
        const failure = error instanceof CheckpointError ? error : sqliteError(what, error);
        if (failure.code !== "SQLITE_BUSY" || waited >= busyMs) throw failure;
        await clock.sleep(BUSY_PAUSE_MS);
      }
    }
  }
}
