import { type Clock, systemClock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Checkpoint, Checkpointer } from "./checkpointer.ts";
import {
  archiverError,
  checkClient,
  type CheckpointRow,
  inOrder,
  toCheckpoint,
  toSequenceNumber,
  unixSeconds,
} from "./rows.ts";
import { missingChanges, tableColumns, TABLES } from "./schema.ts";
import { CheckpointError } from "../base/errors.ts";
import type { SqliteDatabase, SqliteStatement } from "../sql/sqlite/driver.ts";
import { sqliteError } from "../sql/sqlite/error.ts";

/** Options of {@linkcode SqliteCheckpointer.open}. */
export interface SqliteCheckpointerOptions {
  /** Name of the client whose positions are kept: 1 to 255 printable characters. */
  readonly client: string;
  /** Where the time of saving comes from: the machine's clock unless given. */
  readonly clock?: Clock | undefined;
  /** Called when the checkpointer is disposed of: closes the database, if nobody else uses it. */
  readonly onDispose?: (() => void) | undefined;
}

const LOAD = "SELECT seq_num FROM triton_checkpoint WHERE client = ? AND stream = ? AND shard = ?";
const SAVE = `INSERT INTO triton_checkpoint (client, stream, shard, seq_num, updated)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (client, stream, shard)
  DO UPDATE SET seq_num = excluded.seq_num, updated = excluded.updated`;
const LIST = `SELECT stream, shard, seq_num, updated FROM triton_checkpoint
  WHERE client = ? AND (stream = ? OR ? = 0) ORDER BY stream, shard`;
const FIND_SHARDS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'triton_shard'";
const FIND_ARCHIVER = "SELECT 1 FROM triton_shard WHERE client = ? AND stream = ? LIMIT 1";
const COLUMNS = `SELECT tables.name AS "table", columns.name AS "column"
  FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
  WHERE tables.type = 'table'`;

/**
 * Keeps positions in a SQLite database.
 *
 * A save is one transaction, and is on the disk when it returns if the database is set so
 * (`PRAGMA synchronous = FULL`, which is SQLite's default and what
 * {@linkcode openCheckpointer} sets). While another process writes, calls wait, and with
 * them this whole thread, for as long as the database's busy timeout says; then they fail with
 * the code `SQLITE_BUSY`, which is retryable. The database must not be inside a transaction.
 *
 * @example A database that the program uses for other things too
 * ```ts
 * import { SqliteCheckpointer } from "@triton/triton/checkpoint";
 * import type { SequenceNumber, ShardId } from "@triton/triton";
 * import { DatabaseSync } from "node:sqlite";
 * import { equal } from "node:assert/strict";
 *
 * const database = new DatabaseSync(":memory:");
 * const checkpointer = await SqliteCheckpointer.open(database, { client: "billing" });
 * const shard = "shardId-000000000000" as ShardId;
 * await checkpointer.save("user_activity_prod", new Map([[shard, "42" as SequenceNumber]]));
 * equal(await checkpointer.load("user_activity_prod", shard), "42");
 * database.close();
 * ```
 */
export class SqliteCheckpointer implements Checkpointer {
  /** Name of the client whose positions these are. */
  readonly client: string;
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;
  readonly #statements = new Map<string, SqliteStatement>();
  #onDispose: (() => void) | undefined;

  private constructor(database: SqliteDatabase, options: SqliteCheckpointerOptions) {
    this.client = checkClient(options.client);
    this.#database = database;
    this.#clock = options.clock ?? systemClock;
    this.#onDispose = options.onDispose;
  }

  /**
   * Creates a checkpointer on an open database, with its tables if they are missing.
   *
   * @param database The database; it is left open in the end unless `onDispose` closes it.
   * @param options Client, clock and what to do in the end.
   * @returns The checkpointer.
   * @throws {CheckpointError} If the tables cannot be read or created.
   * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
   */
  static open(
    database: SqliteDatabase,
    options: Readonly<SqliteCheckpointerOptions>,
  ): Promise<SqliteCheckpointer> {
    return attempt("Cannot prepare the checkpoint database", () => {
      const checkpointer = new SqliteCheckpointer(database, options);
      checkpointer.#createMissing();
      return checkpointer;
    });
  }

  /** The saved position of one shard; undefined if there is none. */
  load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined> {
    return attempt(`Cannot load the position of ${shardId} in stream "${stream}"`, () => {
      const row = this.#prepare(LOAD).get(this.client, stream, shardId);
      return toSequenceNumber((row as CheckpointRow | undefined)?.seq_num);
    });
  }

  /** Saves positions of one stream, all or none; they are committed when it returns. */
  save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void> {
    return attempt(`Cannot save positions of stream "${stream}"`, () => {
      const updated = unixSeconds(this.#clock);
      this.#transaction(() => {
        if (this.#isArchiver(stream)) throw archiverError(this.client, stream);
        for (const [shardId, sequenceNumber] of inOrder(positions)) {
          this.#prepare(SAVE).run(this.client, stream, shardId, sequenceNumber, updated);
        }
      });
    });
  }

  /** The client's positions, of one stream or of all, in the order of stream and shard. */
  list(stream?: string): Promise<Checkpoint[]> {
    return attempt(`Cannot list the positions of client "${this.client}"`, () => {
      const rows = this.#prepare(LIST).all(this.client, stream ?? "", stream === undefined ? 0 : 1);
      return (rows as CheckpointRow[]).flatMap((row) => toCheckpoint(this.client, row));
    });
  }

  /** Runs what {@linkcode SqliteCheckpointerOptions.onDispose} says, once. */
  [Symbol.asyncDispose](): Promise<void> {
    const onDispose = this.#onDispose;
    this.#onDispose = undefined;
    return attempt("Cannot close the checkpoint database", () => {
      for (const statement of this.#statements.values()) statement.finalize?.();
      this.#statements.clear();
      onDispose?.();
    });
  }

  /** Whether the client archives the stream: its positions say what is in the archive. */
  #isArchiver(stream: string): boolean {
    if (this.#prepare(FIND_SHARDS).get() === undefined) return false;
    return this.#prepare(FIND_ARCHIVER).get(this.client, stream) !== undefined;
  }

  #createMissing(): void {
    // Looking first, without a lock: what is up to date may also be read-only.
    if (this.#missing().length === 0) return;
    this.#transaction(() => {
      for (const { sql } of this.#missing()) this.#database.exec(sql);
    });
  }

  #missing(): ReturnType<typeof missingChanges> {
    const statement = this.#database.prepare(COLUMNS);
    const rows = statement.all() as { table: string; column: string }[];
    statement.finalize?.();
    return missingChanges(tableColumns(rows.filter(({ table }) => TABLES.includes(table))));
  }

  #transaction(run: () => void): void {
    // IMMEDIATE: a transaction that begins by reading can fail later without waiting its turn.
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      run();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // A full disk, for one, has rolled it back already; the first error is the one that counts.
    }
  }

  #prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    statement.enableInt64?.();
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Runs synchronous work as a promise, its errors as ours. */
function attempt<T>(what: string, run: () => T): Promise<T> {
  return new Promise((resolve) => {
    try {
      resolve(run());
    } catch (error) {
      if (error instanceof RangeError || error instanceof CheckpointError) throw error;
      throw sqliteError(what, error);
    }
  });
}
