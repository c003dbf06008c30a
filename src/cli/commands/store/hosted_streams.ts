import { getLogger } from "@logtape/logtape";
import type { ArchiverHost, ArchiverMonitor, HostedOptions } from "../../../archiver/mod.ts";
import { keyOfJob, type StreamJob } from "../../options/stream_jobs.ts";
import type { SharedServices } from "../../shared_services.ts";
import type { StoreWatch } from "./store_watch.ts";

const log = getLogger(["triton", "cli"]);

/** How a stream is archived. */
type StreamSettings = Omit<HostedOptions, "client" | "kinesis" | "store" | "monitor">;

/** What {@linkcode HostedStreams} needs. */
export interface HostedStreamsParts {
  readonly host: Pick<ArchiverHost, "add" | "remove">;
  /** Stops the host: nothing is added or removed after that. */
  readonly signal: AbortSignal;
  readonly services: Pick<SharedServices, "kinesis" | "store">;
  readonly watch: Pick<StoreWatch, "add" | "remove">;
  /** How a stream is archived, by the configuration and by the flags. */
  readonly settingsOf: (job: StreamJob) => StreamSettings & { readonly rotateMs: number };
}

/** A stream that is to be archived, and its clients. */
type WantedStream = Pick<HostedOptions, "kinesis" | "store"> & { readonly job: StreamJob };

/** A stream that the host has, and what counts the work on it. */
interface HostedJob {
  readonly job: StreamJob;
  readonly monitor: ArchiverMonitor;
}

/** Lets a host archive the streams that are wanted, while these change. */
export class HostedStreams {
  readonly #parts: HostedStreamsParts;
  #wanted: ReadonlyMap<string, WantedStream> = new Map();
  readonly #hosted = new Map<string, HostedJob>();
  /** The streams that were added before: what they hold since then is not to be skipped. */
  readonly #known = new Set<string>();
  /** The streams that are being added or removed, one step after the other. */
  readonly #settling = new Set<string>();

  constructor(parts: HostedStreamsParts) {
    this.#parts = parts;
  }

  /** What counts the work on each stream. */
  get monitors(): ArchiverMonitor[] {
    return [...this.#hosted.values()].map(({ monitor }) => monitor);
  }

  /**
   * Archives these streams, and no others. One whose settings have changed is stopped and begun again.
   * What was read of streams that leave is archived in the background, however long that takes.
   *
   * @throws {TritonError} If a client cannot be opened: nothing has changed then.
   */
  async set(jobs: readonly StreamJob[]): Promise<void> {
    const { services } = this.#parts;
    const wanted = new Map<string, WantedStream>();
    for (const job of jobs) {
      const [kinesis, store] = [await services.kinesis(job.config), await services.store(job)];
      wanted.set(keyOfJob(job), { job, kinesis, store });
    }
    this.#report(wanted);
    this.#wanted = wanted;
    for (const key of new Set([...this.#hosted.keys(), ...wanted.keys()])) this.#settle(key);
  }

  #report(wanted: ReadonlyMap<string, WantedStream>): void {
    const [before, after] = [[...this.#wanted.keys()], [...wanted.keys()]];
    const added = after.filter((key) => !this.#wanted.has(key)).length;
    const removed = before.filter((key) => !wanted.has(key)).length;
    if (added + removed === 0 && before.length > 0) return;
    log.info("Archiving {streams} streams: {added} added, {removed} removed", {
      event: "streams.selected",
      streams: after.length,
      added,
      removed,
    });
  }

  /** Removes and adds a stream until it is as wanted. */
  async #settle(key: string): Promise<void> {
    if (this.#settling.has(key)) return; // which sees the change, too
    this.#settling.add(key);
    try {
      while (!this.#parts.signal.aborted) {
        const [wanted, hosted] = [this.#wanted.get(key), this.#hosted.get(key)];
        if (isSame(wanted?.job, hosted?.job)) return;
        if (hosted !== undefined) await this.#remove(key, hosted.job);
        else this.#add(key, wanted!);
      }
    } finally {
      this.#settling.delete(key);
    }
  }

  #add(key: string, { job, kinesis, store }: WantedStream): void {
    const { host, watch, settingsOf } = this.#parts;
    const { client, config: { name: stream, logicalName } } = job;
    const settings = settingsOf(job);
    const monitor = watch.add({
      ...{ stream, client, rotateMs: settings.rotateMs },
      archive: { store, logicalName },
    });
    this.#hosted.set(key, { job, monitor });
    const skipToLatest = settings.skipToLatest === true && !this.#known.has(key);
    this.#known.add(key);
    host.add(stream, { ...settings, skipToLatest, client, kinesis, store, monitor });
  }

  async #remove(key: string, { client, config: { name: stream } }: StreamJob): Promise<void> {
    const { host, watch } = this.#parts;
    try {
      await host.remove(stream, client);
    } catch (error) {
      log.error("Cannot archive what was read of {stream}, which is read again: {reason}", {
        event: "stream.abandoned",
        stream,
        client,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
    watch.remove({ stream, client });
    this.#hosted.delete(key);
  }
}

function isSame(one: StreamJob | undefined, two: StreamJob | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(two);
}
