import type { CliContext } from "../cli_context.ts";

/** How often the line is drawn anew, in milliseconds. */
const INTERVAL_MS = 200;

/**
 * A line on standard error that counts what was done, while a terminal watches.
 *
 * Nothing is drawn where standard error goes elsewhere, or where the data itself is what the
 * terminal shows.
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
   * @param verb What was done to each event, such as `"read"`.
   * @param options `quiet` never draws; `noun` is what is counted, if not events.
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

  /** Draws the line, if it is time to. */
  async update(count: number, bytes: number): Promise<void> {
    const now = this.#context.clock.now();
    if (!this.#shown || now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    await this.#context.stderr.write(
      `\r\x1b[K${this.#verb} ${formatCount(count)} ${this.#noun}, ${formatBytes(bytes)}`,
    );
  }

  /** Wipes the line. */
  async clear(): Promise<void> {
    if (this.#drawn) await this.#context.stderr.write("\r\x1b[K");
    this.#drawn = false;
  }
}

/** A number with its thousands apart: `1,707`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** A size as people read it: `1.2 MB`. */
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
