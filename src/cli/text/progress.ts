import type { CliContext } from "../cli_context.ts";
import { formatBytes, formatCount } from "./format.ts";

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
    if (!this.#shown) return;
    const now = this.#context.clock.now();
    if (now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    await this.#context.stderr.write(
      `\r\x1b[K${this.#verb} ${formatCount(count)} ${this.#noun}, ${formatBytes(bytes)}`,
    );
  }

  async clear(): Promise<void> {
    if (this.#drawn) await this.#context.stderr.write("\r\x1b[K");
    this.#drawn = false;
  }
}
