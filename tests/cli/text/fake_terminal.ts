/**
 * The screen of a terminal that knows what Triton writes: text, `\r`, `\n` and "clear the line".
 *
 * @module
 */

import type { Output } from "../../../src/cli/cli_context.ts";

/** A terminal, and what is to be seen on it. */
export class FakeTerminal implements Output {
  readonly isTerminal = true;
  readonly columns: number;
  /** The lines on the screen; the last one has the cursor. */
  readonly lines: string[] = [""];
  #at = 0;

  constructor(columns = 80) {
    this.columns = columns;
  }

  /** What is in the line of the cursor. */
  get line(): string {
    return this.lines.at(-1)!;
  }

  async write(data: Uint8Array | string): Promise<void> {
    await Promise.resolve();
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    // deno-lint-ignore no-control-regex -- of terminals
    for (const [part] of text.matchAll(/\x1b\[K|[^]/g)) this.#show(part);
  }

  #show(part: string): void {
    const { line } = this;
    if (part === "\r") this.#at = 0;
    else if (part === "\x1b[K") this.lines[this.lines.length - 1] = line.slice(0, this.#at);
    else if (part === "\n" || this.#at === this.columns) {
      this.lines.push("");
      this.#at = 0;
      if (part !== "\n") this.#show(part);
    } else {
      this.lines[this.lines.length - 1] = line.slice(0, this.#at) + part + line.slice(this.#at + 1);
      this.#at++;
    }
  }
}
