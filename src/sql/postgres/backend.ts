import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { CheckpointError } from "../../base/errors.ts";
import type { PostgresPool } from "./pool.ts";
import { findIntruders, findSchema, inSchema, literal, SAFE_PATH } from "./schema.ts";
import { atMost } from "./sessions/time_limits.ts";
import type { Database, Intruder, Premise, SqlDialect } from "../database.ts";
import type { Row, Statement, Steps } from "../steps.ts";

/** Rollbacks because of a conflict: serialization failure and deadlock. */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** Locks are taken in a fixed order, so even a second attempt is rare. */
const MAX_ATTEMPTS = 10;

/** Number of the advisory lock for changes of the schema: "trit". */
const SCHEMA_LOCK = 1953655156;

/**
 * Reads the catalogue, because to_regclass may not see a table that was created while this session
 * waited for lockSchema.
 */
const FIND_TABLE = `SELECT a.attname AS name
  FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relname = ? AND n.nspname = {schema}`;

const DIALECT: SqlDialect = {
  // The time of the statement, not of the transaction, which may have waited for a lock.
  now: "CAST(pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000) AS BIGINT)",
  forUpdate: " FOR UPDATE",
  skipLocked: " FOR UPDATE SKIP LOCKED",
  findTable: FIND_TABLE,
  findReadable: `${FIND_TABLE} AND pg_catalog.has_table_privilege(c.oid, 'SELECT')`,
  about: `SELECT 'PostgreSQL ' || pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('fsync') = 'off' AS forgetful`,
  // CREATE TABLE IF NOT EXISTS fails if two sessions run it at once (a unique index of the
  // catalogue). The lock ends with the transaction, so it works through PgBouncer.
  lockSchema: `SELECT pg_catalog.pg_advisory_xact_lock(${SCHEMA_LOCK})`,
};

/** A shared lock until the end of the transaction, during which the schema cannot change. */
const SHARE_SCHEMA = `SELECT pg_catalog.pg_advisory_xact_lock_shared(${SCHEMA_LOCK})`;

/** Explicit, because the database may have another default. */
const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED";

/**
 * Settings for the rest of a transaction, in one round trip.
 *
 * If the machine of a worker dies within a transaction, its row locks must not stay until the server
 * notices, which can take hours. Commits must survive a crash of the server: a forgotten lease could
 * be given twice under one epoch.
 */
const SETTINGS = (idleMs: number | undefined) =>
  `${SAFE_PATH}; SELECT
  ${
    idleMs === undefined
      ? "pg_catalog.set_config('idle_in_transaction_session_timeout', '15s', true)"
      : atMost("idle_in_transaction_session_timeout", idleMs)
  },
  pg_catalog.set_config('synchronous_commit',
    CASE pg_catalog.current_setting('synchronous_commit')
      WHEN 'off' THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true)`;

/**
 * Runs statements on PostgreSQL, always in transactions whose search path is only `pg_catalog`, so
 * that users who may create functions or operators cannot replace the server's. Nothing depends on
 * the session, so PgBouncer may be in between.
 */
export class PostgresBackend implements Database {
  readonly #pool: PostgresPool;
  readonly #clock: Clock | undefined;
  readonly #settings: string;
  #schema: string | undefined;

  /**
   * @param clock For the time in statements. Default: the server's, which all workers share.
   * @param idleMs How long a transaction may wait for its next statement, unless the operator allows
   * less. Default: 15 seconds.
   */
  constructor(pool: PostgresPool, clock?: Clock, idleMs?: number) {
    this.#pool = pool;
    this.#clock = clock;
    this.#settings = SETTINGS(idleMs);
  }

  get dialect(): SqlDialect {
    if (this.#clock === undefined) return DIALECT;
    return { ...DIALECT, now: `CAST(${Math.floor(this.#clock.now())} AS BIGINT)` };
  }

  batch<R extends object = Row>(what: string, statements: readonly Statement[]): Promise<R[]> {
    return attempt(() =>
      this.#pool.run(what, async (sql) => {
        const schema = this.#schema ??= await this.#findSchema(sql);
        const texts = statements.map((statement) => withValues(schema, statement));
        // Several statements in one text are one transaction. They cannot have parameters.
        const results = await sql.unsafe<R[][]>([SAFE_PATH, ...texts].join(";\n"));
        return results.slice(1).flatMap((rows) => [...rows]);
      })
    );
  }

  run<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return attempt(() => this.#transaction(what, BEGIN, steps)); // works on a standby, too
  }

  transact<T>(what: string, steps: () => Steps<T>, premise?: Premise): Promise<T> {
    return attempt(() => this.#transaction(what, `${BEGIN} READ WRITE`, steps, premise));
  }

  checkOwners(): Promise<void> {
    return this.#pool.run("Cannot look at the owners of the tables", async (sql) => {
      await this.#findSchema(sql);
    });
  }

  findIntruders(): Promise<Intruder[]> {
    return this.#pool.run("Cannot look at the rights of others", async (sql) => {
      return await findIntruders(sql, await this.#findSchema(sql), this.#pool.tableOwner);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.end();
  }

  /** The schema of the tables. */
  schema(): Promise<string> {
    const what = "Cannot look for the schema of the tables";
    return this.#pool.run(what, async (sql) => this.#schema ??= await this.#findSchema(sql));
  }

  #findSchema(sql: Sql): Promise<string> {
    return findSchema(sql, this.#pool.tableOwner);
  }

  #transaction<T>(
    what: string,
    begin: string,
    steps: () => Steps<T>,
    premise?: Premise,
  ): Promise<T> {
    return this.#pool.run(what, async (sql) => {
      const schema = this.#schema ??= await this.#findSchema(sql);
      // The lock comes first: each statement sees what was committed before it began.
      const first = premise ? `; ${SHARE_SCHEMA}; ${inSchema(schema, premise.text)}` : "";
      return await transaction(sql, `${begin}; ${this.#settings}${first}`, (rows) => {
        premise?.check(rows);
        return drive(sql, schema, steps());
      });
    });
  }
}

/**
 * Runs a transaction. If it fails, {@linkcode PostgresPool} ends the session. So there is no
 * ROLLBACK, which would need a working connection.
 */
async function transaction<T>(
  sql: Sql,
  begin: string,
  work: (lastRows: Row[]) => Promise<T>,
): Promise<T> {
  const results = await sql.unsafe<Row[][]>(begin);
  const result = await work(results.at(-1)!);
  const { command } = await sql.unsafe("COMMIT");
  if (command === "COMMIT") return result;
  throw new Error(`the server answered COMMIT with ${command}`);
}

async function drive<T>(sql: Sql, schema: string, steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) step = steps.next(await query(sql, schema, step.value));
  return step.value;
}

function query(sql: Sql, schema: string, { text, values }: Statement): PromiseLike<Row[]> {
  let count = 0;
  const numbered = text.replace(/\?/g, () => `$${++count}`);
  return sql.unsafe<Row[]>(inSchema(schema, numbered), [...values]);
}

/** A statement with its values inserted as literals. */
function withValues(schema: string, { text, values }: Statement): string {
  const [first, ...rest] = text.split("?").map((part) => inSchema(schema, part));
  const literals = values.map((value) => typeof value === "number" ? value : literal(value));
  return [first, ...rest.flatMap((part, index) => [literals[index], part])].join("");
}

/** Retries after conflicts. */
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
