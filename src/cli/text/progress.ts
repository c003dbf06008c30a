import type { CliContext, Output } from "../cli_context.ts";
import { shorten } from "./fit.ts";
import { formatBytes, formatCount, formatSpan } from "./format.ts";

/** What takes less time than this shows nothing, in milliseconds. */
const DELAY_MS = 1_000;

/** How often the line is redrawn, in milliseconds. */
const INTERVAL_MS = 200;

/** Rates are those of this time, in milliseconds. */
const WINDOW_MS = 10_000;

/** Columns at the end that stay free: the terminal adds `^C`, and the line must not wrap. */
const FREE = 3;

/** Width of the bar in characters, at least and at most. */
const BAR = { least: 8, most: 24 };

/** How a {@linkcode Progress} is drawn. */
export interface ProgressOptions {
  /** What is counted. The rate is that of files, but of the bytes of events. Default: events. */
  readonly noun?: "events" | "files";
  /** Receives data meanwhile: nothing is drawn unless it is a file, because it may be read beside it. */
  readonly beside?: Output | undefined;
  /**
   * Finds out how much there is to do, in the unit of `done`; undefined if nothing tells. Called once,
   * when the line is drawn for the first time.
   */
  readonly total?: ((signal: AbortSignal) => Promise<number | undefined>) | undefined;
}

/** What is done at a time. */
interface Sample {
  readonly at: number;
  readonly count: number;
  readonly bytes: number;
  readonly done: number;
}

/**
 * A line on standard error, if that is a terminal, that shows how far a command has come: the share
 * and the time left if the total is known, what was done, and the rate.
 */
export class Progress {
  readonly #context: Pick<CliContext, "stderr" | "clock">;
  readonly #verb: string;
  readonly #options: ProgressOptions;
  readonly #over = new AbortController();
  readonly #samples: Sample[] = [];
  #isShown: boolean;
  #nextAt: number;
  #total: number | undefined;

  /** @param verb What is done to each, such as `"read"`. */
  constructor(
    context: Pick<CliContext, "stderr" | "clock">,
    verb: string,
    options: ProgressOptions = {},
  ) {
    this.#context = context;
    this.#verb = verb;
    this.#options = options;
    this.#isShown = context.stderr.isTerminal && context.stderr.status !== undefined;
    const now = context.clock.now();
    this.#nextAt = now + DELAY_MS;
    this.#samples.push({ at: now, count: 0, bytes: 0, done: 0 });
  }

  /** Whether anything may be drawn. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /**
   * Redraws the line if it is due.
   *
   * @param count How many there are until now, with `bytes` bytes.
   * @param done How much of the total is done. Default: `count`.
   */
  update(count: number, bytes: number, done = count): Promise<void> | undefined {
    if (!this.#isShown) return undefined;
    const at = this.#context.clock.now();
    if (at < this.#nextAt) return undefined;
    this.#nextAt = at + INTERVAL_MS;
    return this.#draw({ at, count, bytes, done });
  }

  async #draw(sample: Sample): Promise<void> {
    if (this.#samples.length === 1 && !await this.#begin()) return;
    this.#samples.push(sample);
    while (this.#samples.length > 2 && sample.at - this.#samples[0]!.at > WINDOW_MS) {
      this.#samples.shift();
    }
    const { stderr } = this.#context;
    await stderr.status!(this.#lineOf(sample, (stderr.columns ?? 80) - FREE));
  }

  /** Decides whether to draw at all, and begins to look for the total. */
  async #begin(): Promise<boolean> {
    const { beside, total } = this.#options;
    if (beside !== undefined && await beside.isFile?.() !== true) return this.#isShown = false;
    total?.(this.#over.signal).then((found) => this.#total = found, () => {});
    return true;
  }

  #lineOf(sample: Sample, width: number): string {
    const { noun = "events" } = this.#options;
    const counts = [`${formatCount(sample.count)} ${noun}`, formatBytes(sample.bytes)];
    const [share, left] = [this.#shareOf(sample), this.#timeLeft(sample)];
    const end = [this.#rate(sample), ...left === undefined ? [] : [`${left} left`]];
    const line = (bar: string, ...parts: readonly string[]) =>
      [this.#verb, ...share === undefined ? [] : [percent(share) + bar], parts.join(", ")].join(
        " ",
      );
    for (const kept of [counts, counts.slice(0, 1)]) {
      const text = line("", ...kept, ...end);
      const room = width - text.length;
      if (room >= 0) return share === undefined ? text : line(barOf(share, room), ...kept, ...end);
    }
    return shorten(line("", ...end), width);
  }

  #shareOf({ done }: Sample): number | undefined {
    return this.#total === undefined ? undefined : Math.min(1, done / Math.max(1, this.#total));
  }

  #rate(sample: Sample): string {
    if (this.#options.noun !== "files") return `${formatBytes(this.#speed(sample, "bytes"))}/s`;
    const rate = this.#speed(sample, "count");
    return `${rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))} files/s`;
  }

  /** What was done a second during the last ten. */
  #speed(sample: Sample, what: "count" | "bytes" | "done"): number {
    const first = this.#samples[0]!;
    return Math.round(10_000 * (sample[what] - first[what]) / Math.max(1, sample.at - first.at)) /
      10;
  }

  #timeLeft(sample: Sample): string | undefined {
    const speed = this.#speed(sample, "done");
    if (this.#total === undefined || speed === 0) return undefined;
    return formatSpan(Math.ceil(Math.max(0, this.#total - sample.done) / speed));
  }

  /** Clears the line, until the next update. */
  async clear(): Promise<void> {
    const { stderr } = this.#context;
    if (stderr.isDrawn === true) await stderr.status!("");
  }

  /** Clears the line for good. */
  async end(): Promise<void> {
    this.#isShown = false;
    this.#over.abort();
    await this.clear();
  }
}

function percent(share: number): string {
  return `${Math.floor(100 * share)}%`;
}

/** A bar, with a space before it; empty if there is no room. */
function barOf(share: number, room: number): string {
  const width = Math.min(BAR.most, room - " []".length);
  if (width < BAR.least) return "";
  const full = Math.floor(share * width);
  const arrow = full === width ? "" : ">";
  return ` [${"=".repeat(full)}${arrow}${" ".repeat(width - full - arrow.length)}]`;
}
