import { SERVICE_NAMES } from "../archiver/status/archiver_status.ts";
import type { ServiceName, ServiceStatus, ShardStatus } from "../archiver/mod.ts";
import { duration } from "./duration.ts";
import type { StreamStatus } from "./store_status.ts";

/** Limits for the health checks. */
export interface HealthLimits {
  /**
   * How long a record may stay unarchived, in milliseconds. Default: the time between two files of the
   * stream and 15 minutes, which an upload may take.
   */
  readonly unhealthyAfterMs?: number | undefined;
  /** The least time until the stream drops an unarchived record, in milliseconds. */
  readonly minHeadroomMs: number;
  /** How long a worker without a sign of life keeps its shards, in milliseconds. */
  readonly leaseMs: number;
}

/** The result of a health check. */
export interface Verdict {
  readonly ok: boolean;
  /** Why it failed, one sentence each. */
  readonly reasons: readonly string[];
}

/** How long an upload may take after the rotation. */
const UPLOAD_ALLOWANCE_MS = 15 * 60_000;
/** The default rotation. */
const ROTATE_MS = 3_600_000;
/** A service that fails for longer counts as unreachable, in milliseconds. */
const FAILING_MS = 15_000;
/** So does one that has not responded for longer than this plus a lease, in milliseconds. */
const SILENT_MS = 120_000;

/**
 * Checks whether records of a stream can be archived: database and stream are reachable, and the worker holds
 * leases if shards are free.
 *
 * Until a store knows its shards, it waits for the database, the bucket or Kinesis. After that,
 * reading continues without the bucket.
 */
export function judgeStreamReadiness(status: StreamStatus, limits: HealthLimits): Verdict {
  const { state, shards } = status;
  const stopping = state === "stopping" ? "It is stopping" : undefined;
  if (state === "failing") return verdict([stopping, failureOf(status)]);
  if (shards === undefined) return verdict([stopping, ...waitsFor(status)]);
  const isIdle = shards.some(isFree) && !shards.some(isHeld);
  return verdict([
    stopping,
    outage("ledger", status) ?? silence("ledger", status, limits),
    outage("Kinesis", status) ?? silence("Kinesis", status, limits),
    isIdle ? "The worker holds no lease although shards are free" : undefined,
  ]);
}

/** What a store waits for until it knows its shards; never empty. */
function waitsFor(status: StreamStatus): string[] {
  const { services } = status;
  // The first request goes to the database.
  const required = SERVICE_NAMES.filter((service) => service === "ledger" || services[service]);
  const missing = required.map((service) => outage(service, status))
    .filter((reason) => reason !== undefined);
  return missing.length > 0 ? missing : ["The shards are not known yet"];
}

/** Checks whether records of a stream are archived in time: none waits too long or is about to be dropped. */
export function judgeStreamHealth(status: StreamStatus, limits: HealthLimits): Verdict {
  const { shards, at, startedAt, rotateMs = ROTATE_MS } = status;
  const { unhealthyAfterMs = rotateMs + UPLOAD_ALLOWANCE_MS, minHeadroomMs } = limits;
  const failure = failureOf(status);
  if (shards === undefined) {
    const age = at.getTime() - startedAt.getTime();
    const isLate = failure === undefined && age > unhealthyAfterMs;
    return verdict([
      failure,
      isLate ? `Nothing has been read since the start, ${duration(age)} ago` : undefined,
    ]);
  }
  // Other workers report their own shards, and the parents of a waiting shard report theirs.
  const own = shards.filter((shard) => isHeld(shard) || isFree(shard));
  return verdict([
    failure,
    ...shards.filter(({ state }) => state === "refused")
      .map(({ shardId }) => `${shardId} is refused: the database is behind the archive`),
    ...shards.filter(({ state }) => state === "failing")
      .map(({ shardId, error }) => `${shardId} cannot be read: ${error}`),
    ...own.filter(({ unarchivedAgeMs }) => unarchivedAgeMs > unhealthyAfterMs)
      .map(({ shardId, unarchivedAgeMs }) =>
        `${shardId}: records that arrived ${duration(unarchivedAgeMs)} ago are not archived`
      ),
    ...own.filter(({ headroomMs = Infinity }) => headroomMs < minHeadroomMs)
      .map(({ shardId, headroomMs }) =>
        `${shardId}: the stream drops unarchived records ${
          headroomMs! > 0 ? `in ${duration(headroomMs!)}` : "now"
        }`
      ),
  ]);
}

/** Why a stream could not be archived, until it has been for a while; undefined if it could. */
function failureOf({ at, failure }: StreamStatus): string | undefined {
  if (failure === undefined) return undefined;
  const { error, attempts, since, nextAttemptAt } = failure;
  const [age, pause] = [since, nextAttemptAt ?? at].map((time) => time.getTime() - at.getTime());
  const next = pause! > 0 ? `; the next attempt is in ${duration(pause!)}` : "";
  const count = attempts === 1 ? "once" : `${attempts} times in ${duration(-age!)}`;
  return `Archiving failed ${count}: ${error}${next}`;
}

function isHeld({ state }: ShardStatus): boolean {
  return state === "reading" || state === "failing";
}

function isFree({ state }: ShardStatus): boolean {
  return state === "free";
}

/** The name of a service, at the start of a sentence. */
function nameOf(service: ServiceName, { store }: StreamStatus): string {
  if (service === "Kinesis") return "Kinesis";
  if (service === "ledger") return "The database";
  if (store === undefined) return "The bucket";
  return `The ${store.startsWith("file:") ? "directory" : "bucket"} ${store}`;
}

/** Why a service that fails or never responded is unreachable; undefined if it is reachable. */
function outage(service: ServiceName, status: StreamStatus): string | undefined {
  const { at, services } = status;
  const { lastAnswerAt, failingSince, error }: ServiceStatus = services[service] ?? {};
  const because = error === undefined ? "" : `: ${error}`;
  if (lastAnswerAt === undefined) {
    return `${nameOf(service, status)} has not responded yet${because}`;
  }
  const failing = failingSince === undefined ? 0 : at.getTime() - failingSince.getTime();
  if (failing <= FAILING_MS) return undefined;
  return `${nameOf(service, status)} has been failing for ${duration(failing)}${because}`;
}

/** The same for a service that should respond regularly. */
function silence(
  service: ServiceName,
  status: StreamStatus,
  { leaseMs }: HealthLimits,
): string | undefined {
  const lastAnswerAt = status.services[service]!.lastAnswerAt!;
  const silent = status.at.getTime() - lastAnswerAt.getTime();
  if (silent <= SILENT_MS + leaseMs) return undefined;
  return `${nameOf(service, status)} has not responded for ${duration(silent)}`;
}

function verdict(reasons: readonly (string | undefined)[]): Verdict {
  const given = reasons.filter((reason) => reason !== undefined);
  return { ok: given.length === 0, reasons: given };
}
