import type { Clock } from "../base/clock.ts";
import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { KinesisApi, StartPosition } from "../kinesis/kinesis_api.ts";
import type { ShardId } from "../base/record.ts";
import type { ArchiverMonitor } from "./status/archiver_monitor.ts";
import type { SharedWork } from "./shared/shared_work.ts";
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
  /** What it shares with other archivers of the process. Default: nothing. */
  readonly shared?: SharedWork | undefined;
}

/** How a stream is archived. */
export interface ArchiverOptions {
  /** Where to begin shards that are not in the ledger. Default: at the trim horizon. */
  readonly from?: Exclude<StartPosition, { readonly type: "after" }> | undefined;
  /** Passes over saved positions, and begins every shard now. */
  readonly skipToLatest?: boolean | undefined;
  /** A file is closed at every multiple of this time since the Unix epoch, in milliseconds. Default: an
   * hour. */
  readonly rotateMs?: number | undefined;
  /** A file is closed when it has this compressed size, in bytes. Default: 32 MiB. */
  readonly maxSize?: number | undefined;
  /** Reading waits while records not archived yet take more than this, in bytes. Default: 96 MiB, or
   * what the archivers of the process share. */
  readonly maxMemory?: number | undefined;
  /** How long a lease lasts without being renewed, in milliseconds. Default: 20,000. */
  readonly leaseMs?: number | undefined;
  /** The only shards to archive, all of them. Default: an even share of all shards. */
  readonly shards?: readonly ShardId[] | undefined;
  /** Time between polls of a shard that is read to its end, in milliseconds. Default: 1,000. */
  readonly pollIntervalMs?: number | undefined;
  /** Maximum number of records of one poll. Default: 10,000. */
  readonly limit?: number | undefined;
  /** Moves positions that are behind the archive, instead of refusing their shards. */
  readonly recover?: boolean | undefined;
  /** Receives what happens. Default: one of the archiver's own. */
  readonly monitor?: ArchiverMonitor | undefined;
  /** Called with each file that reached the archive. What it throws is logged. */
  readonly onFile?: ((file: ArchivedFile) => void | Promise<void>) | undefined;
}
