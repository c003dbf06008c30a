import type { Output } from "../cli_context.ts";

/** Returns to the start of the line, and clears it. */
export const CLEAR_LINE = "\r\x1b[K";

/**
 * Standard error with a last line that says what is going on: whatever else is written replaces it,
 * so that nothing of it is left behind.
 */
export class StatusOutput implements Output {
  readonly #output: Output;
  #isDrawn = false;

  constructor(output: Output) {
    this.#output = output;
  }

  get isTerminal(): boolean {
    return this.#output.isTerminal;
  }

  get columns(): number | undefined {
    return this.#output.columns;
  }

  /** Whether the line is on the terminal. */
  get isDrawn(): boolean {
    return this.#isDrawn;
  }

  async write(data: Uint8Array | string): Promise<void> {
    if (this.#isDrawn) await this.status("");
    await this.#output.write(data);
  }

  /** Draws the line, over the one before; an empty one clears it. */
  status(line: string): Promise<void> {
    this.#isDrawn = line !== "";
    return this.#output.write(CLEAR_LINE + line);
  }
}
