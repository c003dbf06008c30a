import type { CliContext } from "../cli_context.ts";

/** How often the line is redrawn, in milliseconds. */
const INTERVAL_MS = 200;

/**
 * A progress line on standard error, if that is a terminal.
 *
 * With `quiet`, nothing is drawn, for commands that print their data on the same terminal.
 */
export class Progress {
  readonly #context: Pick<CliContext, "stderr" | "clock">;
  readonly #verb: string;
  readonly #noun: string;
  readonly #shown: boolean;
  #drawnAt: number;
  #drawn = false;

  /**
   * @param context The world outside.
   * @param verb What is done to each event, such as `"read"`.
   * @param options `quiet`: never draw. `noun`: what is counted. Default: events.
   */
  constructor(
    context: Pick<CliContext, "stderr" | "clock">,
    verb: string,
    options: { readonly quiet?: boolean; readonly noun?: string } = {},
  ) {
    this.#context = context;
    this.#verb = verb;
    this.#noun = options.noun ?? "events";
    this.#shown = context.stderr.isTerminal && options.quiet !== true;
    this.#drawnAt = context.clock.now();
  }

  /** Redraws the line if it is due. */
  async update(count: number, bytes: number): Promise<void> {
    const now = this.#context.clock.now();
    if (!this.#shown || now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    await this.#context.stderr.write(
      `\r\x1b[K${this.#verb} ${formatCount(count)} ${this.#noun}, ${formatBytes(bytes)}`,
    );
  }

  /** Clears the line. */
  async clear(): Promise<void> {
    if (this.#drawn) await this.#context.stderr.write("\r\x1b[K");
    this.#drawn = false;
  }
}

/** Formats a number with thousands separators: `1,707`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Formats a size for people: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes} bytes` : `${value.toFixed(value < 99.5 ? 1 : 0)} ${units[unit]}`;
}
