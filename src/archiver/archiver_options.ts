import type { Clock } from "../base/clock.ts";
import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { KinesisApi, StartPosition } from "../kinesis/kinesis_api.ts";
import type { ShardId } from "../base/record.ts";
import type { ArchiverMonitor } from "./status/archiver_monitor.ts";
import type { ArchivedFile } from "./status/archiver_status.ts";

/** What an archiver needs. */
export interface ArchiverServices {
  /** Where records come from. */
  readonly kinesis: KinesisApi;
  /** Where archives go. */
  readonly store: ObjectStore;
  /** Who archives what, shared with other workers. */
  readonly ledger: ArchiveLedger;
  /** Source of time and random numbers. */
  readonly clock: Clock;
}

/** How a stream is archived. */
export interface ArchiverOptions {
  /** Where to begin shards that nothing is known of: at the trim horizon unless given. */
  readonly from?: Exclude<StartPosition, { readonly type: "after" }> | undefined;
  /** Passes over saved positions, and begins every shard now. */
  readonly skipToLatest?: boolean | undefined;
  /** A file is closed at every multiple of this time since the Unix epoch: an hour unless given. */
  readonly rotateMs?: number | undefined;
  /** A file is closed when it has this compressed size in bytes: 32 MiB unless given. */
  readonly maxSize?: number | undefined;
  /** Reading waits while records not archived yet take more bytes than this: 96 MiB unless given. */
  readonly maxMemory?: number | undefined;
  /** How long a shard stays this worker's without a sign of life: 20 s unless given. */
  readonly leaseMs?: number | undefined;
  /** The only shards to archive, where shards are placed by hand. */
  readonly shards?: readonly ShardId[] | undefined;
  /** Time between polls of a shard that is read to its end: a second unless given. */
  readonly pollIntervalMs?: number | undefined;
  /** The most records of one poll: 10,000 unless given. */
  readonly limit?: number | undefined;
  /** Moves positions that are behind the archive, instead of refusing their shards. */
  readonly recover?: boolean | undefined;
  /** Told of what happens; one of the archiver's own unless given. */
  readonly monitor?: ArchiverMonitor | undefined;
  /** Told of each file that reached the archive; what it throws is logged. */
  readonly onFile?: ((file: ArchivedFile) => void | Promise<void>) | undefined;
}
