import type { ArchiveLedger } from "../../src/ledger/archive_ledger.ts";
import type { ShardId } from "../../src/base/record.ts";
import { missedBy } from "./consumer_audit.ts";
import { compareNumbers, type FirstStart, type PutRecord } from "./facts.ts";
import type { Programs } from "./programs.ts";
import type { StreamDriver } from "./stream_driver.ts";

/** What a run is over with. */
export interface Unfinished {
  readonly ledger: ArchiveLedger;
  readonly driver: StreamDriver;
  readonly programs: Programs;
  readonly start: FirstStart | undefined;
  /** The time. */
  readonly now: number;
}

/**
 * Tells what is still to be done: every open shard is to be somebody's, the checkpoints are to cover
 * all that the stream holds, closed shards to have ended, consumers to have read all that they can,
 * and producers to have put all that they have.
 */
export async function unfinished(run: Unfinished): Promise<string | undefined> {
  return await unarchived(run) ?? unread(run);
}

type StreamRun = Omit<Unfinished, "programs">;

async function unarchived(run: StreamRun): Promise<string | undefined> {
  const shard = await unsettledShard(run);
  if (shard !== undefined) return shard;
  const [missing] = await missingRecords(run);
  return missing && `record ${missing.n} of ${missing.shardId} is not archived`;
}

/** Tells of a shard that is not as it should be: known, and somebody's or ended. */
export async function unsettledShard(
  { ledger, driver }: Pick<StreamRun, "ledger" | "driver">,
): Promise<string | undefined> {
  const shards = await ledger.shards();
  const known = new Map(shards.map((shard) => [shard.shardId, shard.state]));
  const listed = await driver.shards();
  for (const id of listed.keys()) if (!known.has(id)) return `nobody knows ${id}`;
  for (const { shardId, state, owner } of shards) {
    if (state === "ended") continue;
    if (owner === undefined) return `${shardId} is nobody's`;
    if (!(listed.get(shardId)?.isOpen ?? false)) return `${shardId} has not ended`;
  }
  return undefined;
}

/** The records that the stream holds, and that no checkpoint covers. */
export async function missingRecords(
  { ledger, driver, start, now }: StreamRun,
): Promise<readonly PutRecord[]> {
  const checkpoints = await ledger.checkpoints();
  const horizon = Math.max(driver.horizonAt(now), start?.from ?? 0);
  const skipped = (await ledger.gaps()).filter(({ reason }) => reason === "skipped");
  return driver.records.filter(({ shardId, sequenceNumber, putAt }) => {
    if (putAt < horizon) return false;
    const checkpoint = checkpoints.get(shardId as ShardId);
    if (checkpoint !== undefined && compareNumbers(checkpoint, sequenceNumber) >= 0) return false;
    return !skipped.some((gap) => gap.shardId === shardId && putAt < gap.recordedAt.getTime());
  });
}

function unread({ driver, programs, start, now }: Unfinished): string | undefined {
  const { consumers, producers } = programs;
  if (producers.some(({ isDone }) => !isDone)) return "the producer is not done";
  const facts = {
    records: driver.records,
    horizonAt: (time: number) => driver.horizonAt(time),
    endedAt: now,
    start,
    archived: new Map<number, number>(),
  };
  for (const consumer of consumers) {
    const [missed] = missedBy(consumer, facts);
    if (missed !== undefined) return `${consumer.name} has not handled record ${missed.n}`;
  }
  return undefined;
}
