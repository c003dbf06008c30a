import type { ArchiverStatus } from "../status/archiver_status.ts";

/** Why a stream is not archived at the moment, or was not a moment ago. */
export interface HostedFailure {
  /** What the last attempt failed with. */
  readonly error: string;
  /** How many attempts in a row have failed. */
  readonly attempts: number;
  /** When the first of them failed. */
  readonly since: Date;
  /** When the next attempt starts; undefined while one is under way, and when it is time to stop. */
  readonly nextAttemptAt: Date | undefined;
}

/** The status of one stream of an {@linkcode ArchiverHost}, as of one moment. */
export interface HostedStatus {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /**
   * `"starting"` until database, bucket and stream have been checked for the first time, then
   * `"running"`. `"failing"` from a permanent failure until a retry gets as far as reading shards.
   * `"stopping"` while it archives what it has read, because it is removed or the host stops.
   */
  readonly state: "starting" | "running" | "failing" | "stopping";
  /** The last failure. It stays for a minute after the stream is archived again. */
  readonly failure?: HostedFailure | undefined;
  /** The status of its archiver; undefined while there is none, as between two attempts. */
  readonly archiver?: ArchiverStatus | undefined;
}

/** The status of an {@linkcode ArchiverHost}, as of one moment: a plain value that never changes. */
export interface HostStatus {
  /** The moment. */
  readonly at: Date;
  /** This worker's name. */
  readonly worker: string;
  /** All workers that are alive and archive one of the streams, as far as is known. */
  readonly workers: readonly string[];
  /** Whether it reads, or archives what it has read before it stops. */
  readonly state: "running" | "stopping";
  /** Memory, in bytes: taken by records not archived yet, the limit of that, and the process's. */
  readonly memory: { readonly buffered: number; readonly limit: number; readonly rss: number };
  /** How many closed files are not committed yet. */
  readonly uploads: number;
  /** The streams, in the order in which they were added. */
  readonly streams: readonly HostedStatus[];
}
