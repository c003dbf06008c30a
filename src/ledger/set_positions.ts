/**
 * Moving the positions of a client by hand.
 *
 * @module
 */

import { type Clock, systemClock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { moveArchiver, type MovedPosition } from "./move_archiver.ts";
import { openCheckpointer } from "../checkpoint/open_checkpointer.ts";
import { openLedger } from "./open_ledger.ts";
import { readLedger } from "./read_ledger.ts";
import type { SqliteDatabase } from "../sql/sqlite/driver.ts";

export type { MovedPosition };

/** Whose positions {@linkcode setPositions} moves, and how. */
export interface SetPositionsOptions {
  /** Name of the client whose positions are kept. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Whether to change nothing, only to tell what would be moved: false unless given. */
  readonly dryRun?: boolean | undefined;
  /**
   * Given where the files of an archiver are gone, so that no record is archived twice: its positions
   * then move backwards, too. A time before which nothing arrived that is to be read again.
   * Default: they move forwards only.
   */
  readonly archiveAgainSince?: Date | undefined;
  /** Where time and chance come from: the machine unless given. */
  readonly clock?: Clock | undefined;
}

/**
 * Moves positions of a client by hand, all or none, as `triton checkpoint set` does.
 *
 * - **A consumer's** move forwards and backwards; backwards it reads records again. Stop it before:
 *   one that runs saves its own position over the new one. {@linkcode Checkpointer.save} does the
 *   same.
 * - **An archiver's** (a client that `triton store` archives for) move forwards only, and what is
 *   passed over is recorded as a gap, with the reason `"skipped"`. Backwards its records would be
 *   archived twice; to have them again, archive under another client's name. While a worker is alive,
 *   or an archive is begun and not settled, nothing is moved. One shard is moved after the other, so
 *   if a worker begins meanwhile, what was moved until then stays.
 *
 * @example Reading everything again
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
 * @param database The database, as {@linkcode openCheckpointer} takes it; it must be there.
 * @param positions For each shard to move, the record after which reading goes on.
 * @param options Whose positions.
 * @returns What was moved; shards that are there already are left out, and so are shards that an
 * archiver does not know yet.
 * @throws {CheckpointError} With code `Leased` while a worker is alive, `Unsettled` while an archive
 * is begun and nobody knows what became of it, `Archived` if an archiver would move backwards.
 */
export async function setPositions(
  database: string | SqliteDatabase,
  positions: ReadonlyMap<ShardId, SequenceNumber>,
  options: Readonly<SetPositionsOptions>,
): Promise<MovedPosition[]> {
  const { client, stream, dryRun = false, clock = systemClock, archiveAgainSince } = options;
  checkPositions(positions);
  const { checkpoints, shards } = await readLedger(database, { client, stream });
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
      { code: "InvalidPosition", retryable: false },
    );
  }
}
