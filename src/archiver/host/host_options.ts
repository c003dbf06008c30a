import type { Clock } from "../../base/clock.ts";
import type { KinesisApi } from "../../kinesis/kinesis_api.ts";
import type { Ledgers } from "../../ledger/mod.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiverOptions } from "../archiver_options.ts";
import type { SharedWorkOptions } from "../shared/shared_work.ts";
import type { ArchiverMonitor } from "../status/archiver_monitor.ts";

/** Services for an {@linkcode ArchiverHost}. */
export interface HostServices {
  /**
   * Who archives what, shared with other processes; or what opens the database. The host retries that
   * until the database responds, and closes the database at the end.
   */
  readonly ledgers: Ledgers | (() => Promise<Ledgers>);
  /** Source of time and random numbers. */
  readonly clock: Clock;
}

/** What all streams of an {@linkcode ArchiverHost} share. */
export interface HostOptions extends SharedWorkOptions, Pick<ArchiverOptions, "leaseMs"> {
  /**
   * Ends all streams when one fails permanently, instead of retrying it: what a process of one stream
   * wants whose user waits for the answer. Default: false.
   */
  readonly endsOnFailure?: boolean | undefined;
}

/** How one stream of an {@linkcode ArchiverHost} is archived, and where. */
export interface HostedOptions extends Omit<ArchiverOptions, "maxMemory" | "leaseMs"> {
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** Where the records come from. Streams of one region share one. */
  readonly kinesis: KinesisApi;
  /** Where the archives go. Streams of one bucket share one. */
  readonly store: ObjectStore;
  /** Receives what happens, also across retries. Default: one of the stream's own. */
  readonly monitor?: ArchiverMonitor | undefined;
}
