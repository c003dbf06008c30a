import type { ISql, Sql } from "postgres";
import { CheckpointError } from "../errors.ts";
import type { PostgresPool } from "./postgres_pool.ts";
import type { Row, SqlDialect, SqlExecutor, Statement, Steps } from "./sql_steps.ts";

/** Rollbacks for another transaction's sake: serialization failure and deadlock. */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** Locks are taken in one order, so that even a second attempt is rare. */
const MAX_ATTEMPTS = 10;

const DIALECT: SqlDialect = {
  // The time of the statement, not of its transaction, which may have waited for a lock.
  now: "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)",
  forUpdate: " FOR UPDATE",
  skipLocked: " FOR UPDATE SKIP LOCKED",
  // to_regclass finds a table as an unqualified name would, by the search path; but alone it may not
  // see one that was created while this session waited for lockSchema.
  findTable: "SELECT 1 AS found FROM pg_catalog.pg_class WHERE oid = to_regclass(?)",
  // CREATE TABLE IF NOT EXISTS fails when two sessions run it at once (a unique index of the
  // catalogue). The lock ends with the transaction, so that it works through PgBouncer.
  lockSchema: "SELECT pg_advisory_xact_lock(1953655156)", // "trit"
};

/** Said, because the database's default may be another one. */
const ISOLATION = "isolation level read committed read write";

/**
 * What holds for the rest of a transaction, in one round trip.
 *
 * A worker whose machine dies in the middle of a transaction must not keep the locks of its rows
 * until the server misses it, which can take hours. What was committed must survive a crash of the
 * server: a lease that was forgotten could be given out twice under one epoch.
 */
const SETTINGS = `SELECT
  set_config('idle_in_transaction_session_timeout', '15s', true),
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit')
      WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)`;

/** Runs work on PostgreSQL; nothing depends on the session, so PgBouncer may stand between. */
export class PostgresExecutor implements SqlExecutor {
  readonly #pool: PostgresPool;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
  }

  get dialect(): SqlDialect {
    return DIALECT;
  }

  run<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return attempt(() => this.#pool.run(what, (sql) => drive(sql, steps())));
  }

  transact<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return attempt(() => this.#pool.run(what, (sql) => transaction(sql, steps)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.end();
  }
}

/**
 * Runs work as a transaction.
 *
 * The driver (3.4.9) answers an error with a ROLLBACK; on a connection that is lost, that one fails
 * later, where nothing can catch it, and ends the process. So the driver is not told of a loss;
 * {@linkcode PostgresPool} then replaces it.
 */
function transaction<T>(sql: Sql, steps: () => Steps<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    sql.begin(ISOLATION, async (session) => {
      try {
        await session.unsafe(SETTINGS);
        return { value: await drive(session, steps()) };
      } catch (error) {
        if (isAlive(error)) throw error;
        reject(error);
        return await new Promise<never>(() => {});
      }
    }).then(({ value }) => resolve(value as T), reject);
  });
}

/** Whether the connection is there after an error: the work's own, or one that is not FATAL. */
function isAlive(error: unknown): boolean {
  return error instanceof CheckpointError ||
    (error as { readonly severity?: unknown } | null)?.severity === "ERROR";
}

async function drive<T>(sql: ISql, steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) step = steps.next(await query(sql, step.value));
  return step.value;
}

function query(sql: ISql, { text, values }: Statement): PromiseLike<Row[]> {
  let count = 0;
  return sql.unsafe<Row[]>(text.replace(/\?/g, () => `$${++count}`), [...values]);
}

/** Runs work, anew after a conflict. */
async function attempt<T>(run: () => Promise<T>): Promise<T> {
  for (let count = 1;; count++) {
    try {
      return await run();
    } catch (error) {
      const isConflict = error instanceof CheckpointError && CONFLICTS.has(error.code);
      if (count === MAX_ATTEMPTS || !isConflict) throw error;
    }
  }
}
