import type {
  ArchiverHost,
  ArchiverMonitor,
  HostedStatus,
  HostStatus,
} from "../../../archiver/mod.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Ledgers } from "../../../ledger/many/ledgers.ts";
import { VERSION } from "../../../base/version.ts";
import type { StoreStatus, StreamKey, StreamStatus } from "../../../monitor/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { redact } from "../../text/redact.ts";
import type { ArchivePlace } from "./archive_maps.ts";
import type { GroupWatch } from "./watch_groups.ts";

/** A stream that is archived. */
export interface WatchedStream extends StreamKey {
  /** The time between two of its files, in milliseconds. */
  readonly rotateMs: number;
  /** Where its archive is. Default: unknown, so that there is no map of it. */
  readonly archive?: ArchivePlace | undefined;
}

/** What a {@linkcode StoreWatch} needs. */
export interface StoreWatchOptions {
  readonly clock: Clock;
  readonly env: CliContext["env"];
  /** Makes what counts the work on a stream. */
  readonly monitorOf: (stream: StreamKey) => ArchiverMonitor;
}

/** A stream, what counts the work on it, and since when. */
interface Watched extends WatchedStream {
  readonly monitor: ArchiverMonitor;
  readonly startedAt: Date;
}

/** Collects the status of `triton store`, from before its database responds. */
export class StoreWatch {
  /** What archives the streams, once it exists. */
  host?: Pick<ArchiverHost, "status">;
  /** The database of the streams, once it is open. */
  ledgers?: Pick<Ledgers, "readGroups">;
  /** Reads the consumer groups of the streams, if the status is shown. */
  groups?: GroupWatch;
  /** When the process began. */
  readonly startedAt: Date;
  readonly #options: StoreWatchOptions;
  readonly #streams = new Map<string, Watched>();

  constructor(options: StoreWatchOptions) {
    this.#options = options;
    this.startedAt = this.#now();
  }

  /** Starts to watch a stream, and returns what counts the work on it. */
  add(stream: WatchedStream): ArchiverMonitor {
    const monitor = this.#options.monitorOf(stream);
    this.#streams.set(keyOf(stream), { ...stream, monitor, startedAt: this.#now() });
    return monitor;
  }

  /** Stops watching a stream, which is not archived any more, and removes its metrics. */
  remove(stream: StreamKey): void {
    const key = keyOf(stream);
    this.#streams.get(key)?.monitor[Symbol.dispose]();
    this.#streams.delete(key);
  }

  /** The names of the streams, as Kinesis knows them. */
  get streams(): string[] {
    return [...new Set([...this.#streams.values()].map(({ stream }) => stream))];
  }

  /** Where the archive of a stream is; undefined if it is not watched. */
  archiveOf(stream: StreamKey): ArchivePlace | undefined {
    return this.#streams.get(keyOf(stream))?.archive;
  }

  /** The status as of this moment. */
  status(): StoreStatus {
    const host = this.host?.status();
    const hosted = new Map(host?.streams.map((stream) => [keyOf(stream), stream]));
    const { worker, workers, uploads, memory } = host ?? {};
    const state = host === undefined || isStarting(host) ? "starting" : host.state;
    return {
      ...{ version: VERSION, startedAt: this.startedAt, at: this.#now() },
      ...{ state, worker, workers, uploads, memory },
      streams: [...this.#streams].map(([key, stream]) => this.#statusOf(stream, hosted.get(key))),
    };
  }

  #statusOf(watched: Watched, hosted: HostedStatus | undefined): StreamStatus {
    const { monitor, archive: _, ...stream } = watched;
    const { env } = this.#options;
    const { services, recentErrors, recentFiles, totals } = monitor;
    const { archiver, failure, state = "starting" } = hosted ?? {};
    const known = { ...archiver, services, recentErrors };
    return {
      at: this.#now(),
      ...{ recentFiles, totals, ...withoutSecrets(known, env), ...stream, state },
      failure: failure && { ...failure, error: redact(failure.error, env) },
      consumerGroups: this.groups?.of(stream.stream),
    };
  }

  #now(): Date {
    return new Date(this.#options.clock.now());
  }
}

/** Whether no stream is read yet. */
function isStarting({ state, streams }: HostStatus): boolean {
  return state === "running" && streams.length > 0 &&
    streams.every(({ state }) => state === "starting");
}

/** As in the database: a client archives a stream once. */
function keyOf({ stream, client }: StreamKey): string {
  return JSON.stringify([client, stream]);
}

/** Masks secrets in the messages of services, which may contain anything. */
function withoutSecrets<T extends Pick<StreamStatus, "services" | "recentErrors" | "shards">>(
  status: T,
  env: CliContext["env"],
): T {
  const { services, recentErrors, shards } = status;
  const masked = Object.entries(services).map(([name, service]) => {
    const { error } = service;
    return [name, error === undefined ? service : { ...service, error: redact(error, env) }];
  });
  return {
    ...status,
    shards: shards?.map((shard) =>
      shard.error === undefined ? shard : { ...shard, error: redact(shard.error, env) }
    ),
    services: Object.fromEntries(masked),
    recentErrors: recentErrors.map((error) => ({ ...error, message: redact(error.message, env) })),
  };
}
