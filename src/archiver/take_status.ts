import type { LedgerShard } from "../ledger/archive_ledger.ts";
import type { ArchiveWriter } from "./archive_writer.ts";
import type { ArchiverStatus, ShardStatus } from "./archiver_status.ts";
import type { Services } from "./services.ts";
import type { ShardLeases } from "./shard_leases.ts";
import type { StreamShards } from "./stream_shards.ts";

/** What a status is taken of. */
export interface StatusParts {
  /** Kinesis, object store, ledger, clock and monitor. */
  readonly services: Services;
  /** Which shards are this worker's, and what the ledger last said of those that are open. */
  readonly leases: ShardLeases;
  /** What waits to be archived. */
  readonly writer: ArchiveWriter;
  /** What the stream says of itself. */
  readonly shards: StreamShards;
  /** Where one archives by the clock: the interval, in milliseconds. */
  readonly rotateMs: number;
  /** Whether it is time to stop. */
  readonly stopping: boolean;
}

/** Tells how an archiver stands at this moment. */
export function takeStatus(parts: StatusParts): ArchiverStatus {
  const { services: { ledger, store, clock, time, monitor }, leases, writer } = parts;
  const retentionMs = finite(parts.shards.retentionMs);
  const shards = leases.open?.map((shard) => takeShardStatus(shard, parts, time.now()));
  return {
    at: new Date(clock.now()),
    stream: ledger.stream,
    client: ledger.client,
    store: store.url,
    worker: leases.worker,
    workers: leases.workers,
    state: parts.stopping ? "stopping" : "running",
    retentionMs,
    rotateMs: parts.rotateMs,
    shards,
    endedShards: parts.shards.ended,
    lagMs: greatest(shards?.map(({ lagMs }) => lagMs)),
    unarchivedAgeMs: greatest(shards?.map(({ unarchivedAgeMs }) => unarchivedAgeMs)),
    headroomMs: least(shards?.map(({ headroomMs }) => headroomMs)),
    openFile: writer.openFile,
    uploads: writer.uploads,
    recentFiles: monitor.recentFiles,
    recentErrors: monitor.recentErrors,
    services: monitor.services,
    totals: monitor.totals,
    memory: {
      buffered: writer.buffered,
      limit: writer.maxMemory,
      rss: Deno.memoryUsage().rss,
    },
  };
}

function takeShardStatus(shard: LedgerShard, parts: StatusParts, now: number): ShardStatus {
  const { leases, writer, shards } = parts;
  const { shardId, owner, epoch, checkpoint } = shard;
  const lease = leases.held.find((held) => held.shardId === shardId);
  const readUntil = lease && finite(lease.readUntil);
  // What this worker has read stands in its files; what it has not, arrived after `readUntil`.
  const archivedUntil = lease && (writer.oldestOf(lease)?.getTime() ?? readUntil) ||
    shard.knownAt.getTime();
  const unarchivedAgeMs = Math.max(0, now - archivedUntil);
  const headroomMs = finite(shards.retentionMs - unarchivedAgeMs);
  return {
    shardId,
    state: lease === undefined ? stateOf(shard, parts) : lease.failure ? "failing" : "reading",
    error: lease?.failure?.error,
    owner: lease === undefined ? owner : leases.worker,
    epoch: lease?.epoch ?? epoch,
    position: checkpoint,
    archivedUntil: new Date(archivedUntil),
    unarchivedAgeMs,
    headroomMs,
    lagMs: readUntil && Math.max(0, now - readUntil),
  };
}

/** How a shard stands that this worker does not hold. */
function stateOf({ shardId, owner, parents }: LedgerShard, parts: StatusParts) {
  const { leases } = parts;
  if (leases.isRefused(shardId)) return "refused";
  if (leases.isElsewhere(shardId)) return "another";
  if (owner !== undefined && owner !== leases.worker) return "another";
  const waits = leases.open?.some(({ shardId: id }) => parents.includes(id));
  return waits === true ? "waiting" : "free";
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function greatest(values: readonly (number | undefined)[] = []): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function least(values: readonly (number | undefined)[] = []): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
