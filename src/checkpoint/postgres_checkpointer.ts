import type { Sql } from "postgres";
import { type Clock, systemClock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Checkpoint, Checkpointer } from "./checkpointer.ts";
import { attempt } from "../sql/postgres/executor.ts";
import { PostgresPool } from "../sql/postgres/pool.ts";
import {
  askSafely,
  findSchema,
  identifier,
  inSchema,
  literal,
  SAFE_PATH,
} from "../sql/postgres/schema.ts";
import type { PostgresConnector } from "../sql/postgres/session.ts";
import {
  archiverError,
  checkClient,
  type CheckpointRow,
  toCheckpoint,
  toSequenceNumber,
  unixSeconds,
} from "./rows.ts";
import { missingChanges, tableColumns, TABLES } from "./schema.ts";

/** Options of {@linkcode PostgresCheckpointer.open}. */
export interface PostgresCheckpointerOptions {
  /** Name of the client whose positions are kept: 1 to 255 printable characters. */
  readonly client: string;
  /** Where the time of saving comes from: the machine's clock unless given. */
  readonly clock?: Clock | undefined;
  /** How long to wait for an answer, in milliseconds: 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** A role that is trusted as the owner of the tables, beside those that always are. */
  readonly tableOwner?: string | undefined;
}

/** Serialises changes of the schema. Any number will do as long as all versions use the same. */
const SCHEMA_LOCK = 0x7472_6974; // "trit"

/** Whoever may create operators cannot put one of theirs in its place. */
const EQUALS = "OPERATOR(pg_catalog.=)";

/** Errors of a change that somebody else has made just before: duplicate table, duplicate column. */
const MADE_BY_ANOTHER: ReadonlySet<unknown> = new Set(["42P07", "42701"]);

/**
 * Keeps positions in a PostgreSQL database, over the driver `npm:postgres`.
 *
 * A save is one transaction, committed when it returns; it survives a crash of the server unless
 * somebody turned the server's `synchronous_commit` off. Nothing depends on the session, so the
 * database may stand behind PgBouncer in transaction mode (give the driver `prepare: false` then,
 * as {@linkcode openCheckpointer} does). A lost connection fails the calls that were
 * under way with a retryable error, and so does a server that does not answer in time (code
 * `Timeout`); whether a save took place is then unknown, and saving again is safe.
 *
 * @example A connection that the program uses for other things too
 * ```ts
 * import { PostgresCheckpointer } from "@triton/triton/checkpoint";
 * import type { Sql } from "postgres";
 *
 * async function positionsOf(client: string, sql: Sql) {
 *   await using checkpointer = await PostgresCheckpointer.open(sql, { client });
 *   return await checkpointer.list();
 * }
 * ```
 */
export class PostgresCheckpointer implements Checkpointer {
  /** Name of the client whose positions these are. */
  readonly client: string;
  readonly #pool: PostgresPool;
  readonly #clock: Clock;
  /** Where the tables are. */
  #schema = "";
  /** Whether the database has a table of shards that are archived. */
  #knowsArchivers = false;

  private constructor(source: Sql | PostgresConnector, options: PostgresCheckpointerOptions) {
    this.client = checkClient(options.client);
    this.#clock = options.clock ?? systemClock;
    this.#pool = new PostgresPool(source, options);
  }

