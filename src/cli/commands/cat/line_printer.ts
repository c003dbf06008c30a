import { NdjsonWriter } from "../../../codec/json/write.ts";
import type { Output } from "../../cli_context.ts";

/** Lines are written in batches of about this many bytes. */
const BATCH_SIZE = 1 << 18;

/**
 * Prints events as JSON lines: while one batch is written, the next is encoded.
 *
 * One write per chunk of an archive took a fifth of the time of `cat`. A second thread did not pay
 * off on two cores, when the codec was half as fast as it is now.
 */
export class LinePrinter {
  readonly #output: Output;
  /** The writer that is being filled, and the one that is being written. */
  #writers: [NdjsonWriter, NdjsonWriter] = [new NdjsonWriter(), new NdjsonWriter()];
  #writing: Promise<void> = Promise.resolve();

  constructor(output: Output) {
    this.#output = output;
  }

  /** Prints whole events; their lines are written by the time {@linkcode end} returns. */
  async print(events: Uint8Array): Promise<void> {
    if (this.#writers[0].add(events) >= BATCH_SIZE) await this.#send();
  }

  /** Waits until everything is written. */
  async end(): Promise<void> {
    await this.#send();
    await this.#writing;
  }

  async #send(): Promise<void> {
    const [writer, other] = this.#writers;
    this.#writers = [other, writer];
    await this.#writing;
    this.#writing = this.#output.write(writer.take());
    this.#writing.catch(() => {}); // thrown at the next batch, or at the end
  }
}
