import type { Clock } from "../base/clock.ts";
import type { ShardId } from "../base/record.ts";
import { prepareCheckpoints } from "../sql/schema/checkpoints.ts";
import { ACCEPTED } from "../sql/schema/accepted.ts";
import { prepareTables, sameVersions } from "../sql/schema/versions.ts";
import { findFile, isMemory, openDatabase } from "../sql/open_database.ts";
import { execute, select, type Steps } from "../sql/steps.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";

/** Whose gaps. */
export interface AcceptedGapsOf {
  /** Name of the client; for reading, undefined means all clients. */
  readonly client?: string | undefined;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
}

/** A gap in an archive that a person decided to leave as it is. */
export interface AcceptedGapRow {
  /** ID of the gap, as `triton verify` prints it. */
  readonly id: string;
  /** The client whose archive has the gap. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** Who accepted it. */
  readonly by: string;
  /** When, by the clock of the database. */
  readonly at: Date;
  /** Why; undefined if that was not said. */
  readonly reason: string | undefined;
}

/** A gap, and who decides about it. */
export interface GapDecision {
  /** Name of the client whose archive has the gap. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** ID of the gap. */
  readonly id: string;
  /** Who decides. */
  readonly by: string;
  /** Why. */
  readonly reason?: string | undefined;
  /** Clock for the time in SQLite. Default: the system clock. PostgreSQL uses that of the server. */
  readonly clock?: Clock | undefined;
}

/** A gap to accept. */
export interface GapToAccept extends GapDecision {
  /** The shard. */
  readonly shardId: ShardId;
  /** What is missing, for those who read the table. */
  readonly description: string;
}

/** A row of `triton_accepted_gap`. */
interface AcceptedRow {
  readonly client: string;
  readonly gap: string;
  readonly shard: string;
  readonly accepted_ms: number | string;
  readonly accepted_by: string;
  readonly reason: string;
}

const TABLE = "triton_accepted_gap";

/**
 * Reads the accepted gaps of a stream, without changing the database.
 *
 * @param database A URL, or an open SQLite database.
 * @returns Those that are accepted now, the oldest acceptance first. None if there is no database.
 */
export async function readAcceptedGaps(
  database: string | SqliteDatabase,
  { client, stream }: AcceptedGapsOf,
): Promise<AcceptedGapRow[]> {
  if (isMemory(database) || findFile(database)?.exists === false) return [];
  return await openDatabase(database, { mode: "read" }, async (opened) => {
    await using database = opened;
    return await database.run(`Cannot read ${TABLE}`, function* () {
      if ((yield* execute(database.dialect.findTable, TABLE)).length === 0) return [];
      const rows = yield* execute<AcceptedRow>(
        `SELECT client, gap, shard, accepted_ms, accepted_by, reason FROM ${TABLE}
        WHERE stream = ? AND withdrawn_ms IS NULL ORDER BY accepted_ms, gap`,
        stream,
      );
      return rows.filter((row) => row.client === (client ?? row.client)).map(toAccepted);
    });
  });
}

/**
 * Accepts a gap: `triton verify` then reports it as accepted.
 *
 * @returns The acceptance of the same gap that was there before; undefined if there was none.
 * @throws {CheckpointError} If the database cannot be opened or written.
 */
export function acceptGap(
  database: string | SqliteDatabase,
  gap: GapToAccept,
): Promise<AcceptedGapRow | undefined> {
  const { client, stream, id, shardId, description, by, reason, clock } = gap;
  return decide({ database, clock }, `Cannot accept gap ${id}`, function* (now) {
    const known = yield* findAccepted(gap);
    if (known !== undefined) return known;
    yield* execute(
      `INSERT INTO ${TABLE} (client, stream, gap, shard, description, accepted_ms, accepted_by,
        reason)
      VALUES (?, ?, ?, ?, ?, ${now}, ?, ?)`,
      ...[client, stream, id, shardId, description, by, reason ?? ""],
    );
    return undefined;
  });
}

/**
 * Withdraws the acceptance of a gap. Its row stays in the table.
 *
 * @returns What was withdrawn; undefined if the gap was not accepted.
 * @throws {CheckpointError} If the database cannot be opened or written.
 */
export function withdrawGap(
  database: string | SqliteDatabase,
  gap: GapDecision,
): Promise<AcceptedGapRow | undefined> {
  const { client, stream, id, by, reason, clock } = gap;
  const what = `Cannot withdraw the acceptance of gap ${id}`;
  return decide({ database, clock }, what, function* (now) {
    const known = yield* findAccepted(gap);
    if (known === undefined) return undefined;
    yield* execute(
      `UPDATE ${TABLE} SET withdrawn_ms = ${now}, withdrawn_by = ?, withdrawn_reason = ?
      WHERE client = ? AND stream = ? AND gap = ? AND withdrawn_ms IS NULL`,
      ...[by, reason ?? "", client, stream, id],
    );
    return known;
  });
}

/** Runs a transaction on the table, which is created if it is missing. */
function decide<T>(
  { database: source, clock }: {
    readonly database: string | SqliteDatabase;
    readonly clock: Clock | undefined;
  },
  what: string,
  steps: (now: string) => Steps<T>,
): Promise<T> {
  return openDatabase(source, { clock }, async (opened) => {
    await using database = opened;
    await prepareCheckpoints(database);
    await prepareTables(database, [ACCEPTED]);
    await database.checkOwners(); // of a table that was created meanwhile
    return await database.transact(
      what,
      () => steps(database.dialect.now),
      sameVersions([ACCEPTED]),
    );
  });
}

function* findAccepted(
  { client, stream, id }: GapDecision,
): Steps<AcceptedGapRow | undefined> {
  const [row] = yield* select<AcceptedRow>(
    { client, stream },
    `client, gap, shard, accepted_ms, accepted_by, reason FROM ${TABLE}`,
    " AND gap = ? AND withdrawn_ms IS NULL",
    id,
  );
  return row && toAccepted(row);
}

function toAccepted(row: AcceptedRow): AcceptedGapRow {
  return {
    id: row.gap,
    client: row.client,
    shardId: row.shard as ShardId,
    by: row.accepted_by,
    at: new Date(Number(row.accepted_ms)),
    reason: row.reason || undefined,
  };
}
