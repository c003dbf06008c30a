import { getLogger } from "@logtape/logtape";
import type { Gap, ShardStanding } from "../checkpoint/archive_ledger.ts";
import { CheckpointError } from "../errors.ts";
import type { StartPosition } from "../kinesis/kinesis_api.ts";
import { compareSequenceNumbers, type SequenceNumber } from "../record.ts";
import type { NewestArchived } from "./archiver_options.ts";
import type { Lease } from "./lease.ts";
import { type Patience, persist, type Services } from "./services.ts";

const log = getLogger(["triton", "archiver"]);

/** Two clocks are never equal: "now" by this machine's is taken to be a second earlier. */
const CLOCK_TOLERANCE_MS = 1_000;

/** What decides where reading of a shard begins. */
export interface PositionOptions {
  /** Where the newest archive of each shard ends. */
  readonly newest: NewestArchived;
  /** Whether a position that is behind the archive is moved. */
  readonly recover: boolean;
  /** Whether the saved position is passed over. */
  readonly skip: boolean;
}

/** "Latest" as a position that stays the same when it is used again later. */
export function startNow(now: number): StartPosition {
  return { type: "at-timestamp", timestamp: new Date(now - CLOCK_TOLERANCE_MS) };
}

/**
 * Decides where reading of a shard begins, once nothing is open of it.
 *
 * @returns The position.
 * @throws {CheckpointError} With code `BehindArchive` if the archive goes further than the database
 * knows, and this is not to be mended here.
 */
export async function positionShard(
  lease: Lease,
  standing: ShardStanding,
  services: Pick<Services, "ledger"> & Patience,
  options: PositionOptions,
): Promise<StartPosition> {
  const { checkpoint, knownAt } = await mendCheckpoint(lease, standing, services, options);
  if (options.skip) return await skip(lease, checkpoint, services);
  lease.archived = checkpoint;
  lease.lastRead = checkpoint;
  lease.readUntil = knownAt.getTime();
  return checkpoint === undefined ? standing.start : { type: "after", sequenceNumber: checkpoint };
}

/** The checkpoint, moved to where the archive ends if that is further. */
async function mendCheckpoint(
  lease: Lease,
  standing: ShardStanding,
  services: Pick<Services, "ledger"> & Patience,
  { newest, recover }: PositionOptions,
): Promise<Pick<ShardStanding, "checkpoint" | "knownAt">> {
  const { ledger, clock } = services;
  const { shardId, epoch } = lease;
  const { checkpoint } = standing;
  const archived = newest.get(shardId);
  if (archived === undefined) return standing;
  if (checkpoint !== undefined && compareSequenceNumbers(archived.last, checkpoint) <= 0) {
    return standing;
  }
  const gaps = checkpoint === undefined
    ? await persist("ledger", services, () => ledger.gaps())
    : [];
  // Somebody passed over what follows this archive, or a later one, and nothing was archived since.
  if (gaps.some((gap) => gap.shardId === shardId && isPassedOver(archived.last, gap))) {
    return standing;
  }
  if (!recover) throw behindError(shardId, archived.key, ledger);
  // What arrived later is not known to be archived: the stream may have dropped it since.
  const knownAt = archived.lastArrival ?? new Date(clock.now());
  const position = { checkpoint: archived.last, knownAt };
  await persist("ledger", services, () => ledger.reposition(shardId, epoch, position));
  log.warn("Moved the position of {shardId} to where archive {key} ends", {
    event: "position.moved",
    shardId,
    key: archived.key,
    sequenceNumber: archived.last,
  });
  return position;
}

/** Whether a record was archived before what a gap passed over; other gaps follow on what was read. */
function isPassedOver(last: SequenceNumber, { after, reason }: Gap): boolean {
  if (after === undefined || reason !== "skipped") return false;
  return compareSequenceNumbers(last, after) <= 0;
}

/** Passes over everything up to now, and records what was passed over. */
async function skip(
  lease: Lease,
  checkpoint: ShardStanding["checkpoint"],
  services: Pick<Services, "ledger"> & Patience,
): Promise<StartPosition> {
  const { ledger, clock } = services;
  const { shardId, epoch } = lease;
  const now = clock.now();
  const start = startNow(now);
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
  await persist("ledger", services, () => ledger.reposition(shardId, epoch, position, gap));
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
