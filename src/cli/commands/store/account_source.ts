import { getLogger } from "@logtape/logtape";
import { type Clock, pause } from "../../../base/clock.ts";
import { TritonError } from "../../../base/errors.ts";
import { findStreams, type KinesisApi } from "../../../kinesis/mod.ts";
import { matchesAny } from "../../options/name_pattern.ts";
import type { StreamJob } from "../../options/stream_jobs.ts";
import type { Selection } from "../../options/stream_selection.ts";
import type { StreamSource } from "./stream_source.ts";

const log = getLogger(["triton", "cli"]);

/** Time from the end of a look to the next one, in milliseconds. */
const INTERVAL_MS = 60_000;

/** What an {@linkcode AccountSource} needs. */
export interface AccountSourceOptions {
  readonly selection: Extract<Selection, { readonly type: "account" }>;
  readonly clock: Clock;
  /** Opens Kinesis. */
  readonly kinesis: () => Promise<KinesisApi>;
  /** Finds out how the streams of these names are archived. */
  readonly jobsOf: (names: readonly string[]) => readonly StreamJob[];
  /** How often a request is tried. Default: until it succeeds. */
  readonly maxAttempts?: number | undefined;
}

/** Archives streams of the account, which is looked at every minute. */
export class AccountSource implements StreamSource {
  readonly #options: AccountSourceOptions;

  constructor(options: AccountSourceOptions) {
    this.#options = options;
  }

  async first(signal: AbortSignal): Promise<readonly StreamJob[]> {
    const { selection: { like, except, tags }, clock, maxAttempts } = this.#options;
    const accepts = (name: string) => matchesAny(like, name) && !matchesAny(except, name);
    const kinesis = await this.#options.kinesis();
    const names = await findStreams(kinesis, { clock, signal, maxAttempts, tags, accepts });
    return this.#options.jobsOf(names);
  }

  async *later(signal: AbortSignal): AsyncGenerator<readonly StreamJob[]> {
    while (await pause(this.#options.clock, INTERVAL_MS, signal)) {
      const jobs = await this.#look(signal);
      if (jobs !== undefined) yield jobs;
    }
  }

  refuse(error: unknown): void {
    if (!(error instanceof TritonError)) throw error;
    log.error("Cannot look for streams, the ones known are archived: {reason}", {
      event: "streams.unlisted",
      reason: error.message,
    });
  }

  async #look(signal: AbortSignal): Promise<readonly StreamJob[] | undefined> {
    try {
      return await this.first(signal);
    } catch (error) {
      if (!signal.aborted) this.refuse(error);
      return undefined;
    }
  }
}
