import { LineWriter } from "../../../codec/json/line_writer.ts";
import type { Output } from "../../cli_context.ts";

/** Lines are written in batches of about this many bytes. */
const BATCH_SIZE = 1 << 18;

/**
 * Prints JSON lines: while one batch is written, the next is collected.
 *
 * One write per chunk of an archive took a fifth of the time of `cat`.
 */
export class LinePrinter {
  readonly #output: Output;
  /** The lines that are being collected, and those that are being written. */
  #batches: [LineWriter, LineWriter] = [new LineWriter(), new LineWriter()];
  #writing: Promise<void> = Promise.resolve();

  constructor(output: Output) {
    this.#output = output;
  }

  /** Where to add the next lines. */
  get lines(): LineWriter {
    return this.#batches[0];
  }

  /** Writes the lines if they are a batch. */
  async send(): Promise<void> {
    if (this.lines.length >= BATCH_SIZE) await this.#sendAll();
  }

  /** Waits until everything is written. */
  async end(): Promise<void> {
    await this.#sendAll();
    await this.#writing;
  }

  /** Begins to write the lines, after everything before is written. */
  async #sendAll(): Promise<void> {
    const [lines, other] = this.#batches;
    this.#batches = [other, lines];
    await this.#writing;
    this.#writing = this.#output.write(lines.take());
    this.#writing.catch(() => {}); // thrown at the next batch, or at the end
  }
}
