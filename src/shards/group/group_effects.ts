/**
 * Transactions in which a member's effects and its position are committed together.
 *
 * @module
 */

import type { GroupFence } from "./group_table.ts";

/**
 * How a transaction ended.
 *
 * - `"committed"`: effects and position are saved.
 * - `"already"`: they had been saved by an earlier attempt whose answer was lost. Continue at `last`.
 * - `"lost"`: another member has the shard, or somebody moved its position. Nothing was saved.
 */
export type EffectsOutcome = "committed" | "already" | "lost";

/** Options for {@linkcode GroupEffects.run}. */
export interface RunEffectsOptions {
  /**
   * Gives the transaction up, as when the shard is lost or the handler takes too long. On PostgreSQL the
   * session is cut, and `run` rejects with the signal's reason at once, even if the handler never
   * returns. SQLite's handlers are synchronous: the signal is looked at before each begins.
   */
  readonly signal?: AbortSignal | undefined;
  /** The isolation of the transaction. Default: the database's. SQLite's are serializable. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable" | undefined;
  /**
   * How long a statement may run, and the transaction may take, in milliseconds, unless the operator
   * allows less: for PostgreSQL, which from version 17 on ends a session that takes longer. Default: no
   * limit of Triton's, but for a session that is idle for the length of a lease.
   */
  readonly maxMs?: number | undefined;
}

/**
 * Runs handlers in transactions of the group's database.
 *
 * `Tx` is what handlers get: a `TransactionSql` of npm:postgres, a SQLite database, or a
 * `MemoryTransaction`.
 */
export interface GroupEffects<Tx = unknown> extends AsyncDisposable {
  /** The kind of database. Handlers of `"sqlite"` are synchronous. */
  readonly kind: "postgres" | "sqlite" | "memory";

  /**
   * Runs a handler in a transaction, then moves the position in it, then commits. The position is moved
   * only if owner, epoch and `previous` are as given; if not, the database does not come to the COMMIT.
   *
   * One call is one attempt. After an error that may pass ({@linkcode isPassing}), call it again with
   * the same fence: then the batch is the same. It is unknown whether an attempt that failed has
   * committed; the next one finds out (`"already"`).
   *
   * @param fence Who moves which position, from where to where.
   * @param handler Makes the effects. What it returns or throws settles the transaction; statements that
   * it sends later fail.
   * @param options When to give up.
   * @returns How the transaction ended.
   * @throws What the handler throws, after a rollback. If a statement failed and the handler went on,
   * the error of that statement. A `TypeError` if a handler for SQLite returns a promise, or the
   * database is in a transaction of the user's. A `CheckpointError` if the database fails.
   */
  run(
    fence: GroupFence,
    handler: (tx: Tx) => unknown,
    options?: RunEffectsOptions,
  ): Promise<EffectsOutcome>;
  /**
   * Runs part of a handler under a savepoint: if it throws, its effects are undone, those before stay,
   * and the error is thrown. Deferred constraints are checked as well.
   *
   * On SQLite it returns before the next statement, as `work` does: there is nothing to wait for.
   *
   * @param tx What the handler got.
   * @param work The part.
   */
  savepoint(tx: Tx, work: (tx: Tx) => unknown): void | Promise<void>;
  /**
   * Moves the position in a transaction of the user's, for an ORM or another driver: the last call
   * before the commit.
   *
   * If it is refused, the transaction cannot be committed any more, whatever the caller does with the
   * error. It is refused where owner, epoch or position are not as given, outside a transaction, and on a
   * database that does not have the group. In a savepoint, it is refused by ending the session: release
   * savepoints before. SQLite cannot tell whether it is in a savepoint.
   *
   * In PostgreSQL the session is named from then on, and ended if it is idle for longer than a lease, so
   * that one which hangs before its COMMIT does not hold up the shard.
   *
   * Afterwards nobody but the database knows whether the transaction was committed: read the position
   * and continue there (`last`), or deliver the batch again (`previous`).
   *
   * @param tx The transaction: of npm:postgres, drizzle-orm, kysely, node-postgres or the like, or a
   * function that runs the text of one statement in it; for SQLite the database.
   * @param fence Who moves which position, from where to where.
   * @throws {CheckpointError} With code `Refused` if it is refused.
   * @throws {TypeError} If `tx` is nothing that can run a statement.
   */
  commitIn(tx: unknown, fence: GroupFence): Promise<void>;
}
