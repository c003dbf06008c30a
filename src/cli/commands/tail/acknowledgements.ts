import { TritonError } from "../../../base/errors.ts";
import { Notifier } from "../../../base/notifier.ts";
import { countOf } from "../../text/format.ts";
import { readBlocks } from "../put/read_lines.ts";

/** The longest acknowledgement, in bytes: a number needs fewer. */
const MAX_LINE_BYTES = 100;

/** How many lines of the output a program has processed, as it says on its standard output. */
export class Acknowledgements {
  readonly #changed = new Notifier();
  #printed = 0;
  #done = 0;
  /** Nothing more is acknowledged; with an error unless everything is. */
  #end: { readonly error: Error | undefined } | undefined;

  /** Whether standard input has ended after every line was acknowledged. */
  get isDone(): boolean {
    return this.#end !== undefined && this.#end.error === undefined;
  }

  /** Throws why the rest will never be acknowledged, if that is so. */
  throwIfFailed(): void {
    if (this.#end?.error !== undefined) throw this.#end.error;
  }

  /**
   * Notes that lines are printed.
   *
   * @returns How many lines are printed in total.
   * @throws {TritonError} If nothing can be acknowledged any more.
   */
  print(count: number): number {
    this.#throwIfEnded();
    return this.#printed += count;
  }

  /**
   * Waits until the first `count` lines are acknowledged.
   *
   * @throws {TritonError} If they never will be, and what the signal is aborted with.
   */
  async reach(count: number, signal: AbortSignal): Promise<void> {
    while (this.#done < count) {
      signal.throwIfAborted();
      this.#throwIfEnded();
      await this.#changed.wait(signal);
    }
  }

  /**
   * Reads acknowledgements to their end: a line each, with the number of lines that are processed so
   * far.
   */
  async read(source: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let count = 0;
    try {
      for await (const block of readBlocks(source, MAX_LINE_BYTES)) {
        const lines = (block === undefined ? "…" : decoder.decode(block)).replace(/\n$/, "").split(
          "\n",
        );
        for (const line of lines) this.#take(line, ++count);
      }
      this.#finish(this.#printed === this.#done ? undefined : this.#openError());
    } catch (error) {
      this.#finish(error as Error);
    }
  }

  #take(line: string, number: number): void {
    const done = /^\d{1,15}$/.test(line.trimEnd()) ? Number(line) : NaN;
    if (done >= this.#done && done <= this.#printed) {
      this.#done = done;
      return this.#changed.notify();
    }
    const why = Number.isNaN(done)
      ? "is not the number of lines processed so far"
      : done < this.#done
      ? `is less than ${this.#done}, the one before`
      : `is more than the ${this.#printed} lines printed so far`;
    throw new TritonError(
      `Cannot read acknowledgement ${number} on standard input: ${
        JSON.stringify(line.slice(0, MAX_LINE_BYTES))
      } ${why}`,
    );
  }

  #finish(error: Error | undefined): void {
    this.#end = { error };
    this.#changed.notify();
  }

  #throwIfEnded(): void {
    if (this.#end !== undefined) {
      throw this.#end.error ?? new TritonError("Standard input has ended");
    }
  }

  #openError(): TritonError {
    const open = this.#printed - this.#done;
    return new TritonError(
      `Cannot continue: standard input ended with ${
        countOf(open, "line")
      } not acknowledged; the group ` +
        "delivers them again",
    );
  }
}
