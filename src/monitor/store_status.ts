import { SERVICE_NAMES } from "../archiver/archiver_status.ts";
import type { ArchiverStatus, ServiceName, ServiceStatus, ShardStatus } from "../archiver/mod.ts";

/** How `triton store` stands; what only an archiver knows is missing until there is one. */
export interface StoreStatus extends Partial<Omit<ArchiverStatus, "state">> {
  /** The moment. */
  readonly at: Date;
  /** Version of the program. */
  readonly version: string;
  /** When it was started. */
  readonly startedAt: Date;
  /** `"starting"` until the database has been reached. */
  readonly state: "starting" | ArchiverStatus["state"];
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** How the services answer. */
  readonly services: ArchiverStatus["services"];
  /** Errors of late, the newest first. */
  readonly recentErrors: ArchiverStatus["recentErrors"];
}

/** What is too long or too little. */
export interface HealthLimits {
  /** A record may stay unarchived for so long, in milliseconds. */
  readonly unhealthyAfterMs: number;
  /** The least time until the stream drops an unarchived record, in milliseconds. */
  readonly minHeadroomMs: number;
  /** How long a worker without a sign of life keeps its shards, in milliseconds. */
  readonly leaseMs: number;
}

/** An answer to "is it?", and why not. */
export interface Verdict {
  /** Whether it is. */
  readonly ok: boolean;
  /** Why not: one sentence each. */
  readonly reasons: readonly string[];
}

/** A service that fails for so long is not reachable, in milliseconds. */
const FAILING_MS = 15_000;
/** One that has not been heard of for so long, and a lease, neither. */
const SILENT_MS = 120_000;

/**
 * Whether work can be done: database and stream are reachable, and there are leases if any are due.
 *
 * A store that does not know its shards yet waits for what it has asked: the database, the bucket or
 * Kinesis. Later, reading continues without the bucket.
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
    isIdle ? "It holds no lease although shards are free" : undefined,
  ]);
}

/** What a store waits for that does not know its shards yet; there always is something. */
function waitsFor(status: StoreStatus): string[] {
  const { services } = status;
  // The database is what is asked first.
  const asked = SERVICE_NAMES.filter((service) => service === "ledger" || services[service]);
  const missing = asked.map((service) => outage(service, status))
    .filter((reason) => reason !== undefined);
  return missing.length > 0 ? missing : ["The shards are not known yet"];
}

/** Whether the work gets done: no record waits for too long, or is about to be dropped. */
export function judgeHealth(status: StoreStatus, limits: HealthLimits): Verdict {
  const { shards, at, startedAt } = status;
  const { unhealthyAfterMs, minHeadroomMs } = limits;
  if (shards === undefined) {
    const age = at.getTime() - startedAt.getTime();
    return verdict([
      age > unhealthyAfterMs ? `Nothing was read since the start, ${duration(age)} ago` : undefined,
    ]);
  }
  // What another worker holds is for that one to answer, and what waits for its parents for theirs.
  const own = shards.filter((shard) => isHeld(shard) || isFree(shard));
  return verdict([
    ...shards.filter(({ state }) => state === "refused")
      .map(({ shardId }) => `${shardId} is refused: the database is behind the archive`),
    ...shards.filter(({ state }) => state === "failing")
      .map(({ shardId, error }) => `${shardId} cannot be read: ${error}`),
    ...own.filter(({ unarchivedAgeMs }) => unarchivedAgeMs > unhealthyAfterMs)
      .map(({ shardId, unarchivedAgeMs }) =>
        `${shardId}: what arrived ${duration(unarchivedAgeMs)} ago is not archived`
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

/** A service's name in a sentence's beginning. */
function nameOf(service: ServiceName, { store }: StoreStatus): string {
  if (service === "Kinesis") return "Kinesis";
  if (service === "ledger") return "The database";
  if (store === undefined) return "The bucket";
  return `The ${store.startsWith("file:") ? "directory" : "bucket"} ${store}`;
}

/** Why a service counts as not reachable that never answered, or fails; undefined if it is. */
function outage(service: ServiceName, status: StoreStatus): string | undefined {
  const { at, services } = status;
  const { lastAnswerAt, failingSince, error }: ServiceStatus = services[service] ?? {};
  const because = error === undefined ? "" : `: ${error}`;
  if (lastAnswerAt === undefined) {
    return `${nameOf(service, status)} has not answered yet${because}`;
  }
  const failing = failingSince === undefined ? 0 : at.getTime() - failingSince.getTime();
  if (failing <= FAILING_MS) return undefined;
  return `${nameOf(service, status)} fails for ${duration(failing)}${because}`;
}

/** The same of a service that should answer again and again. */
function silence(
  service: ServiceName,
  status: StoreStatus,
  { leaseMs }: HealthLimits,
): string | undefined {
  const lastAnswerAt = status.services[service]!.lastAnswerAt!;
  const silent = status.at.getTime() - lastAnswerAt.getTime();
  if (silent <= SILENT_MS + leaseMs) return undefined;
  return `${nameOf(service, status)} is silent for ${duration(silent)}`;
}

function verdict(reasons: readonly (string | undefined)[]): Verdict {
  const given = reasons.filter((reason) => reason !== undefined);
  return { ok: given.length === 0, reasons: given };
}

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;

/** A time as people say it, in at most two units: `2 h 5 min`; nothing takes less than `0 s`. */
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
