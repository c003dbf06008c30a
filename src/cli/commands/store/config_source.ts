import { getLogger } from "@logtape/logtape";
import { type Clock, pause } from "../../../base/clock.ts";
import { TritonError } from "../../../base/errors.ts";
import type { StreamJob } from "../../options/stream_jobs.ts";
import type { StreamSource } from "./stream_source.ts";

const log = getLogger(["triton", "cli"]);

/** Time between two looks at the file, in milliseconds. */
const INTERVAL_MS = 2_000;

/** What a {@linkcode ConfigSource} needs. */
export interface ConfigSourceOptions {
  /** Path of the file, for the log. */
  readonly path: string;
  readonly clock: Clock;
  /** Reads the file. */
  readonly read: () => Promise<string>;
  /** Finds the streams to archive in the text of the file. */
  readonly parse: (text: string) => readonly StreamJob[];
}

/** What a look at the file found: its text, or why it cannot be read. */
type Look = string | TritonError;

/**
 * Archives the streams of a configuration file, which is looked at again and again.
 *
 * A change counts once two looks in a row have found it: an editor may write the file in pieces, and
 * half of it would be a configuration of fewer streams. A file with a mistake changes nothing.
 */
export class ConfigSource implements StreamSource {
  readonly #options: ConfigSourceOptions;
  #used: Look = "";
  #jobs: readonly StreamJob[] = [];

  constructor(options: ConfigSourceOptions) {
    this.#options = options;
  }

  /**
   * Reads the file for the first time.
   *
   * @throws {TritonError} If it cannot be read or used.
   */
  async open(): Promise<void> {
    const { read, parse } = this.#options;
    this.#used = await read();
    this.#jobs = parse(this.#used);
  }

  first(): Promise<readonly StreamJob[]> {
    return Promise.resolve(this.#jobs);
  }

  async *later(signal: AbortSignal): AsyncGenerator<readonly StreamJob[]> {
    const { clock, path } = this.#options;
    let last = this.#used;
    while (await pause(clock, INTERVAL_MS, signal)) {
      const look = await this.#look();
      const isSettled = isSame(look, last);
      last = look;
      if (!isSettled || isSame(look, this.#used)) continue;
      this.#used = look;
      const jobs = this.#parse(look);
      if (jobs === undefined) continue;
      log.info("{path} has changed", { event: "config.changed", path });
      yield jobs;
    }
  }

  refuse(error: unknown): void {
    if (!(error instanceof TritonError)) throw error;
    log.error("Cannot use the changed configuration, the last one stays in use: {reason}", {
      event: "config.refused",
      path: this.#options.path,
      reason: error.message,
    });
  }

  async #look(): Promise<Look> {
    try {
      return await this.#options.read();
    } catch (error) {
      if (error instanceof TritonError) return error;
      throw error;
    }
  }

  #parse(look: Look): readonly StreamJob[] | undefined {
    try {
      if (typeof look !== "string") throw look;
      return this.#options.parse(look);
    } catch (error) {
      this.refuse(error);
      return undefined;
    }
  }
}

function isSame(one: Look, two: Look): boolean {
  const [a, b] = [one, two].map((look) => typeof look === "string" ? look : look.message);
  return typeof one === typeof two && a === b;
}
