import { getLogger } from "@logtape/logtape";
import type { ArchiveEnd } from "../archive/mod.ts";
import type { ArchiveLedger, Gap, ShardPosition } from "../ledger/archive_ledger.ts";
import { lastArchived } from "../ledger/last_archived.ts";
import { isBehind } from "./behind_archive.ts";
import { CheckpointError } from "../base/errors.ts";
import type { StartPosition } from "../kinesis/kinesis_api.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { retryService, type RetryServiceOptions } from "../base/retry.ts";
import { LeaseLostError } from "../shards/lease.ts";
import type { ShardMonitor } from "../shards/shard_monitor.ts";
import type { ServiceTime } from "../kinesis/mod.ts";
import type { ShardProgress } from "./shard_progress.ts";

const log = getLogger(["triton", "archiver"]);

/** What deciding takes. */
interface PositionServices extends RetryServiceOptions {
  readonly ledger: Pick<ArchiveLedger, "stream" | "client" | "reposition" | "gaps">;
  readonly time: ServiceTime;
  readonly monitor: ShardMonitor;
}

/** What decides where reading of a shard begins. */
export interface PositionOptions {
  /** Where the archive of the shard ends; undefined if there is none. */
  readonly end: ArchiveEnd | undefined;
  /** Whether a position that is behind the archive is moved. */
  readonly recover: boolean;
  /** Whether the saved position is ignored. */
  readonly skip: boolean;
}

/**
 * Decides where reading of a shard begins, once nothing is open of it.
 *
 * @throws {LeaseLostError} If another worker has the lease, so that no position was written down.
 * @throws {CheckpointError} With code `BehindArchive` if the archive goes further than the database
 * knows, and this is not to be mended here.
 */
export async function positionShard(
  shard: ShardProgress,
  position: ShardPosition,
  services: PositionServices,
  options: PositionOptions,
): Promise<StartPosition> {
  const { checkpoint, knownAt } = await mendCheckpoint(shard, position, services, options);
  // Reading from a time on, which is a second early, may bring what was archived before it.
  shard.archivedBefore = await findArchived(shard.shardId, checkpoint, services);
  if (options.skip) return await skip(shard, checkpoint, services);
  shard.archived = checkpoint;
  shard.lastRead = checkpoint;
  shard.readUntil = knownAt.getTime();
  return checkpoint === undefined ? position.start : { type: "after", sequenceNumber: checkpoint };
}

/** The checkpoint, moved to where the archive ends if that is further. */
async function mendCheckpoint(
  shard: ShardProgress,
  position: ShardPosition,
  services: PositionServices,
  { end, recover }: PositionOptions,
): Promise<Pick<ShardPosition, "checkpoint" | "knownAt">> {
  const { ledger } = services;
  const { shardId, lease: { epoch } } = shard;
  if (end === undefined) return position;
  const archived = await findArchived(shardId, position.checkpoint, services);
  if (!isBehind(archived, end.last)) return position;
  if (!recover) throw behindError(shardId, end.key, ledger);
  // What arrived later is not known to be archived: the stream may have dropped it since.
  const mended = { checkpoint: end.last, knownAt: end.lastArrival };
  const move = () => ledger.reposition(shardId, epoch, mended);
  if (!await retryService("ledger", services, move)) throw new LeaseLostError(shardId);
  log.warn("Moved the position of {shardId} to where archive {key} ends", {
    event: "position.moved",
    stream: ledger.stream,
    shardId,
    key: end.key,
    sequenceNumber: end.last,
  });
  return mended;
}

/** The last record that the database knows to be archived. */
async function findArchived(
  shardId: ShardId,
  checkpoint: ShardPosition["checkpoint"],
  services: PositionServices,
): Promise<SequenceNumber | undefined> {
  if (checkpoint !== undefined) return checkpoint;
  const gaps = await retryService("ledger", services, () => services.ledger.gaps());
  return lastArchived({ shardId, checkpoint }, gaps);
}

/** Skips everything up to now, and records what was skipped. */
async function skip(
  shard: ShardProgress,
  checkpoint: ShardPosition["checkpoint"],
  services: PositionServices,
): Promise<StartPosition> {
  const { ledger, time } = services;
  const { shardId, lease: { epoch } } = shard;
  const now = time.now();
  const start: StartPosition = { type: "at-timestamp", timestamp: time.startAt() };
  // Not when the database hears of it: that may be long after, from a worker that is dead by then.
  const knownAt = new Date(now);
  const gap: Gap = {
    stream: ledger.stream,
    shardId,
    after: checkpoint,
    until: undefined,
    reason: "skipped",
    recordedAt: knownAt,
  };
  const position = { start, knownAt };
  const move = () => ledger.reposition(shardId, epoch, position, gap);
  if (!await retryService("ledger", services, move)) throw new LeaseLostError(shardId);
  services.monitor.gap(shardId, gap.reason);
  log.warn("Passed over what {shardId} holds after {checkpoint}, up to now", {
    event: "records.skipped",
    stream: ledger.stream,
    shardId,
    checkpoint: checkpoint ?? "its beginning",
  });
  shard.readUntil = now;
  return start;
}

function behindError(
  shardId: string,
  key: string,
  { stream, client }: PositionServices["ledger"],
): CheckpointError {
  return new CheckpointError(
    `Cannot archive ${shardId} of "${stream}": archive "${key}" goes further than the database ` +
      "knows, so its records would be archived twice (was the database restored from a backup?); " +
      `run "triton checkpoint recover --client-name ${client}" with this stream, bucket and ` +
      "database, or pass --recover",
    { code: "BehindArchive" },
  );
}