  /**
   * Creates a checkpointer on a pool of connections, with its tables if they are missing.
   *
   * The tables are looked for on the session's search path, and created in its first schema. Where
   * they are there, no right to create any is needed. They and the schema must belong to the user, a
   * role of the user's, a superuser or the owner of the database: any other owner could run code as
   * the user. Apart from that look, no statement depends on the search path.
   *
   * @param source The driver's pool, which is left open in the end; or a connector, whose sessions
   * are ended in the end.
   * @param options Client, clock and time-out.
   * @returns The checkpointer.
   * @throws {CheckpointError} If the server cannot be reached, the tables not be created, or a table
   * belongs to somebody else (code `Untrusted`).
   * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
   */
  static async open(
    source: Sql | PostgresConnector,
    options: Readonly<PostgresCheckpointerOptions>,
  ): Promise<PostgresCheckpointer> {
    const checkpointer = new PostgresCheckpointer(source, options);
    try {
      const what = "Cannot prepare the checkpoint database";
      const { tableOwner } = checkpointer.#pool;
      checkpointer.#schema = await checkpointer.#pool.run(
        what,
        (sql) => createMissing(sql, tableOwner),
      );
      return checkpointer;
    } catch (error) {
      await checkpointer.#pool.end();
      throw error;
    }
  }

  /** The saved position of one shard; undefined if there is none. */
  load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined> {
    const what = `Cannot load the position of ${shardId} in stream "${stream}"`;
    return this.#run(what, async (sql, table) => {
      const [row] = await sql.unsafe<Pick<CheckpointRow, "seq_num">[]>(
        `SELECT seq_num FROM ${table("triton_checkpoint")}
        WHERE client ${EQUALS} $1 AND stream ${EQUALS} $2 AND shard ${EQUALS} $3`,
        [this.client, stream, shardId],
      );
      return toSequenceNumber(row?.seq_num);
    });
  }

  /** Saves positions of one stream, all or none; they are committed when it returns. */
  save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void> {
    const updated = unixSeconds(this.#clock);
    return this.#run(`Cannot save positions of stream "${stream}"`, async (sql, table) => {
      this.#knowsArchivers ||= await canSeeArchivers(sql, table("triton_shard"));
      const unlessArchiver = this.#knowsArchivers
        ? `WHERE NOT EXISTS (SELECT FROM ${table("triton_shard")}
            WHERE client ${EQUALS} $1 AND stream ${EQUALS} $2)`
        : "";
      // One statement is a transaction in one round trip, and JSON is one value for any number of
      // shards. In one order, because two who lock rows in different orders can lock each other.
      const { count } = await sql.unsafe(
        `INSERT INTO ${table("triton_checkpoint")} (client, stream, shard, seq_num, updated)
        SELECT CAST($1 AS pg_catalog.text), CAST($2 AS pg_catalog.text), key, value, CAST($3 AS INTEGER)
        FROM pg_catalog.json_each_text(CAST(CAST($4 AS pg_catalog.text) AS pg_catalog.json))
        ${unlessArchiver}
        ORDER BY key COLLATE pg_catalog."C"
        ON CONFLICT (client, stream, shard)
        DO UPDATE SET seq_num = excluded.seq_num, updated = excluded.updated`,
        [this.client, stream, updated, JSON.stringify(Object.fromEntries(positions))],
      );
      if (count < positions.size) throw archiverError(this.client, stream);
    });
  }

  /** The client's positions, of one stream or of all, in the order of stream and shard. */
  list(stream?: string): Promise<Checkpoint[]> {
    const what = `Cannot list the positions of client "${this.client}"`;
    return this.#run(what, async (sql, table) => {
      // The collation makes the order the same in every database.
      const rows = await sql.unsafe<CheckpointRow[]>(
        `SELECT stream, shard, seq_num, updated FROM ${table("triton_checkpoint")}
        WHERE client ${EQUALS} $1 ${stream === undefined ? "" : `AND stream ${EQUALS} $2`}
        ORDER BY stream COLLATE pg_catalog."C", shard COLLATE pg_catalog."C"`,
        stream === undefined ? [this.client] : [this.client, stream],
      );
      return rows.flatMap((row) => toCheckpoint(this.client, row));
    });
  }

  /** Ends the connections, unless they were given. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.end();
  }

  /** Runs single statements, anew where the database gave one up for another transaction's sake. */
  #run<T>(
    what: string,
    work: (sql: Sql, table: (name: string) => string) => Promise<T>,
  ): Promise<T> {
    const table = (name: string) => `${identifier(this.#schema)}.${name}`;
    return attempt(() => this.#pool.run(what, (sql) => work(sql, table)));
  }
}

/**
 * Makes the changes that are missing, all or none.
 *
 * @returns The schema that the tables are in.
 */
async function createMissing(sql: Sql, tableOwner: string | undefined): Promise<string> {
  // Looking first, without a lock: who may only read gets on, too.
  for (let round = 1;; round++) {
    const schema = await findSchema(sql, tableOwner);
    const changes = await missing(sql, schema);
    if (changes.length === 0) return schema;
    // Without the lock, CREATE TABLE can fail on an index of the catalogue when two run it at once.
    // It ends with the transaction, so that it works through PgBouncer.
    const lock = `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`;
    const statements = changes.map((change) => inSchema(schema, change.sql));
    try {
      // Statements in one text are a transaction.
      await sql.unsafe([SAFE_PATH, lock, ...statements].join(";\n"));
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (!MADE_BY_ANOTHER.has(code) || round > changes.length) throw error;
    }
  }
}

/** Whether there is a table of shards that are archived, and the user may read it. */
async function canSeeArchivers(sql: Sql, table: string): Promise<boolean> {
  const [row] = await sql.unsafe<{ found: boolean | null }[]>(
    `SELECT pg_catalog.has_table_privilege(CAST(pg_catalog.to_regclass($1) AS pg_catalog.oid),
      'SELECT') AS found`,
    [table],
  );
  return row?.found ?? false; // null where there is no such table
}

async function missing(sql: Sql, schema: string): Promise<ReturnType<typeof missingChanges>> {
  const names = TABLES.map((table) => `'${table}'`).join(", ");
  const rows = await askSafely<{ table: string; column: string }>(
    sql,
    `SELECT c.relname AS "table", a.attname AS "column"
    FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ${literal(schema)}
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relname IN (${names})`,
  );
  return missingChanges(tableColumns(rows));
}
