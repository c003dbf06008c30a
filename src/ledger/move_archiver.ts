/**
 * Moves the positions of an archiver manually: only forwards, because no record may be archived twice,
 * and with a record of the gap, because the skipped records are in no file.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import { retry } from "../base/retry.ts";
import type { ArchiveLedger, Gap, LedgerShard } from "./archive_ledger.ts";
import { lastArchived } from "./last_archived.ts";

/** Long enough for the few statements for a shard, with retries. */
const LEASE_MS = 60_000;
const MAX_ATTEMPTS = 8;

/** A position that was moved, or would be in a dry run. */
export interface MovedPosition {
  /** The shard. */
  readonly shardId: ShardId;
  /** The position before; undefined if there was none. */
  readonly from: SequenceNumber | undefined;
  /**
   * The position now: reading continues after this record. Undefined in a shard of a group that is to
   * be read again from its oldest record, because it comes from one that was moved.
   */
  readonly to: SequenceNumber | undefined;
}

/** A move, and the last record that may have been archived before it. */
interface ArchiverMove extends MovedPosition {
  readonly to: SequenceNumber;
  readonly archived: SequenceNumber | undefined;
}

interface MoveOptions {
  readonly dryRun: boolean;
  readonly clock: Clock;
  /** See {@linkcode SetPositionsOptions.archiveAgainSince}. */
  readonly againSince: Date | undefined;
}

/** Moves the shards that the ledger knows; see {@linkcode setPositions}. */
export async function moveArchiver(
  ledger: ArchiveLedger,
  positions: ReadonlyMap<ShardId, SequenceNumber>,
  { dryRun, clock, againSince }: MoveOptions,
): Promise<MovedPosition[]> {
  const shards = await ledger.shards();
  for (const shard of shards) {
    if (shard.owner !== undefined) throw leasedError(ledger, shard);
    await refuseIntents(ledger, shard.shardId);
  }
  const gaps = await ledger.gaps();
  const isGone = againSince !== undefined;
  const moves = shards.flatMap((shard) =>
    planMove(ledger, shard, { to: positions.get(shard.shardId), gaps, isGone })
  );
  if (!dryRun) await carryOut(ledger, moves, { clock, againSince });
  return moves.map(({ shardId, from, to }) => ({ shardId, from, to }));
}

function planMove(
  ledger: ArchiveLedger,
  { shardId, state, start, checkpoint }: LedgerShard,
  { to, gaps, isGone }: {
    readonly to: SequenceNumber | undefined;
    readonly gaps: readonly Gap[];
    readonly isGone: boolean;
  },
): ArchiverMove[] {
  const from = checkpoint ?? (start.type === "after" ? start.sequenceNumber : undefined);
  // A checkpoint means that a file ends there; a start position does not.
  if (to === undefined || to === from && !(isGone && checkpoint !== undefined)) return [];
  const archived = lastArchived({ shardId, checkpoint }, gaps);
  if (!isGone && archived !== undefined && compareSequenceNumbers(archived, to) > 0) {
    throw archivedError(ledger, shardId, archived);
  }
  if (state === "ended") {
    throw new CheckpointError(
      `Cannot move ${shardId} of "${ledger.stream}": it is archived to its end`,
      { code: "Ended" },
    );
  }
  return [{ shardId, from, to, archived }];
}

async function carryOut(
  ledger: ArchiveLedger,
  moves: readonly ArchiverMove[],
  { clock, againSince }: Pick<MoveOptions, "clock" | "againSince">,
): Promise<void> {
  const attempt = <T>(request: () => Promise<T>) =>
    retry(request, { clock, maxAttempts: MAX_ATTEMPTS });
  const worker = `set-${Math.floor(clock.random() * 2 ** 52).toString(16)}`;
  try {
    for (const { shardId, to, archived } of moves) {
      const epoch = await attempt(() => ledger.acquire(shardId, worker, LEASE_MS));
      if (epoch === undefined) throw begunError(shardId, ledger);
      await refuseIntents(ledger, shardId);
      const { checkpoint, knownAt } = await attempt(() => ledger.position(shardId));
      if (checkpoint !== undefined && checkpoint !== archived) throw begunError(shardId, ledger);
      // A start position instead of a checkpoint, because no file ends with that record: a new chain
      // of files begins after the gap. Everything that arrived until `knownAt` is before both.
      const start = { type: "after", sequenceNumber: to } as const;
      const isBack = archived !== undefined && compareSequenceNumbers(archived, to) >= 0;
      const isAgain = againSince !== undefined && isBack;
      const place = { start, knownAt: isAgain && archived !== to ? againSince : knownAt };
      const gap: Gap = {
        ...{ stream: ledger.stream, shardId, after: archived, until: undefined },
        ...{ reason: "skipped", recordedAt: new Date(clock.now()) },
      };
      const moved = await attempt(() =>
        ledger.reposition(shardId, epoch, place, isAgain ? undefined : gap)
      );
      if (!moved) throw begunError(shardId, ledger);
    }
  } finally {
    await attempt(() => ledger.leave(worker));
  }
}

async function refuseIntents(ledger: ArchiveLedger, shardId: ShardId): Promise<void> {
  const [intent] = (await ledger.position(shardId)).open;
  if (intent === undefined) return;
  throw new CheckpointError(
    `Cannot move ${shardId} of "${ledger.stream}": archive "${intent.key}" (intent ${intent.id}) was ` +
      "begun and is not settled; start triton store, which settles it, and stop it again",
    { code: "Unsettled" },
  );
}

function leasedError(
  { client, stream }: ArchiveLedger,
  { shardId, owner, leasedUntil }: LedgerShard,
): CheckpointError {
  return new CheckpointError(
    `Cannot move positions of client "${client}" in "${stream}": worker ${owner} holds the lease of ` +
      `${shardId} until ${leasedUntil?.toISOString()}; stop triton store, or wait until then if the ` +
      "worker has died",
    { code: "Leased" },
  );
}

function begunError(shardId: ShardId, { stream }: ArchiveLedger): CheckpointError {
  return new CheckpointError(
    `Cannot move ${shardId} of "${stream}": a worker has started to archive it; stop triton store`,
    { code: "Leased" },
  );
}

function archivedError(
  { client, stream }: ArchiveLedger,
  shardId: ShardId,
  archived: SequenceNumber,
): CheckpointError {
  return new CheckpointError(
    `Cannot move ${shardId} of "${stream}" back: client "${client}" has archived it up to ` +
      `${archived}, and would archive records twice; to archive them again, run triton store under ` +
      "another --client-name, with --from",
    { code: "Archived" },
  );
}
