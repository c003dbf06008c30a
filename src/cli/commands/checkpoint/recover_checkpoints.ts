import type { ArchivedShard } from "../../../archive/mod.ts";
import { isBehind } from "../../../archiver/behind_archive.ts";
import { lastArchived } from "../../../ledger/last_archived.ts";
import type { ArchiveLedger, LedgerShard } from "../../../ledger/archive_ledger.ts";
import type { MovedPosition } from "../../../ledger/set_positions.ts";
import type { RecordedLedger } from "../../../ledger/recorded_ledger.ts";
import type { Clock } from "../../../base/clock.ts";
import { TritonError } from "../../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../../base/record.ts";
import { retry } from "../../../base/retry.ts";

/** A position that is behind the archive. */
export interface PositionMove extends MovedPosition {
  readonly to: SequenceNumber;
  /** Key of the file that ends there. */
  readonly key: string;
  /** When its last record arrived. */
  readonly knownAt: Date;
}

/** What a recovery changes. */
export interface Recovery {
  readonly moves: readonly PositionMove[];
  /** Shards that must have been archived to their end, because their children have archives. */
  readonly ended: readonly ShardId[];
  /** Shards that are not changed although they do not match the archive, and why. */
  readonly left: readonly { readonly shardId: ShardId; readonly why: string }[];
}

/** Long enough for the few statements per shard, retries included. */
const LEASE_MS = 60_000;
const MAX_ATTEMPTS = 8;

/**
 * Plans what to change in the database so that archiving continues where the archive ends.
 *
 * If the ledger knows a shard, its position is moved. Otherwise the shard only gets a checkpoint, as
 * an older Triton wrote it: once the stream lists the shard, it is added and continues from there. If
 * the stream does not list it any more, there is nothing to continue.
 *
 * @throws {TritonError} If a worker is alive, or if there is an open intent.
 */
export async function planRecovery(
  ledger: RecordedLedger,
  archived: readonly ArchivedShard[],
): Promise<Recovery> {
  const shards = await ledger.shards();
  refuseWorkers(shards);
  for (const { shardId } of shards) await refuseIntents(ledger, shardId);
  const known = new Map(shards.map((shard) => [shard.shardId, shard]));
  const checkpoints = await ledger.checkpoints();
  const gaps = await ledger.gaps();
  const [moves, left]: [PositionMove[], { shardId: ShardId; why: string }[]] = [[], []];
  for (const { shardId, last, lastKey, lastArrival } of archived) {
    const from = checkpoints.get(shardId);
    const saved = lastArchived({ shardId, checkpoint: from }, gaps);
    if (saved === last) continue;
    if (!isBehind(saved, last)) {
      left.push({ shardId, why: `the database is at ${saved}, but the archive ends at ${last}` });
    } else if (known.get(shardId)?.state === "ended") {
      left.push({ shardId, why: `according to the database, it ended at ${from}` });
    } else moves.push({ shardId, from, to: last, key: lastKey, knownAt: lastArrival });
  }
  return { moves, ended: endedShards(shards, archived), left };
}

/**
 * Carries out a recovery shard by shard, holding the lease of each.
 *
 * @throws {TritonError} If a worker has started meanwhile; the changes made until then are correct.
 */
export async function carryOut(
  { moves, ended }: Recovery,
  ledger: ArchiveLedger,
  clock: Clock,
): Promise<void> {
  const withRetry = <T>(request: () => Promise<T>) =>
    retry(request, { clock, maxAttempts: MAX_ATTEMPTS });
  const worker = `recover-${Math.floor(clock.random() * 2 ** 52).toString(16)}`;
  const unknown = new Map(moves.map((move) => [move.shardId, move]));
  try {
    for (const { shardId } of await withRetry(() => ledger.shards())) {
      const move = unknown.get(shardId);
      unknown.delete(shardId);
      if (move === undefined && !ended.includes(shardId)) continue;
      const epoch = await withRetry(() => ledger.acquire(shardId, worker, LEASE_MS));
      if (epoch === undefined) throw busyError(shardId, "another worker");
      const known = await withRetry(() => ledger.position(shardId));
      await refuseIntents(ledger, shardId);
      if (move !== undefined) {
        if (known.checkpoint !== move.from) throw busyError(shardId, "another worker");
        const position = { checkpoint: move.to, knownAt: move.knownAt };
        await withRetry(() => ledger.reposition(shardId, epoch, position));
      }
      const checkpoint = move?.to ?? known.checkpoint;
      if (ended.includes(shardId)) {
        await withRetry(() => ledger.end(shardId, epoch, checkpoint, []));
      }
    }
    const positions = [...unknown.values()].map(({ shardId, to, knownAt }) =>
      [shardId, { checkpoint: to, knownAt }] as const
    );
    await withRetry(() => ledger.adopt(new Map(positions)));
  } finally {
    await withRetry(() => ledger.leave(worker));
  }
}

function refuseWorkers(shards: readonly LedgerShard[]): void {
  const leased = shards.find(({ owner }) => owner !== undefined);
  if (leased !== undefined) throw busyError(leased.shardId, `worker ${leased.owner}`);
}

async function refuseIntents(ledger: RecordedLedger, shardId: ShardId): Promise<void> {
  const [intent] = (await ledger.position(shardId)).open;
  if (intent === undefined) return;
  throw new TritonError(
    `Cannot recover checkpoints: archive "${intent.key}" (intent ${intent.id}) was started, and it is ` +
      "unknown whether it was uploaded; run triton store, which finds out, and then try again",
  );
}

function busyError(shardId: ShardId, who: string): TritonError {
  return new TritonError(
    `Cannot recover checkpoints: ${who} archives ${shardId}; stop triton store, or if it died, wait ` +
      "until its leases have expired (20 s by default)",
  );
}

/**
 * The open shards with descendants that have archives: a child is read only after its parents have
 * been archived to their end.
 */
function endedShards(
  shards: readonly LedgerShard[],
  archived: readonly ArchivedShard[],
): ShardId[] {
  const parents = new Map(shards.map(({ shardId, parents }) => [shardId, parents]));
  const ended = new Set<ShardId>();
  const follow = (shardId: ShardId) => {
    for (const parent of parents.get(shardId) ?? []) {
      if (ended.has(parent)) continue;
      ended.add(parent);
      follow(parent);
    }
  };
  for (const { shardId } of archived) follow(shardId);
  return shards.filter(({ shardId, state }) => state === "open" && ended.has(shardId))
    .map(({ shardId }) => shardId);
}
