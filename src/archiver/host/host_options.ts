import type { Clock } from "../../base/clock.ts";
import type { KinesisApi } from "../../kinesis/kinesis_api.ts";
import type { ArchiveLedger } from "../../ledger/archive_ledger.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiverOptions } from "../archiver_options.ts";
import type { ArchiverMonitor } from "../status/archiver_monitor.ts";

/** The ledgers of any number of streams. They stay open for as long as the host runs. */
export interface HostLedgers {
  /**
   * Returns the ledger of a stream. A host calls this once for each stream, and again while it fails.
   *
   * @param archive Stream, as Kinesis names it, and client.
   */
  of(
    archive: { readonly stream: string; readonly client: string },
  ): ArchiveLedger | Promise<ArchiveLedger>;
}

/** Services for an {@linkcode ArchiverHost}. */
export interface HostServices {
  /** Who archives what, shared with other processes. */
  readonly ledgers: HostLedgers;
  /** Source of time and random numbers. */
  readonly clock: Clock;
}

/** What all streams of an {@linkcode ArchiverHost} share. */
export interface HostOptions extends Pick<ArchiverOptions, "maxMemory" | "leaseMs"> {
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
