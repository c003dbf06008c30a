import { MonitorServer } from "../../src/monitor/mod.ts";
import type { GroupStatus, HealthLimits, StoreStatus } from "../../src/monitor/mod.ts";
import type { ShardStatus } from "../../src/archiver/mod.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { MetricRegistry } from "../../src/telemetry/metric_registry.ts";

export const NOW = new Date("2026-05-01T12:00:00Z");

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const LIMITS: HealthLimits = {
  unhealthyAfterMs: 75 * MINUTE,
  minHeadroomMs: 6 * HOUR,
  leaseMs: 20_000,
};

/** A time before {@linkcode NOW}. */
export function ago(ms: number): Date {
  return new Date(NOW.getTime() - ms);
}

/** A healthy shard, with changes. */
export function shard(number: number, changes: Partial<ShardStatus> = {}): ShardStatus {
  const unarchivedAgeMs = changes.unarchivedAgeMs ?? 20 * MINUTE;
  return {
    shardId: `shardId-${String(number).padStart(12, "0")}` as ShardId,
    state: "reading",
    owner: "5712f7ae502dcaf2a1c20b07dc203a35",
    epoch: 3,
    position: `4968048091635025991626924636994834858245060968116309${number}` as SequenceNumber,
    archivedUntil: ago(unarchivedAgeMs),
    unarchivedAgeMs,
    headroomMs: 24 * HOUR - unarchivedAgeMs,
    lagMs: 400,
    ...changes,
  };
}

/** A healthy store, with changes. */
export function status(changes: Partial<StoreStatus> = {}): StoreStatus {
  const shards = changes.shards ?? [shard(0), shard(1)];
  return {
    at: NOW,
    version: "0.1.0",
    startedAt: ago(30 * HOUR),
    state: "running",
    stream: "clicks_prod",
    client: "store",
    store: "s3://triton-prod",
    worker: "5712f7ae502dcaf2a1c20b07dc203a35",
    workers: ["5712f7ae502dcaf2a1c20b07dc203a35"],
    retentionMs: 24 * HOUR,
    rotateMs: HOUR,
    endedShards: 0,
    lagMs: 400,
    unarchivedAgeMs: 20 * MINUTE,
    headroomMs: 23 * HOUR + 40 * MINUTE,
    openFile: { openedAt: ago(20 * MINUTE), events: 12_345, quarantined: 0, bytes: 9_876_543 },
    uploads: 0,
    recentFiles: [],
    recentErrors: [],
    services: {
      Kinesis: { lastAnswerAt: ago(300) },
      ledger: { lastAnswerAt: ago(2_000) },
      "object store": { lastAnswerAt: ago(20 * MINUTE) },
    },
    totals: {},
    memory: { buffered: 9_876_543, limit: 160 * 2 ** 20, rss: 123_456_789 },
    ...changes,
    shards,
  };
}

/** A consumer group of two shards, of which one is behind the archive. */
export function group(changes: Partial<GroupStatus> = {}): GroupStatus {
  const [first, second] = [shard(0), shard(1)];
  const member = { isAlive: true, lastError: undefined };
  return {
    client: "billing",
    members: [
      { ...member, worker: "member-1111aaaabbbbcccc", shards: [first.shardId] },
      {
        ...{ worker: "member-2222aaaabbbbcccc", isAlive: false, shards: [] },
        lastError: `Error: no such <customer> ${"x".repeat(120)}\n    at handle (billing.ts:3:9)`,
      },
    ],
    shards: [
      {
        ...{ shardId: first.shardId, owner: "member-1111aaaabbbbcccc", epoch: 3 },
        ...{ position: first.position, savedAt: ago(1_000) },
      },
      {
        ...{ shardId: second.shardId, owner: undefined, epoch: 7 },
        ...{ position: undefined, savedAt: undefined },
      },
    ],
    endedShards: 2,
    ...changes,
  };
}

/** A store whose database has not responded yet. */
export function startingStatus(changes: Partial<StoreStatus> = {}): StoreStatus {
  const { at, version, stream, client } = status();
  const state = "starting" as const;
  const services = { ledger: { failingSince: ago(20_000), error: "Cannot connect: refused" } };
  const startedAt = ago(MINUTE);
  return { at, version, stream, client, state, services, startedAt, recentErrors: [], ...changes };
}

/** A server on a free port that shows a status. */
export function serve(
  show: () => StoreStatus,
  { allowedHosts, clock = new VirtualClock() }: {
    readonly allowedHosts?: readonly string[];
    readonly clock?: VirtualClock;
  } = {},
): MonitorServer {
  return new MonitorServer({
    address: { hostname: "127.0.0.1", port: 0 },
    allowedHosts,
    status: show,
    registry: new MetricRegistry(),
    limits: LIMITS,
    clock,
  });
}
