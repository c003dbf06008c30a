import type { ArchiverHost, HostedOptions } from "../../../archiver/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import type { StreamJob } from "../../options/stream_jobs.ts";
import { HostedStreams } from "./hosted_streams.ts";
import type { SharedServices } from "../../shared_services.ts";
import type { StoreMonitor } from "./store_monitor.ts";
import type { StreamSource } from "./stream_source.ts";

/** How streams are archived, by the flags; the configuration may differ for some. */
export interface ArchiveFlags
  extends Omit<HostedOptions, "client" | "kinesis" | "store" | "monitor"> {
  readonly rotateMs: number;
  readonly maxSize: number;
}

/** What {@linkcode archiveStreams} needs. */
export interface ArchiveParts {
  readonly source: StreamSource;
  readonly services: SharedServices;
  readonly host: ArchiverHost;
  readonly watch: StoreMonitor;
  readonly flags: ArchiveFlags;
}

/** Archives the streams of a source until the signal is aborted. */
export class StreamArchiving {
  readonly #parts: ArchiveParts;
  readonly #signal: AbortSignal;
  readonly #streams: HostedStreams;

  constructor(parts: ArchiveParts, { signal }: Pick<CliContext, "signal">) {
    const { host, services, watch, flags } = parts;
    this.#parts = parts;
    this.#signal = signal;
    const settingsOf = (job: StreamJob) => settings(job, flags);
    this.#streams = new HostedStreams({ host, signal, services, watch, settingsOf });
  }

  /** What has been counted of each stream. */
  get monitors(): HostedStreams["monitors"] {
    return this.#streams.monitors;
  }

  async run(): Promise<void> {
    const { source, host, watch } = this.#parts;
    try {
      await this.#streams.set(await source.first(this.#signal));
    } catch (error) {
      if (error === this.#signal.reason) return; // stopped while Kinesis did not respond
      throw error;
    }
    watch.host = host;
    const failed = new AbortController();
    const following = this.#follow().catch((error) => failed.abort(error));
    await host.run(AbortSignal.any([this.#signal, failed.signal]));
    await following;
    failed.signal.throwIfAborted();
  }

  /** Adds and removes streams, as the source has them. */
  async #follow(): Promise<void> {
    const { source } = this.#parts;
    for await (const jobs of source.later(this.#signal)) {
      try {
        await this.#streams.set(jobs);
      } catch (error) {
        source.refuse(error);
      }
    }
  }
}

/** How a stream is archived: the configuration wins. */
function settings({ config: { archive = {} } }: StreamJob, flags: ArchiveFlags): ArchiveFlags {
  const { rotateMs = flags.rotateMs, maxSize = flags.maxSize, from = flags.from } = archive;
  return { ...flags, rotateMs, maxSize, from };
}
