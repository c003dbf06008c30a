import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { ServiceTime } from "../stream/mod.ts";
import type { Positions } from "../stream/positions.ts";

/** Where a history begins. */
export interface EarlierRun {
  /** The first moment of interest: the earliest of all runs. */
  readonly from: Date;
  /** The position of each shard. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** When the position of each shard was saved. */
  readonly savedAt: ReadonlyMap<ShardId, Date>;
}

/**
 * Loads what an earlier run has saved. The start of the first run holds for all that follow, so it is
 * saved before the first read.
 *
 * @param from Where this run is to begin.
 * @param time The service's time: no later moment is saved.
 */
export async function loadEarlierRun(
  positions: Positions,
  from: Date,
  time: ServiceTime,
  signal: AbortSignal,
): Promise<EarlierRun> {
  const start = () => Promise.resolve(earlier(from, time.startAt()));
  const written = await positions.writeStart(start, signal);
  const saved = await positions.list(signal);
  return {
    from: written === undefined ? from : earlier(from, written),
    checkpoints: new Map(saved.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber])),
    savedAt: new Map(saved.map(({ shardId, updatedAt }) => [shardId, updatedAt])),
  };
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
