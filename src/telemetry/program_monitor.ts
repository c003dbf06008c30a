import type { RecentError } from "./recent_errors.ts";
import type { MetricSink } from "./metric_sink.ts";

/** A shard that a reader reads. */
export interface ReadShardStatus {
  /** The shard. */
  readonly shardId: string;
  /** How far reading is behind its newest record, in milliseconds. Undefined before a response. */
  readonly lagMs: number | undefined;
}

/** What a reader or a writer of a program is doing. */
export interface PartStatus {
  /** What it is. */
  readonly type: "reader" | "history" | "group" | "writer";
  /** Name of the stream in Kinesis. */
  readonly stream: string;
  /** The client under which positions are saved; empty if none are. */
  readonly client: string;
  /**
   * `"starting"` until a shard was read, or a record was put; `"archive"` while a history reads the
   * archive; `"failed"` after it has ended with an error.
   */
  readonly state: "starting" | "archive" | "running" | "failed";
  /** When it was created. */
  readonly startedAt: Date;
  /** What it has failed with. */
  readonly error?: string | undefined;
  /** What was counted, by the names of the metrics, shards added up. */
  readonly totals: Readonly<Record<string, number>>;
  /** What failed of late, the newest first. */
  readonly recentErrors: readonly RecentError[];
  /** Lag of the shard that is furthest behind, in milliseconds. Undefined if it is not known. */
  readonly lagMs?: number | undefined;
  /** The shards that are being read. */
  readonly shards?: readonly ReadShardStatus[] | undefined;
  /** Memory used by records that were fetched and are not read yet, in bytes. */
  readonly bufferedBytes?: number | undefined;
  /** When positions were saved last. Undefined if they never were. */
  readonly savedAt?: Date | undefined;
  /** How many records are not known to be in the stream yet. */
  readonly waiting?: number | undefined;
  /** How long the stream has accepted none of those that are being put, in milliseconds. */
  readonly waitingMs?: number | undefined;
}

/** Receives what readers and writers of a program do. */
export interface ProgramMonitor {
  /** Receives their metrics. */
  readonly meter: MetricSink;
  /**
   * Adds a reader or a writer.
   *
   * @param status What it is doing, whenever that is called.
   * @returns Removes it.
   */
  add(status: () => PartStatus): () => void;
}

/** An option of readers and writers. */
export interface MonitoredOptions {
  /**
   * Shows what happens on the page of a monitor, and in its metrics: see `openMonitor`. Metrics always go to
   * the provider of OpenTelemetry, if the program has set one.
   */
  readonly monitor?: ProgramMonitor | undefined;
}
