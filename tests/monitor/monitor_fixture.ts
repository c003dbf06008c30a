import { MonitorServer } from "../../src/monitor/mod.ts";
import type {
  GroupStatus,
  HealthLimits,
  StoreStatus,
  StreamStatus,
} from "../../src/monitor/mod.ts";
import type { RecentFile, ShardStatus } from "../../src/archiver/mod.ts";
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

/** A healthy stream, with changes. */
export function status(changes: Partial<StreamStatus> = {}): StreamStatus {
  const shards = changes.shards ?? [shard(0), shard(1)];
  return {
    at: NOW,
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

/** A stream of a store whose database has not responded yet. */
export function startingStatus(changes: Partial<StreamStatus> = {}): StreamStatus {
  const { at, stream, client } = status();
  const state = "starting" as const;
  const services = { ledger: { failingSince: ago(20_000), error: "Cannot connect: refused" } };
  const startedAt = ago(MINUTE);
  return { at, stream, client, state, services, startedAt, recentErrors: [], ...changes };
}

/** A stream that failed permanently and is tried again, with changes. */
export function failingStatus(changes: Partial<StreamStatus> = {}): StreamStatus {
  const { shards: _, ...before } = status();
  const failure = {
    ...{ error: "Cannot read clicks_prod: AccessDeniedException", attempts: 7 },
    ...{ since: ago(5 * MINUTE), nextAttemptAt: ago(-MINUTE) },
  };
  return { ...before, lagMs: undefined, state: "failing", failure, ...changes };
}

/** The status of a store of these streams. */
export function store(...streams: readonly StreamStatus[]): StoreStatus {
  const { worker, workers, memory, uploads, at, startedAt } = status();
  const state = streams.every(({ state }) => state === "starting") ? "starting" : "running";
  const process = { version: "0.1.0", worker, workers, memory, uploads, at, startedAt };
  if (state === "running") return { ...process, state, streams };
  const { version } = process;
  return { version, at, startedAt: streams[0]?.startedAt ?? startedAt, state, streams };
}

/** As many streams as asked for, of which some are not well; the two last have one name. */
export function manyStatuses(count: number): StreamStatus[] {
  const kinds: Partial<StreamStatus>[] = [
    { state: "failing", failure: { ...failingStatus().failure!, error: LONG }, lagMs: undefined },
    { shards: [shard(0, { unarchivedAgeMs: 80 * MINUTE })], unarchivedAgeMs: 80 * MINUTE },
    { recentErrors: [{ message: LONG, times: 3, firstAt: ago(HOUR), lastAt: ago(8_000) }] },
    { totals: { "triton.files.archived": 1_234_567, "triton.gaps": 3 } },
  ];
  return Array.from({ length: count }, (_, n) => {
    const name = `${NAMES[n % NAMES.length]}_${String(n % (count - 1)).padStart(2, "0")}`;
    const changes = n % 7 === 1 ? kinds[(n - 1) / 7 % kinds.length] : {};
    const file: RecentFile = {
      ...{ key: `20260501/${name}-store-1777636800.tri`, size: 58_123_456, events: 1_234_567 },
      ...{ quarantined: 0, reason: "time", at: ago(n * MINUTE) },
    };
    return status({
      ...{
        stream: n === count - 1 ? `${NAMES[0]}_00` : name,
        client: n === count - 1 ? "audit" : "store",
      },
      ...{ totals: { "triton.files.archived": 7 * n, "triton.gaps": 0 }, recentFiles: [file] },
      ...changes,
    });
  });
}

const NAMES = [
  "clicks",
  "orders",
  "payments",
  "a_stream_with_a_rather_long_name_of_the_billing_team",
];

/** An error without a place to break the line. */
export const LONG = "Cannot put s3://triton-prod/20260501/clicks_prod-store-1777636800.tri: " +
  "getaddrinfo-ENOTFOUND-" + "bucket".repeat(20);

/** A server on a free port that shows a status. */
export function serve(
  show: () => StoreStatus | StreamStatus,
  { allowedHosts, clock = new VirtualClock() }: {
    readonly allowedHosts?: readonly string[];
    readonly clock?: VirtualClock;
  } = {},
): MonitorServer {
  return new MonitorServer({
    address: { hostname: "127.0.0.1", port: 0 },
    allowedHosts,
    status() {
      const shown = show();
      return "streams" in shown ? shown : store(shown);
    },
    registry: new MetricRegistry(),
    limits: LIMITS,
    clock,
  });
}
