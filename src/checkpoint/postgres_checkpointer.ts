import type { Sql } from "postgres";
import { type Clock, systemClock } from "../clock.ts";
import type { SequenceNumber, ShardId } from "../record.ts";
import type { Checkpoint, Checkpointer } from "./checkpointer.ts";
import { archiverError } from "./ledger_errors.ts";
import { type PostgresConnector, PostgresPool } from "./postgres_pool.ts";
import {
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
}

/** Serialises changes of the schema. Any number will do as long as all versions use the same. */
const SCHEMA_LOCK = 0x7472_6974; // "trit"

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
   * they are there, no right to create any is needed.
   *
   * @param source The driver's pool, which is left open in the end; or a connector that makes
   * one. A connector's pool is replaced when a connection is lost, and ended in the end.
   * @param options Client, clock and patience.
   * @returns The checkpointer.
   * @throws {CheckpointError} If the server cannot be reached, or the tables not be created.
   * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
   */
  static async open(
    source: Sql | PostgresConnector,
    options: Readonly<PostgresCheckpointerOptions>,
  ): Promise<PostgresCheckpointer> {
    const checkpointer = new PostgresCheckpointer(source, options);
    try {
      await checkpointer.#pool.run("Cannot prepare the checkpoint database", createMissing);
      return checkpointer;
    } catch (error) {
      await checkpointer.#pool.end();
      throw error;
    }
  }

  /** The saved position of one shard; undefined if there is none. */
  load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined> {
    const what = `Cannot load the position of ${shardId} in stream "${stream}"`;
    return this.#pool.run(what, async (sql) => {
      const [row] = await sql<Pick<CheckpointRow, "seq_num">[]>`
        SELECT seq_num FROM triton_checkpoint
        WHERE client = ${this.client} AND stream = ${stream} AND shard = ${shardId}`;
      return toSequenceNumber(row?.seq_num);
    });
  }

  /** Saves positions of one stream, all or none; they are committed when it returns. */
  save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void> {
    const updated = unixSeconds(this.#clock);
    return this.#pool.run(`Cannot save positions of stream "${stream}"`, async (sql) => {
      this.#knowsArchivers ||= await canSeeArchivers(sql);
      const unlessArchiver = this.#knowsArchivers
        ? sql`WHERE NOT EXISTS (SELECT FROM triton_shard
            WHERE client = ${this.client} AND stream = ${stream})`
        : sql``;
      // One statement is a transaction in one round trip, and JSON is one value for any number of
      // shards. In one order, because two who lock rows in different orders can lock each other.
      const { count } =
        await sql`INSERT INTO triton_checkpoint (client, stream, shard, seq_num, updated)
        SELECT ${this.client}, ${stream}, key, value, ${updated}::integer
        FROM json_each_text(${JSON.stringify(Object.fromEntries(positions))}::text::json)
        ${unlessArchiver}
        ORDER BY key COLLATE "C"
        ON CONFLICT (client, stream, shard)
        DO UPDATE SET seq_num = excluded.seq_num, updated = excluded.updated`;
      if (count < positions.size) throw archiverError(this.client, stream);
    });
  }

  /** The client's positions, of one stream or of all, in the order of stream and shard. */
  list(stream?: string): Promise<Checkpoint[]> {
    const what = `Cannot list the positions of client "${this.client}"`;
    return this.#pool.run(what, async (sql) => {
      const ofStream = stream === undefined ? sql`` : sql`AND stream = ${stream}`;
      // The collation makes the order the same in every database.
      const rows = await sql<CheckpointRow[]>`
        SELECT stream, shard, seq_num, updated FROM triton_checkpoint
        WHERE client = ${this.client} ${ofStream}
        ORDER BY stream COLLATE "C", shard COLLATE "C"`;
      return rows.flatMap((row) => toCheckpoint(this.client, row));
    });
  }

  /** Ends the connections, unless they were given. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.end();
  }
}

/**
 * Makes the changes that are missing, all or none.
 *
 * The driver's own `begin` is not used: it (3.4.9) answers the loss of a connection with a ROLLBACK
 * on it, which fails where nothing can catch it. Statements in one text are a transaction too.
 */
async function createMissing(sql: Sql): Promise<void> {
  // Looking first, without a lock: who may only read gets on, too.
  for (let round = 1;; round++) {
    const changes = await missing(sql);
    if (changes.length === 0) return;
    // Without the lock, CREATE TABLE can fail on an index of the catalogue when two run it at once.
    // It ends with the transaction, so that it works through PgBouncer.
    const lock = `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`;
    try {
      await sql.unsafe([lock, ...changes.map((change) => change.sql)].join(";\n"));
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (!MADE_BY_ANOTHER.has(code) || round > changes.length) throw error;
    }
  }
}

/** Whether there is a table of shards that are archived, and the user may read it. */
async function canSeeArchivers(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ found: boolean | null }[]>`
    SELECT has_table_privilege(to_regclass('triton_shard'), 'SELECT') AS found`;
  return row?.found ?? false; // null where there is no such table
}

async function missing(sql: Sql): Promise<ReturnType<typeof missingChanges>> {
  // to_regclass finds a table as an unqualified name would: by the search path.
  const tables = await Promise.all(TABLES.map((table) =>
    sql<{ table: string; column: string }[]>`
      SELECT ${table} AS "table", attname AS "column" FROM pg_attribute
      WHERE attrelid = to_regclass(${table}) AND attnum > 0 AND NOT attisdropped`
  ));
  return missingChanges(tableColumns(tables.flat()));
}
