import { type Clock, systemClock } from "../../../base/clock.ts";
import { CheckpointError } from "../../../base/errors.ts";
import type { Steps } from "../../../sql/steps.ts";
import type { SqliteDatabase } from "../../../sql/sqlite/driver.ts";
import { sqliteError } from "../../../sql/sqlite/error.ts";
import type { EffectsOutcome, GroupEffects, RunEffectsOptions } from "../group_effects.ts";
import { type GroupName, MisuseError, refusedError } from "../group_errors.ts";
import type { GroupFence } from "../group_table.ts";
import { readStanding } from "../sql/outcome.ts";

/** What {@linkcode SqliteEffects} work on. */
export interface SqliteEffectsOptions extends GroupName {
  /** The database that handlers get. */
  readonly database: SqliteDatabase;
  /** How long to wait while another process writes, in milliseconds. Default: 5,000. */
  readonly busyMs?: number | undefined;
  /** Clock for waiting, and for the time of saving. Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** Called at disposal. */
  readonly onDispose?: (() => void) | undefined;
}

/** Longer than a healthy writer needs. */
const BUSY_MS = 5_000;
const BUSY_PAUSE_MS = 20;

/**
 * Transactions in SQLite. A handler is synchronous: nothing else of the process can come between its
 * statements, and other processes wait.
 */
export class SqliteEffects implements GroupEffects<SqliteDatabase> {
  readonly kind = "sqlite";
  readonly #options: SqliteEffectsOptions;
  #savepoints = 0;
  #hasWal = false;

  constructor(options: SqliteEffectsOptions) {
    this.#options = options;
  }

  async run(
    fence: GroupFence,
    handler: (database: SqliteDatabase) => unknown,
    { signal }: RunEffectsOptions = {},
  ): Promise<EffectsOutcome> {
    const { clock = systemClock, busyMs = BUSY_MS } = this.#options;
    for (let waited = 0;; waited += BUSY_PAUSE_MS) {
      signal?.throwIfAborted();
      if (this.#begin(fence, waited >= busyMs)) return this.#transaction(fence, handler);
      await clock.sleep(BUSY_PAUSE_MS, signal);
    }
  }

  savepoint(database: SqliteDatabase, work: (database: SqliteDatabase) => unknown): void {
    const name = `triton_${this.#savepoints++}`;
    database.exec(`SAVEPOINT ${name}`);
    try {
      refusePromise(work(database));
      this.#checkConstraints();
    } catch (error) {
      // Some errors, such as a full disk, have rolled back everything already.
      if (this.#isInTransaction()) database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    }
    database.exec(`RELEASE ${name}`);
  }

  // deno-lint-ignore require-await -- so that errors reject
  async commitIn(tx: unknown, fence: GroupFence): Promise<void> {
    const database = tx as SqliteDatabase;
    if (typeof database?.exec !== "function" || typeof database.prepare !== "function") {
      throw new TypeError("Cannot commit in this transaction: pass the SQLite database it is in");
    }
    if (!isInTransaction(database)) {
      throw refusedError(
        "this is no transaction: call it within one, as the last call before its commit",
      );
    }
    try {
      if (this.#move(database, fence)) return;
    } catch (error) {
      rollBack(database);
      throw refusedError(error instanceof Error ? error.message : String(error), error);
    }
    rollBack(database);
    throw refusedError(
      `another member has shard ${fence.shardId}, or its position was moved; the transaction was rolled back`,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#options.onDispose?.();
    return Promise.resolve();
  }

  /** Begins a transaction. False if another process writes, unless it is too late for another try. */
  #begin(fence: GroupFence, isLast: boolean): boolean {
    const { database } = this.#options;
    this.#requireWal();
    if (this.#isInTransaction()) {
      throw new MisuseError(
        "Cannot commit a batch: the database is in a transaction that was begun before; transactSqlite " +
          "begins and commits its own",
      );
    }
    try {
      // IMMEDIATE: a transaction that begins with a read can fail later without waiting for the lock.
      database.exec("BEGIN IMMEDIATE");
      return true;
    } catch (error) {
      const failure = sqliteError(what(fence), error);
      if (failure.code !== "SQLITE_BUSY" || isLast) throw failure;
      return false;
    }
  }

  #transaction(
    fence: GroupFence,
    handler: (database: SqliteDatabase) => unknown,
  ): EffectsOutcome {
    const { database } = this.#options;
    try {
      // Is gone if the handler commits by itself.
      database.exec("SAVEPOINT triton_tx");
      refusePromise(handler(database));
    } catch (error) {
      rollBack(database);
      return this.#cameOf(fence, error);
    }
    try {
      this.#release(fence);
      const isMoved = this.#move(database, fence);
      database.exec(isMoved ? "COMMIT" : "ROLLBACK");
      return isMoved ? "committed" : this.#cameOf(fence, refusedError("the row has changed"));
    } catch (error) {
      rollBack(database);
      throw error instanceof CheckpointError ? error : sqliteError(what(fence), error);
    }
  }

  /**
   * Finds out whether an error came of a batch that was committed before, or of a lost lease: effects
   * that are there already may violate constraints. Otherwise it is thrown.
   */
  #cameOf(fence: GroupFence, error: unknown): "already" | "lost" {
    const standing = drive(this.#options.database, readStanding(this.#options, fence));
    if (standing === "due" || error instanceof TypeError) throw error;
    return standing;
  }

  #release(fence: GroupFence): void {
    try {
      this.#options.database.exec("RELEASE triton_tx");
    } catch (cause) {
      throw new CheckpointError(
        `${
          what(fence)
        }: the handler ended the transaction by a COMMIT or ROLLBACK of its own, so its ` +
          "effects may be there without the position; leave both to transactSqlite",
        { code: "Ended", cause },
      );
    }
  }

  /** Moves the position, if owner, epoch and position are as given. */
  #move(database: SqliteDatabase, fence: GroupFence): boolean {
    const { client, stream, clock = systemClock } = this.#options;
    const { shardId, worker, epoch, previous, last } = fence;
    const rows = all(
      database,
      `UPDATE triton_group_shard SET position = ?, moved_ms = ?
      WHERE client = ? AND stream = ? AND shard = ? AND state = 'open' AND owner = ? AND epoch = ?
        AND COALESCE(position, '') = ? RETURNING shard`,
      ...[last, Math.floor(clock.now()), client, stream, shardId, worker, epoch, previous ?? ""],
    );
    return rows.length === 1;
  }

  /** Refuses what is deferred and would make the commit fail. Few databases defer anything. */
  #checkConstraints(): void {
    const { database } = this.#options;
    const [mode] = all<{ foreign_keys: number }>(database, "PRAGMA foreign_keys");
    const defers = "SELECT 1 FROM sqlite_master WHERE sql LIKE '%INITIALLY%DEFERRED%' LIMIT 1";
    if (!mode?.foreign_keys || all(database, defers).length === 0) return;
    const [broken] = all<{ table: string; parent: string }>(database, "PRAGMA foreign_key_check");
    if (broken === undefined) return;
    throw new Error(
      `FOREIGN KEY constraint failed: "${broken.table}" refers to "${broken.parent}"`,
    );
  }

