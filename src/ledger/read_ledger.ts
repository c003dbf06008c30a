/**
 * Reading a database without changing anything in it.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { CheckpointError } from "../base/errors.ts";
import type { ArchiveMove, Gap, LedgerShard } from "./archive_ledger.ts";
import type { Checkpoint } from "../checkpoint/checkpointer.ts";
import {
  compareGaps,
  compareMoves,
  type GapRow,
  type MoveRow,
  type ShardRow,
  toGap,
  toMove,
  toShard,
} from "./tables/rows.ts";
import { selectShards } from "./tables/shards.ts";
import { openPostgres, parseDatabaseUrl } from "../sql/open_database.ts";
import { PostgresExecutor } from "../sql/postgres/executor.ts";
import { PostgresPool } from "../sql/postgres/pool.ts";
import { type CheckpointRow, toCheckpoint } from "../checkpoint/rows.ts";
import type { SqlExecutor, SqlValue } from "../sql/steps.ts";
import { ask } from "../sql/steps.ts";
import { SqliteExecutor } from "../sql/sqlite/executor.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";
import { sqliteError } from "../sql/sqlite/error.ts";

/** Whose rows to read. */
export interface ReadLedgerOptions {
  /** Name of the client: all clients unless given. */
  readonly client?: string | undefined;
  /** Name of the stream, as Kinesis knows it: all streams unless given. */
  readonly stream?: string | undefined;
}

/** A gap in the archive of a client. */
export interface ClientGap extends Gap {
  /** Name of the client. */
  readonly client: string;
}

/** Where the archive of a client's shard ended when it was moved to another object store. */
export interface ClientMove extends ArchiveMove {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
}

/** A shard that a client archives. */
export interface ClientShard extends LedgerShard {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
}

/** What a database tells of archives, as of one moment. */
export interface LedgerReport {
  /** The checkpoints, by client, stream and shard. */
  readonly checkpoints: readonly Checkpoint[];
  /** The recorded gaps, in the order they were noticed. */
  readonly gaps: readonly ClientGap[];
  /** The shards that clients archive, by client, stream and shard. */
  readonly shards: readonly ClientShard[];
  /** Moves of archives to other object stores, in order. */
  readonly moves: readonly ClientMove[];
}

/**
 * Reads checkpoints, recorded gaps and shards from a database, and changes nothing in it.
 *
 * What {@linkcode openLedger} does, without creating a file or a table: where there is no table,
 * nothing was recorded.
 *
 * @param database The database, as {@linkcode openCheckpointer} takes it.
 * @param options Whose rows.
 * @returns What is recorded; nothing for a database in memory.
 * @throws {CheckpointError} If the URL is not one of a database, or the database is not there or
 * cannot be read.
 */
export async function readLedger(
  database: string | SqliteDatabase,
  options: Readonly<ReadLedgerOptions> = {},
): Promise<LedgerReport> {
  if (typeof database !== "string") return await readAll(new SqliteExecutor(database), options);
  const address = parseDatabaseUrl(database);
  switch (address.type) {
    case "memory":
      return { checkpoints: [], gaps: [], shards: [], moves: [] };
    case "sqlite":
      return await readAll(await openReadOnly(address.path), options);
    case "postgres":
      return await openPostgres(
        address.postgres,
        (connector) => readAll(new PostgresExecutor(new PostgresPool(connector)), options),
      );
  }
}

/** Opens a SQLite file that must be there. */
async function openReadOnly(path: string): Promise<SqlExecutor> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const database = new DatabaseSync(path, { readOnly: path !== ":memory:" });
    database.exec("PRAGMA busy_timeout = 5000; PRAGMA schema_version"); // is it a database?
    return new SqliteExecutor(database, { onDispose: () => database.close() });
  } catch (error) {
    const what = `Cannot open the checkpoint database "${path}"`;
    const failure = sqliteError(what, error);
    if (failure.code !== "SQLITE_CANTOPEN" || existsSync(path)) throw failure;
    const { code, retryable } = failure;
    throw new CheckpointError(`${what}: there is no such file`, { code, retryable, cause: error });
  }
}

/** A row with the names of whose it is. */
type Owned<R> = R & { readonly client: string; readonly stream: string };

async function readAll(
  opened: SqlExecutor,
  options: ReadLedgerOptions,
): Promise<LedgerReport> {
  await using executor = opened;
  const read = <R extends object>(table: Table) => readTable<Owned<R>>(executor, table, options);
  const checkpoints = await read<CheckpointRow>("triton_checkpoint");
  const gaps = await read<GapRow>("triton_gap");
  const shards = await read<ShardRow>("triton_shard");
  const moves = await read<MoveRow>("triton_move");
  return {
    checkpoints: checkpoints.flatMap((row) => toCheckpoint(row.client, row)).sort(comparePlaces),
    gaps: gaps.map((row) => ({ client: row.client, ...toGap(row.stream, row) })).sort(compareGaps),
    shards: shards.map((row) => ({ client: row.client, stream: row.stream, ...toShard(row) }))
      .sort(comparePlaces),
    moves: moves.map((row) => ({ client: row.client, stream: row.stream, ...toMove(row) }))
      .sort(compareMoves),
  };
}

type Table = "triton_checkpoint" | "triton_gap" | "triton_shard" | "triton_move";

/** Reads the rows of a table, none if it is not there. */
function readTable<R extends object>(
  executor: SqlExecutor,
  table: Table,
  { client, stream }: ReadLedgerOptions,
): Promise<R[]> {
  const wanted = Object.entries({ client, stream }).filter(([, value]) => value !== undefined);
  const where = wanted.map(([column]) => ` AND s.${column} = ?`).join("");
  const values = wanted.map(([, value]) => value as SqlValue);
  return executor.run(`Cannot read ${table}`, function* () {
    const { dialect } = executor;
    if ((yield* ask(dialect.findTable, table)).length === 0) return [];
    const select = table === "triton_shard" ? selectShards(dialect) : `SELECT * FROM ${table} s`;
    return yield* ask<R>(`${select} WHERE 1 = 1${where}`, ...values);
  });
}

type Place = Pick<Checkpoint, "client" | "stream" | "shardId">;

function comparePlaces(a: Place, b: Place): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function keyOf({ client, stream, shardId }: Place): string {
  return JSON.stringify([client, stream, shardId]);
}
