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

/** Whether work can be done: database and stream are reachable, and there are leases if any are due. */
export function judgeReadiness(status: StoreStatus, limits: HealthLimits): Verdict {
  const { state, shards, services } = status;
  const reasons: (string | undefined)[] = [
    state === "stopping" ? "It is stopping" : undefined,
    reachability("ledger", "The database", status, limits),
  ];
  if (state === "starting") return verdict(reasons);
  reasons.push(reachability("Kinesis", "Kinesis", status, limits));
  if (shards === undefined) {
    if (services.ledger !== undefined) reasons.push("The shards are not known yet");
  } else if (shards.some(isFree) && !shards.some(isHeld)) {
    reasons.push("It holds no lease although shards are free");
  }
  return verdict(reasons);
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

/** Why a service counts as not reachable; undefined if it is. */
function reachability(
  service: ServiceName,
  name: string,
  { at, services }: StoreStatus,
  { leaseMs }: HealthLimits,
): string | undefined {
  const { lastAnswerAt, failingSince, error }: ServiceStatus = services[service] ?? {};
  const since = (time: Date) => at.getTime() - time.getTime();
  const because = error === undefined ? "" : `: ${error}`;
  if (lastAnswerAt === undefined) return `${name} has not answered yet${because}`;
  if (failingSince !== undefined && since(failingSince) > FAILING_MS) {
    return `${name} fails for ${duration(since(failingSince))}${because}`;
  }
  const silent = since(lastAnswerAt);
  return silent > SILENT_MS + leaseMs ? `${name} is silent for ${duration(silent)}` : undefined;
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
