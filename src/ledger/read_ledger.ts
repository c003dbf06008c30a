import type { ArchiveMove, Gap, LedgerShard } from "./archive_ledger.ts";
import type { Checkpoint } from "../checkpoint/checkpointer.ts";
import { compareMoves, type MoveRow, type ShardRow, toMove, toShard } from "./tables/rows.ts";
import { selectShards } from "./tables/shards.ts";
import { findGroups } from "./groups/find_groups.ts";
import type { ClientGroup } from "./groups/read_groups.ts";
import { compareGaps } from "../shards/table/rows.ts";
import { type GapRow, toGap } from "../shards/table/sql_gaps.ts";
import { findFile, isMemory, openDatabase } from "../sql/open_database.ts";
import { type CheckpointRow, toCheckpoint } from "../checkpoint/rows.ts";
import type { Database } from "../sql/database.ts";
import { execute, tuple } from "../sql/steps.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";

/** Whose rows to read. */
export interface ReadLedgerOptions {
  /** Name of the client. Default: all clients. */
  readonly client?: string | undefined;
  /** Name of the stream in Kinesis, or of several. Default: all streams. */
  readonly stream?: string | readonly string[] | undefined;
}

/** A gap in the archive of a client. */
export type ClientGap = Gap & Pick<Checkpoint, "client">;

/** Where the archive of a client's shard ended when it moved to another object store. */
export type ClientMove = ArchiveMove & Pick<Checkpoint, "client" | "stream">;

/** A shard that a client archives. */
export type ClientShard = LedgerShard & Pick<Checkpoint, "client" | "stream">;

/** What a database has recorded about archives. */
export interface LedgerReport {
  /** The checkpoints, by client, stream and shard. */
  readonly checkpoints: readonly Checkpoint[];
  /** The recorded gaps, in the order of their discovery. */
  readonly gaps: readonly ClientGap[];
  /** The shards that clients archive, by client, stream and shard. */
  readonly shards: readonly ClientShard[];
  /** Moves of archives to other object stores, in order. */
  readonly moves: readonly ClientMove[];
  /**
   * The consumer groups, by client and stream. Undefined if the user may not read their tables: then it
   * is unknown which clients are groups.
   */
  readonly groups: readonly ClientGroup[] | undefined;
}

/** The report of an empty database. */
export const NOTHING_RECORDED: LedgerReport = {
  checkpoints: [],
  gaps: [],
  shards: [],
  moves: [],
  groups: [],
};

/**
 * Reads checkpoints, recorded gaps, shards and groups from a database, without changing it.
 *
 * Unlike {@linkcode openLedger}, it creates no file and no table. A missing table counts as empty.
 *
 * @param database A URL as for {@linkcode openCheckpointer}, or an open SQLite database.
 * @param options Whose rows.
 * @returns What is recorded; nothing for a database in memory.
 * @throws {CheckpointError} If the URL is invalid, or the database does not exist or cannot be read.
 */
export async function readLedger(
  database: string | SqliteDatabase,
  options: Readonly<ReadLedgerOptions> = {},
): Promise<LedgerReport> {
  if (isMemory(database) || isNobody(options)) return NOTHING_RECORDED;
  return await openDatabase(database, { mode: "read" }, (opened) => readAll(opened, options));
}

/**
 * Reads groups alone, without changing the database. A file that does not exist has none.
 *
 * @param database A URL as for {@linkcode openCheckpointer}.
 * @param options Whose rows.
 * @returns The groups; undefined if the user may not read their tables.
 */
export async function readGroupsOf(
  database: string,
  options: Readonly<ReadLedgerOptions> = {},
): Promise<readonly ClientGroup[] | undefined> {
  if (isMemory(database) || isNobody(options)) return [];
  if (findFile(database)?.exists === false) return [];
  return await openDatabase(database, { mode: "read" }, async (opened) => {
    await using database = opened;
    return await findGroups(database, options);
  });
}

/** Whether the rows of no stream are wanted, which SQL cannot express as a list. */
function isNobody({ stream }: ReadLedgerOptions): boolean {
  return stream?.length === 0;
}

/** A row with its client and stream. */
type Owned<R> = R & Pick<Checkpoint, "client" | "stream">;

async function readAll(
  opened: Database,
  options: ReadLedgerOptions,
): Promise<LedgerReport> {
  await using database = opened;
  const read = <R extends object>(table: Table) => readTable<Owned<R>>(database, table, options);
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
    groups: await findGroups(database, options),
  };
}

type Table = "triton_checkpoint" | "triton_gap" | "triton_shard" | "triton_move";

/** Reads the rows of a table; none if it does not exist. */
function readTable<R extends object>(
  database: Database,
  table: Table,
  { client, stream }: ReadLedgerOptions,
): Promise<R[]> {
  const wanted = Object.entries({ client, stream }).flatMap(([column, value]) =>
    value === undefined ? [] : [{ column, values: [value].flat() }]
  );
  const where = wanted.map(({ column, values }) => ` AND s.${column} IN ${tuple(values)}`).join("");
  const values = wanted.flatMap(({ values }) => values);
  return database.run(`Cannot read ${table}`, function* () {
    const { dialect } = database;
    if ((yield* execute(dialect.findTable, table)).length === 0) return [];
    const select = table === "triton_shard" ? selectShards(dialect) : `SELECT * FROM ${table} s`;
    return yield* execute<R>(`${select} WHERE 1 = 1${where}`, ...values);
  });
}

type Place = Pick<Checkpoint, "client" | "stream" | "shardId">;

function comparePlaces(a: Place, b: Place): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function keyOf({ client, stream, shardId }: Place): string {
  return JSON.stringify([client, stream, shardId]);
}
