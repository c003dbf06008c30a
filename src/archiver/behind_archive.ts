/**
 * The one rule for "the database is behind the archive".
 *
 * A database forgets what it committed after a restore from a backup, or a failover to a server that
 * lagged behind. What it forgot would be archived a second time. `store` applies the rule to each shard
 * that it takes, `checkpoint recover` to mend the database, `doctor` and `checkpoint move-bucket` to
 * all shards.
 *
 * @module
 */

import { type ArchiveEnd, newestArchived, type NewestArchivedOptions } from "../archive/mod.ts";
import { DAY_MS, HOUR_MS } from "../base/clock.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { Gap, LedgerShard } from "../ledger/archive_ledger.ts";
import { lastArchived } from "../ledger/last_archived.ts";
import type { StreamDescription } from "../kinesis/kinesis_api.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** Clocks differ, and a file may be put long after it was closed. */
export const LATE_MS = DAY_MS;

/**
 * Whether the archive of a shard goes further than the database knows.
 *
 * @param known What `lastArchived()` returned: the last record that the database knows to be archived.
 * @param end The last record in the archive.
 */
export function isBehind(known: SequenceNumber | undefined, end: SequenceNumber): boolean {
  return known === undefined || compareSequenceNumbers(known, end) < 0;
}

/** What a database knows of one client's archive of a stream. */
export interface DatabaseKnowledge {
  /** The shards that have not ended. */
  readonly open: readonly Pick<LedgerShard, "checkpoint" | "knownAt">[];
  /** All checkpoints. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** All gaps. */
  readonly gaps: readonly Pick<Gap, "shardId" | "after" | "reason">[];
}

/** Which archive to look into, and by which clock. */
export interface FindBehindOptions extends Omit<NewestArchivedOptions, "since"> {
  /** The time by Kinesis' clock. */
  readonly now: Date;
}

/** What {@linkcode findBehind} has found. */
export interface ArchiveComparison {
  /** Where the archive of each shard ends. */
  readonly ends: ReadonlyMap<ShardId, ArchiveEnd>;
  /** The shards in which the database is behind the archive, in order. */
  readonly behind: readonly ShardId[];
}

/**
 * Finds the shards in which a database is behind the archive.
 *
 * @param store Where the archive is.
 * @param held What the stream holds.
 * @param known What the database knows.
 * @param options Which archive.
 */
export async function findBehind(
  store: ObjectStore,
  held: HeldRecords,
  known: DatabaseKnowledge,
  options: FindBehindOptions,
): Promise<ArchiveComparison> {
  const since = new Date(earliestAhead(held, known.open, options.now.getTime()));
  const ends = await newestArchived(store, { ...options, since });
  const { checkpoints, gaps } = known;
  const behind = [...ends].filter(([shardId, { last }]) =>
    isBehind(lastArchived({ shardId, checkpoint: checkpoints.get(shardId) }, gaps), last)
  );
  return { ends, behind: behind.map(([shardId]) => shardId).sort() };
}

/** What decides which records a stream holds. */
export type HeldRecords = Pick<StreamDescription, "retentionHours" | "createdAt">;

/**
 * The creation time of the oldest archive that the database could be behind.
 *
 * What the stream does not hold any more cannot be archived again, an earlier stream of the same name
 * has nothing to do with this one, and a file that was made before a position was saved is not ahead
 * of it. A day is added.
 *
 * @param held What the stream holds.
 * @param open The shards that the ledger has not ended.
 * @param now The time.
 * @returns A time in milliseconds since the Unix epoch.
 */
export function earliestAhead(
  held: HeldRecords,
  open: DatabaseKnowledge["open"],
  now: number,
): number {
  const oldest = now - held.retentionHours * HOUR_MS;
  return Math.max(oldest - LATE_MS, oldestPosition(open) - LATE_MS, held.createdAt.getTime());
}

/**
 * When the oldest of the positions that are in use was saved; 0 if there is a shard without one.
 *
 * A worker that was refused because the archive is ahead may have added a shard: its time means nothing.
 */
function oldestPosition(open: DatabaseKnowledge["open"]): number {
  if (open.length === 0 || open.some(({ checkpoint }) => checkpoint === undefined)) return 0;
  return Math.min(...open.map(({ knownAt }) => knownAt.getTime()));
}
