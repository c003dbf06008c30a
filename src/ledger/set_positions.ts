import { type Clock, systemClock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { moveGroup } from "./groups/move_group.ts";
import { moveArchiver, type MovedPosition } from "./move_archiver.ts";
import { openCheckpointer } from "../checkpoint/open_checkpointer.ts";
import { openLedger } from "./open_ledger.ts";
import { readLedger } from "./read_ledger.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";

export type { MovedPosition };

/** Options for {@linkcode setPositions}. */
export interface SetPositionsOptions {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Whether to only return what would be moved. Default: false. */
  readonly dryRun?: boolean | undefined;
  /**
   * Set it if the files of an archiver are lost, so that no record is archived twice: its positions can
   * then also move backwards. The time must be before the arrival of all records to be read again.
   * Default: positions move only forwards.
   */
  readonly archiveAgainSince?: Date | undefined;
  /** Clock and random numbers. Default: those of the system. */
  readonly clock?: Clock | undefined;
}

/**
 * Moves positions of a client manually, as `triton checkpoint set` does.
 *
 * - **A consumer's** positions move forwards and backwards, all or none. After a move backwards it
 *   reads records again. Stop the consumer first: a running one overwrites the new position.
 *   {@linkcode Checkpointer.save} does the same.
 * - **A consumer group's** positions move in both directions, all or none, while its members run: they
 *   lose the shards that are moved, and one of them continues at the new position. A shard that has
 *   ended is open again. The shards that come from one that is moved wait for it; those of them that
 *   are not given begin again at their oldest record.
 * - **An archiver's** positions (of a client of `triton store`) move only forwards, and the skipped
 *   records are recorded as a gap with the reason `"skipped"`. After a move backwards, records would be
 *   archived twice; to archive them again, use another client name. Nothing is moved while a worker is
 *   alive or an archive is not settled. Shards are moved one by one: if a worker starts meanwhile, the
 *   shards that were already moved stay moved.
 *
 * @example Reading records again
 * ```ts
 * import { setPositions } from "@triton/triton/checkpoint";
 * import { findPositions, type KinesisApi } from "@triton/triton/kinesis";
 *
 * async function rewind(url: string, kinesis: KinesisApi, to: Date) {
 *   const positions = await findPositions(kinesis, "user_activity_prod", to);
 *   const options = { client: "billing", stream: "user_activity_prod" };
 *   return await setPositions(url, positions, options);
 * }
 * ```
 * @param database A URL as for {@linkcode openCheckpointer}, or an open SQLite database. A file must
 * exist.
 * @param positions For each shard to move, the record after which reading continues.
 * @param options Whose positions.
 * @returns What was moved, without shards that already have the position, and without shards that an
 * archiver or a group does not know yet.
 * @throws {CheckpointError} With code `Leased` while a worker is alive, `Unsettled` while an archive
 * is not settled, `Archived` if an archiver would move backwards.
 */
export async function setPositions(
  database: string | SqliteDatabase,
  positions: ReadonlyMap<ShardId, SequenceNumber>,
  options: Readonly<SetPositionsOptions>,
): Promise<MovedPosition[]> {
  const { client, stream, dryRun = false, clock = systemClock, archiveAgainSince } = options;
  checkPositions(positions);
  const { checkpoints, shards, groups } = await readLedger(database, { client, stream });
  if (groups !== undefined && groups.length > 0) {
    return await moveGroup(database, positions, { client, stream, dryRun });
  }
  if (shards.length > 0) {
    await using ledger = await openLedger(database, { client, stream });
    return await moveArchiver(ledger, positions, { dryRun, clock, againSince: archiveAgainSince });
  }
  const saved = new Map(checkpoints.map((row) => [row.shardId, row.sequenceNumber]));
  const moves = [...positions].map(([shardId, to]) => ({ shardId, from: saved.get(shardId), to }))
    .filter(({ from, to }) => from !== to);
  if (dryRun || moves.length === 0) return moves;
  await using checkpointer = await openCheckpointer(database, { client, clock });
  await checkpointer.save(stream, new Map(moves.map(({ shardId, to }) => [shardId, to])));
  return moves;
}

function checkPositions(positions: ReadonlyMap<ShardId, SequenceNumber>): void {
  for (const [shardId, position] of positions) {
    if (/^(0|[1-9]\d{0,127})$/.test(position)) continue;
    throw new CheckpointError(
      `Cannot set the position of ${shardId} to "${position}": it is not a sequence number, which ` +
        "has only digits",
      { code: "InvalidPosition" },
    );
  }
}
