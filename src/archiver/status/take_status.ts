import type { Clock } from "../../base/clock.ts";
import type { ShardId } from "../../base/record.ts";
import type { ServiceTime } from "../../kinesis/mod.ts";
import type { ArchiveLedger, LedgerShard } from "../../ledger/archive_ledger.ts";
import type { LeasedShards } from "../../shards/leased_shards.ts";
import type { ArchiveWriter } from "../files/archive_writer.ts";
import type { ShardProgress } from "../shard_progress.ts";
import type { ArchiverMonitor } from "./archiver_monitor.ts";
import type { ArchiverStatus, ShardStatus } from "./archiver_status.ts";

/** What a status is taken of. */
export interface StatusParts {
  /** What is archived. */
  readonly ledger: Pick<ArchiveLedger, "stream" | "client">;
  /** URL of the object store. */
  readonly url: string;
  /** This machine's clock. */
  readonly clock: Clock;
  /** The time by Kinesis' clock. */
  readonly time: ServiceTime;
  /** What happened. */
  readonly monitor: ArchiverMonitor;
  /** The shards, and which of them are this worker's. */
  readonly shards: LeasedShards<LedgerShard>;
  /** How far the shards of this worker have been read. */
  readonly reading: ReadonlyMap<ShardId, ShardProgress>;
  /** What waits to be archived. */
  readonly writer: ArchiveWriter;
  /** Where one archives by the clock: the interval, in milliseconds. */
  readonly rotateMs: number;
  /** How long after the multiples of that, in milliseconds. */
  readonly rotateOffsetMs: number;
  /** Whether it is time to stop. */
  readonly stopping: boolean;
}

/** Takes the status of an archiver as of this moment. */
export function takeStatus(parts: StatusParts): ArchiverStatus {
  const { ledger, clock, time, monitor, shards, writer } = parts;
  const open = shards.open?.map((shard) => takeShardStatus(shard, parts, time.now()));
  return {
    at: new Date(clock.now()),
    stream: ledger.stream,
    client: ledger.client,
    store: parts.url,
    worker: shards.worker,
    workers: shards.workers,
    state: parts.stopping ? "stopping" : "running",
    retentionMs: finite(shards.stream.retentionMs),
    rotateMs: parts.rotateMs,
    rotateOffsetMs: parts.rotateOffsetMs,
    shards: open,
    endedShards: shards.stream.ended,
    lagMs: greatest(open?.map(({ lagMs }) => lagMs)),
    unarchivedAgeMs: greatest(open?.map(({ unarchivedAgeMs }) => unarchivedAgeMs)),
    headroomMs: least(open?.map(({ headroomMs }) => headroomMs)),
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
  const { shards, writer } = parts;
  const { shardId, owner, epoch, checkpoint } = shard;
  const reading = shards.held.has(shardId) ? parts.reading.get(shardId) : undefined;
  const readUntil = reading && finite(reading.readUntil);
  // What this worker has read is in its files. What it has not read arrived after `readUntil`.
  const archivedUntil = reading && (writer.oldestOf(reading)?.getTime() ?? readUntil) ||
    shard.knownAt.getTime();
  const unarchivedAgeMs = Math.max(0, now - archivedUntil);
  const headroomMs = finite(shards.stream.retentionMs - unarchivedAgeMs);
  return {
    shardId,
    state: reading === undefined ? stateOf(shard, parts) : reading.failure ? "failing" : "reading",
    error: reading?.failure?.error,
    owner: reading === undefined ? owner : shards.worker,
    epoch: reading?.lease.epoch ?? epoch,
    position: checkpoint,
    archivedUntil: new Date(archivedUntil),
    unarchivedAgeMs,
    headroomMs,
    lagMs: readUntil && Math.max(0, now - readUntil),
  };
}

/** How a shard stands that this worker does not hold. */
function stateOf({ shardId, owner, parents }: LedgerShard, { shards }: StatusParts) {
  if (shards.isRefused(shardId)) return "refused";
  if (shards.isElsewhere(shardId)) return "another";
  if (owner !== undefined && owner !== shards.worker) return "another";
  const waits = shards.open?.some(({ shardId: id }) => parents.includes(id));
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