  #isInTransaction(): boolean {
    return isInTransaction(this.#options.database);
  }

  /** In other modes a reader would hold up the commit, and a commit the readers. */
  #requireWal(): void {
    if (this.#hasWal) return;
    all(this.#options.database, "PRAGMA schema_version"); // notices what other connections have set
    const [row] = all<{ journal_mode: string }>(this.#options.database, "PRAGMA journal_mode");
    this.#hasWal = row?.journal_mode === "wal" || row?.journal_mode === "memory";
    if (this.#hasWal) return;
    throw new CheckpointError(
      `Cannot use the SQLite database: its journal mode is "${row?.journal_mode}", and members of a ` +
        'group need "wal"; run PRAGMA journal_mode = WAL once',
      { code: "JournalMode" },
    );
  }
}

function what({ shardId }: GroupFence): string {
  return `Cannot commit a batch of ${shardId}`;
}

function all<R = unknown>(
  database: SqliteDatabase,
  text: string,
  ...values: (string | number)[]
): R[] {
  const statement = database.prepare(text);
  try {
    statement.enableInt64?.();
    return statement.all(...values) as R[];
  } finally {
    statement.finalize?.();
  }
}

/** Runs statements one after the other. */
function drive<T>(database: SqliteDatabase, steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) {
    const { text, values } = step.value;
    step = steps.next(all(database, text, ...values));
  }
  return step.value;
}

/** Whether a database is in a transaction: SQLite does not begin another one within it. */
function isInTransaction(database: SqliteDatabase & { readonly isTransaction?: unknown }): boolean {
  if (typeof database.isTransaction === "boolean") return database.isTransaction;
  try {
    database.exec("BEGIN");
  } catch (error) {
    if (/within a transaction/.test(String(error))) return true;
    throw error;
  }
  database.exec("ROLLBACK");
  return false;
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // Some errors, such as a full disk, have already rolled back. The first error is what counts.
  }
}

/** Refuses a handler that goes on later, when the transaction is over. */
function refusePromise(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== "function") return;
  (result as PromiseLike<unknown>).then(undefined, () => {}); // its error is not what counts
  throw new MisuseError(
    "Cannot commit a batch: the handler returned a promise, and SQLite's transactions are synchronous",
  );
}
