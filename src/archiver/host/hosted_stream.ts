import { getLogger } from "@logtape/logtape";
import { type Clock, pause } from "../../base/clock.ts";
import { messageOf, ServiceError } from "../../base/errors.ts";
import { retryDelayMs } from "../../base/retry.ts";
import type { Ledgers } from "../../ledger/mod.ts";
import { Archiver } from "../archiver.ts";
import type { Unarchived } from "../files/archive_writer.ts";
import type { SharedWork } from "../shared/shared_work.ts";
import { ArchiverMonitor } from "../status/archiver_monitor.ts";
import type { HostedOptions } from "./host_options.ts";
import type { HostedFailure, HostedStatus } from "./host_status.ts";
import type { DownStream } from "./streams_down_error.ts";

const log = getLogger(["triton", "archiver"]);

/** The pauses between attempts, in milliseconds. */
const PAUSES = { firstDelayMs: 1_000, maxDelayMs: 300_000 } as const;

/** A stream that is archived this long after a failure has recovered, in milliseconds. */
const WELL_MS = 60_000;

/** What a {@linkcode HostedStream} needs. */
export interface HostedStreamParts {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** Whether it is tried again after a failure. */
  readonly retries: boolean;
}

/** What attempts in a row have failed with. */
interface Failure extends Omit<HostedFailure, "error"> {
  readonly error: unknown;
}

/**
 * One stream of a host: an archiver, and a new one for each attempt after a permanent failure.
 *
 * Nothing of an attempt outlives it, except what the monitor has counted.
 */
export class HostedStream {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client that the archives belong to. */
  readonly client: string;
  readonly #parts: HostedStreamParts;
  readonly #options: HostedOptions;
  /** Receives what happens, across attempts. */
  readonly monitor: ArchiverMonitor;
  readonly #stop = new AbortController();
  #ended: Promise<void> | undefined;
  #archiver: Archiver | undefined;
  #lastFailure: Failure | undefined;
  /** Why stopping failed, if it did. */
  #stopFailure: { readonly error: unknown } | undefined;
  /** Whether shards have been read, so that no later attempt may skip records. */
  #hasRead = false;

  constructor(stream: string, options: HostedOptions, parts: HostedStreamParts) {
    const { client, monitor } = options;
    this.stream = stream;
    this.client = client;
    this.#parts = parts;
    this.#options = options;
    this.monitor = monitor ?? new ArchiverMonitor({ clock: parts.clock, stream, client });
  }

  /**
   * Archives the stream until {@linkcode stop}, or until it fails if it is not to be retried.
   *
   * @param ledgers Where its ledger comes from.
   * @param shared What it shares with the other streams.
   * @returns When it has ended. It never rejects: {@linkcode down} tells how it ended.
   */
  start(ledgers: Ledgers, shared: SharedWork): Promise<void> {
    return this.#ended ??= this.#run(ledgers, shared);
  }

  /**
   * Archives what was read, and frees the leases.
   *
   * @throws What kept it from doing so. A stream that was failing before has nothing to archive.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    if (this.#options.monitor === undefined) this.monitor[Symbol.dispose]();
    if (this.#stopFailure !== undefined) throw this.#stopFailure.error;
  }

  /** Why the stream is not archived; undefined if it is, or was until it stopped. */
  get down(): DownStream | undefined {
    if (this.#failure === undefined || this.#archiver?.isReading === true) return undefined;
    return { stream: this.stream, client: this.client, error: this.#failure.error };
  }

  /** What was read and is not archived yet. */
  get unarchived(): Unarchived | undefined {
    return this.#archiver?.unarchived;
  }

  /** The status as of this moment. */
  status(): HostedStatus {
    const { stream, client } = this;
    const archiver = this.#archiver?.status();
    return { stream, client, state: this.#state, failure: this.#failureStatus, archiver };
  }

  /** What the last attempts failed with, until the stream has been archived for a while. */
  get #failure(): Failure | undefined {
    return this.#lastFailure;
  }

  set #failure(failure: Failure | undefined) {
    this.#lastFailure = failure;
    this.monitor.isFailing = failure !== undefined;
  }

  get #state(): HostedStatus["state"] {
    if (this.#stop.signal.aborted) return "stopping";
    if (this.#archiver?.isReading === true) return "running";
    return this.#failure === undefined ? "starting" : "failing";
  }

  get #failureStatus(): HostedFailure | undefined {
    if (this.#failure === undefined) return undefined;
    const nextAttemptAt = this.#stop.signal.aborted ? undefined : this.#failure.nextAttemptAt;
    return { ...this.#failure, error: messageOf(this.#failure.error), nextAttemptAt };
  }

  async #run(ledgers: Ledgers, shared: SharedWork): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#attempt(ledgers, shared);
      } catch (error) {
        const delayMs = this.#noteFailure(error);
        if (!this.#parts.retries) return;
        await pause(this.#parts.clock, delayMs, signal);
      }
    }
  }

  /** Archives the stream until it is time to stop. */
  async #attempt(ledgers: Ledgers, shared: SharedWork): Promise<void> {
    const { clock } = this.#parts;
    const { kinesis, store } = this.#options;
    const ledger = ledgers.of({ stream: this.stream, client: this.client });
    if (this.#failure !== undefined) this.#failure = { ...this.#failure, nextAttemptAt: undefined };
    const skipToLatest = this.#options.skipToLatest === true && !this.#hasRead;
    const options = { ...this.#options, skipToLatest, monitor: this.monitor };
    const archiver = this.#archiver = new Archiver(
      { kinesis, store, ledger, clock, shared },
      options,
    );
    const ended = new AbortController();
    try {
      const recovering = this.#recover(ended.signal);
      await archiver.run(this.#stop.signal);
      if (archiver.isReading) this.#failure = undefined;
      ended.abort();
      await recovering;
    } finally {
      ended.abort();
      this.#hasRead ||= archiver.isReading;
      this.#archiver = undefined; // with all that it has in memory
    }
  }

  /** Forgets earlier failures once the stream is archived again for a while. */
  async #recover(ended: AbortSignal): Promise<void> {
    while (this.#failure !== undefined && await pause(this.#parts.clock, WELL_MS, ended)) {
      if (this.#archiver?.isReading !== true) continue;
      const { stream, client } = this;
      const { attempts } = this.#failure;
      this.#failure = undefined;
      log.info("{stream} is archived again, after {attempts} failed attempts", {
        event: "archiver.recovered",
        stream,
        client,
        attempts,
      });
    }
  }

  /** Notes that an attempt failed, and returns the pause before the next one, in milliseconds. */
  #noteFailure(error: unknown): number {
    const { clock, retries } = this.#parts;
    const attempt = (this.#failure?.attempts ?? 0) + 1;
    const delayMs = retryDelayMs(attempt, { ...PAUSES, clock });
    const now = clock.now();
    const since = this.#failure?.since ?? new Date(now);
    this.#failure = { error, attempts: attempt, since, nextAttemptAt: new Date(now + delayMs) };
    if (this.#stop.signal.aborted) {
      this.#stopFailure = { error };
      return delayMs;
    }
    if (!retries) return delayMs; // the host throws it
    log.error("Cannot archive {stream}, retrying in {delayMs} ms: {reason}", {
      event: "archiver.failed",
      stream: this.stream,
      client: this.client,
      attempt,
      delayMs,
      code: error instanceof ServiceError ? error.code : undefined,
      reason: messageOf(error),
    });
    return delayMs;
  }
}
