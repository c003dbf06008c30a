import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { RecentError } from "../../telemetry/recent_errors.ts";
import type { Observation } from "../../telemetry/instruments.ts";
import type { ServiceName } from "../../base/retry.ts";
import type { CloseReason } from "../files/rotation.ts";

export type { ServiceName } from "../../base/retry.ts";
export type { RecentError } from "../../telemetry/recent_errors.ts";

/** All services of an archiver, in the order in which a worker that starts asks them. */
export const SERVICE_NAMES: readonly ServiceName[] = ["ledger", "object store", "Kinesis"];

/** How a service answers. */
export interface ServiceStatus {
  /** When it last answered; undefined if it never did. */
  readonly lastAnswerAt?: Date | undefined;
  /** Since when a request to it fails that is still repeated; undefined if none is. */
  readonly failingSince?: Date | undefined;
  /** What that one failed with last. */
  readonly error?: string | undefined;
}

/** A file that reached the archive. */
export interface ArchivedFile {
  /** Key of the archive. */
  readonly key: string;
  /** Size of the file in bytes. */
  readonly size: number;
  /** How many events it holds. */
  readonly events: number;
  /** How many records in it are not events. */
  readonly quarantined: number;
  /** Why it was closed. */
  readonly reason: CloseReason;
}

/** A file that was committed. */
export interface RecentFile extends ArchivedFile {
  /** When it was committed. */
  readonly at: Date;
}

/** The file that is being filled. */
export interface OpenFileStatus {
  /** When its first record came in. */
  readonly openedAt: Date;
  /** How many events it holds. */
  readonly events: number;
  /** How many records in it are not events. */
  readonly quarantined: number;
  /** About its size in bytes, compressed for the most part. */
  readonly bytes: number;
}

/** How one shard stands. */
export interface ShardStatus {
  /** The shard. */
  readonly shardId: ShardId;
  /**
   * Who archives it: this worker (`"reading"`, or `"failing"` while Kinesis refuses the shard),
   * `"another"` (or none, if shards are assigned by hand and this one to others), or none: it is
   * `"free"`, `"waiting"` until its parents have ended, or `"refused"` by this worker.
   */
  readonly state: "reading" | "failing" | "another" | "free" | "waiting" | "refused";
  /** What Kinesis refuses it with, while it is failing. */
  readonly error?: string | undefined;
  /** The worker that holds the lease, if one does. */
  readonly owner: string | undefined;
  /** How often the lease was taken. */
  readonly epoch: number;
  /** The last record archived; undefined if none was. */
  readonly position: SequenceNumber | undefined;
  /** Everything that arrived before this is archived. */
  readonly archivedUntil: Date;
  /** How long ago that is: no record that is not archived is older. In milliseconds. */
  readonly unarchivedAgeMs: number;
  /** How long until the stream drops such a record, in milliseconds. */
  readonly headroomMs: number | undefined;
  /** How far reading is behind the newest record, in milliseconds, if this worker reads it. */
  readonly lagMs: number | undefined;
}

/** How an archiver stands, as of one moment: a plain value that never changes. */
export interface ArchiverStatus {
  /** The moment. */
  readonly at: Date;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** Where the archives go. */
  readonly store: string;
  /** This worker's name. */
  readonly worker: string;
  /** All workers that are alive, as far as is known. */
  readonly workers: readonly string[];
  /** Whether it reads, or archives what it has read before it stops. */
  readonly state: "running" | "stopping";
  /** How long the stream keeps a record, in milliseconds; undefined while it is not known. */
  readonly retentionMs: number | undefined;
  /** Files are closed at the multiples of this time, in milliseconds. */
  readonly rotateMs: number;
  /** How long after those multiples, in milliseconds: the streams of a process take turns. */
  readonly rotateOffsetMs: number;
  /** The shards that have not ended; undefined while the ledger was not asked. */
  readonly shards: readonly ShardStatus[] | undefined;
  /** How many shards were archived to their end, when the stream's shards were last listed. */
  readonly endedShards: number;
  /** The greatest lag of the shards that this worker reads, in milliseconds. */
  readonly lagMs: number | undefined;
  /** The greatest unarchived age of all shards, in milliseconds. */
  readonly unarchivedAgeMs: number | undefined;
  /** The least headroom of all shards, in milliseconds. */
  readonly headroomMs: number | undefined;
  /** The file that is being filled, if a record is in it. */
  readonly openFile: OpenFileStatus | undefined;
  /** How many closed files are not committed yet. */
  readonly uploads: number;
  /** Files that were committed last, the newest first. */
  readonly recentFiles: readonly RecentFile[];
  /** Errors of late, the newest first. */
  readonly recentErrors: readonly RecentError[];
  /** How the services answer that were asked so far. */
  readonly services: Readonly<Partial<Record<ServiceName, ServiceStatus>>>;
  /** What was counted since the start, by the names of the metrics. */
  readonly totals: Readonly<Record<string, number>>;
  /** Memory, in bytes: taken by records not archived yet, the limit of that, and the process's. */
  readonly memory: { readonly buffered: number; readonly limit: number; readonly rss: number };
}

/** The values of a process' gauges for its memory: all of its archivers report the same. */
export function memoryObservations(
  { buffered, limit }: Pick<ArchiverStatus["memory"], "buffered" | "limit">,
): Observation[] {
  return [
    { name: "triton.memory.buffered", value: buffered },
    { name: "triton.memory.limit", value: limit },
    { name: "triton.memory.rss", value: Deno.memoryUsage().rss },
  ];
}

/** The values of a stream's gauges, as a status has them. */
export function* observationsOf(status: ArchiverStatus): Generator<Observation> {
  const { shards = [] } = status;
  const count = (wanted: ShardStatus["state"]) =>
    shards.filter(({ state }) => state === wanted).length;
  const [reading, failing, refused] = [count("reading"), count("failing"), count("refused")];
  yield { name: "triton.leases.held", value: reading + failing };
  yield { name: "triton.shards.failing", value: failing };
  yield { name: "triton.shards.refused", value: refused };
  yield* seconds("triton.lag", status.lagMs);
  yield* seconds("triton.unarchived.age", status.unarchivedAgeMs);
  yield* seconds("triton.headroom", status.headroomMs);
  yield* seconds("triton.retention", status.retentionMs);
  yield* seconds("triton.last.commit.timestamp", status.recentFiles[0]?.at.getTime());
  for (const { shardId: shard, lagMs, unarchivedAgeMs, headroomMs } of shards) {
    yield* seconds("triton.shard.lag", lagMs, { shard });
    yield* seconds("triton.shard.unarchived.age", unarchivedAgeMs, { shard });
    yield* seconds("triton.shard.headroom", headroomMs, { shard });
  }
}

function* seconds(
  name: Observation["name"],
  ms: number | undefined,
  attributes?: Observation["attributes"],
): Generator<Observation> {
  if (ms !== undefined) yield { name, value: ms / 1000, attributes };
}
