import { getLogger } from "@logtape/logtape";
import type { ArchiveEnd } from "../archive/mod.ts";
import type { Gap, ShardStanding } from "../ledger/archive_ledger.ts";
import { lastArchived } from "../ledger/last_archived.ts";
import { CheckpointError } from "../base/errors.ts";
import type { StartPosition } from "../kinesis/kinesis_api.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { isBehind } from "./behind_archive.ts";
import type { Lease } from "./lease.ts";
import { type Patience, persist, type Services } from "./services.ts";

const log = getLogger(["triton", "archiver"]);

/** What deciding takes. */
type PositionServices = Pick<Services, "ledger" | "time"> & Patience;

/** What decides where reading of a shard begins. */
export interface PositionOptions {
  /** Where the archive of the shard ends; undefined if there is none. */
  readonly end: ArchiveEnd | undefined;
  /** Whether a position that is behind the archive is moved. */
  readonly recover: boolean;
  /** Whether the saved position is passed over. */
  readonly skip: boolean;
}

/**
 * Decides where reading of a shard begins, once nothing is open of it.
 *
 * @returns The position; undefined if the lease is another's by now, so that none was written down.
 * @throws {CheckpointError} With code `BehindArchive` if the archive goes further than the database
 * knows, and this is not to be mended here.
 */
export async function positionShard(
  lease: Lease,
  standing: ShardStanding,
  services: PositionServices,
  options: PositionOptions,
): Promise<StartPosition | undefined> {
  const mended = await mendCheckpoint(lease, standing, services, options);
  if (mended === undefined) return undefined;
  const { checkpoint, knownAt } = mended;
  // Reading from a time on, which is a second early, may bring what was archived before it.
  lease.archivedBefore = await findArchived(lease.shardId, checkpoint, services);
  if (options.skip) return await skip(lease, checkpoint, services);
  lease.archived = checkpoint;
  lease.lastRead = checkpoint;
  lease.readUntil = knownAt.getTime();
  return checkpoint === undefined ? standing.start : { type: "after", sequenceNumber: checkpoint };
}

/** The checkpoint, moved to where the archive ends if that is further; undefined if it cannot be. */
async function mendCheckpoint(
  lease: Lease,
  standing: ShardStanding,
  services: PositionServices,
  { end, recover }: PositionOptions,
): Promise<Pick<ShardStanding, "checkpoint" | "knownAt"> | undefined> {
  const { ledger } = services;
  const { shardId, epoch } = lease;
  if (end === undefined) return standing;
  const archived = await findArchived(shardId, standing.checkpoint, services);
  if (!isBehind(archived, end.last)) return standing;
  if (!recover) throw behindError(shardId, end.key, ledger);
  // What arrived later is not known to be archived: the stream may have dropped it since.
  const position = { checkpoint: end.last, knownAt: end.lastArrival };
  const move = () => ledger.reposition(shardId, epoch, position);
  if (!await persist("ledger", services, move)) return undefined;
  log.warn("Moved the position of {shardId} to where archive {key} ends", {
    event: "position.moved",
    shardId,
    key: end.key,
    sequenceNumber: end.last,
  });
  return position;
}

/** The last record that the database knows to be archived. */
async function findArchived(
  shardId: ShardId,
  checkpoint: ShardStanding["checkpoint"],
  services: PositionServices,
): Promise<SequenceNumber | undefined> {
  if (checkpoint !== undefined) return checkpoint;
  const gaps = await persist("ledger", services, () => services.ledger.gaps());
  return lastArchived({ shardId, checkpoint }, gaps);
}

/** Passes over everything up to now, and records what was passed over. */
async function skip(
  lease: Lease,
  checkpoint: ShardStanding["checkpoint"],
  services: PositionServices,
): Promise<StartPosition | undefined> {
  const { ledger, time } = services;
  const { shardId, epoch } = lease;
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
  if (!await persist("ledger", services, move)) return undefined;
  services.monitor?.gap(shardId, gap.reason);
  log.warn("Passed over what {shardId} holds after {checkpoint}, up to now", {
    event: "records.skipped",
    shardId,
    checkpoint: checkpoint ?? "its beginning",
  });
  lease.readUntil = now;
  return start;
}

function behindError(
  shardId: string,
  key: string,
  { stream, client }: Services["ledger"],
): CheckpointError {
  return new CheckpointError(
    `Cannot archive ${shardId} of "${stream}": archive "${key}" goes further than the database ` +
      "knows, so its records would be archived twice (was the database restored from a backup?); " +
      `run "triton checkpoint recover --client-name ${client}" with this stream, bucket and ` +
      "database, or pass --recover",
    { code: "BehindArchive", retryable: false },
  );
}
