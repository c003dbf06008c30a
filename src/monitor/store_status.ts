import type { SequenceNumber, ShardId } from "../base/record.ts";
import { SERVICE_NAMES } from "../archiver/status/archiver_status.ts";
import type { ArchiverStatus, ServiceName, ServiceStatus, ShardStatus } from "../archiver/mod.ts";

/** The status of `triton store`; without what only an archiver knows until there is one. */
export interface StoreStatus extends Partial<Omit<ArchiverStatus, "state">> {
  readonly at: Date;
  readonly version: string;
  readonly startedAt: Date;
  /** `"starting"` until the database has responded. */
  readonly state: "starting" | ArchiverStatus["state"];
  readonly stream: string;
  /** Name of the client that owns the archives. */
  readonly client: string;
  readonly services: ArchiverStatus["services"];
  /** Recent errors, the newest first. */
  readonly recentErrors: ArchiverStatus["recentErrors"];
  /** The consumer groups that read the stream. Undefined before the first attempt to read them. */
  readonly consumerGroups?: GroupsStatus | undefined;
}

/** A member of a consumer group. */
export interface GroupMemberStatus {
  /** Its name. */
  readonly worker: string;
  /** Whether its leases hold. */
  readonly isAlive: boolean;
  /** The shards that it reads. */
  readonly shards: readonly ShardId[];
  /** What its handler failed with last, until it succeeds again. */
  readonly lastError: string | undefined;
}

/** A shard that a consumer group has not processed to its end. */
export interface GroupShardStatus {
  /** The shard. */
  readonly shardId: ShardId;
  /** The member that reads it, if one does. */
  readonly owner: string | undefined;
  /** How often its lease was taken. */
  readonly epoch: number;
  /** The last processed record. Undefined if there is none. */
  readonly position: SequenceNumber | undefined;
  /** When the position was saved. Undefined if there is none. */
  readonly savedAt: Date | undefined;
}

/** A consumer group that reads the stream. */
export interface GroupStatus {
  /** Name of its client. */
  readonly client: string;
  /** Its members; those that died are listed until another one notices. */
  readonly members: readonly GroupMemberStatus[];
  /** Its open shards. */
  readonly shards: readonly GroupShardStatus[];
  /** How many shards it has processed to their end. */
  readonly endedShards: number;
}

/** The consumer groups in the database, as they were read last. */
export interface GroupsStatus {
  /** When that was. Undefined if they were never read. */
  readonly readAt: Date | undefined;
  /** Why they could not be read since then. */
  readonly error: string | undefined;
  /** The groups, by client. */
  readonly groups: readonly GroupStatus[];
}

/** Limits for the health checks. */
export interface HealthLimits {
  /** How long a record may stay unarchived, in milliseconds. */
  readonly unhealthyAfterMs: number;
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

/** A service that fails for longer counts as unreachable, in milliseconds. */
const FAILING_MS = 15_000;
/** So does one that has not responded for longer than this plus a lease, in milliseconds. */
const SILENT_MS = 120_000;

/**
 * Checks whether records can be archived: database and stream are reachable, and the worker holds
 * leases if shards are free.
 *
 * Until a store knows its shards, it waits for the database, the bucket or Kinesis. After that,
 * reading continues without the bucket.
 */
export function judgeReadiness(status: StoreStatus, limits: HealthLimits): Verdict {
  const { state, shards } = status;
  const stopping = state === "stopping" ? "It is stopping" : undefined;
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
function waitsFor(status: StoreStatus): string[] {
  const { services } = status;
  // The first request goes to the database.
  const required = SERVICE_NAMES.filter((service) => service === "ledger" || services[service]);
  const missing = required.map((service) => outage(service, status))
    .filter((reason) => reason !== undefined);
  return missing.length > 0 ? missing : ["The shards are not known yet"];
}

/** Checks whether records are archived in time: none waits too long or is about to be dropped. */
export function judgeHealth(status: StoreStatus, limits: HealthLimits): Verdict {
  const { shards, at, startedAt } = status;
  const { unhealthyAfterMs, minHeadroomMs } = limits;
  if (shards === undefined) {
    const age = at.getTime() - startedAt.getTime();
    return verdict([
      age > unhealthyAfterMs
        ? `Nothing has been read since the start, ${duration(age)} ago`
        : undefined,
    ]);
  }
  // Other workers report their own shards, and the parents of a waiting shard report theirs.
  const own = shards.filter((shard) => isHeld(shard) || isFree(shard));
  return verdict([
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

function isHeld({ state }: ShardStatus): boolean {
  return state === "reading" || state === "failing";
}

function isFree({ state }: ShardStatus): boolean {
  return state === "free";
}

/** The name of a service, at the start of a sentence. */
function nameOf(service: ServiceName, { store }: StoreStatus): string {
  if (service === "Kinesis") return "Kinesis";
  if (service === "ledger") return "The database";
  if (store === undefined) return "The bucket";
  return `The ${store.startsWith("file:") ? "directory" : "bucket"} ${store}`;
}

/** Why a service that fails or never responded is unreachable; undefined if it is reachable. */
function outage(service: ServiceName, status: StoreStatus): string | undefined {
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
  status: StoreStatus,
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

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;

/** Formats a duration in at most two units: `2 h 5 min`; negative ones as `0 s`. */
export function duration(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}
