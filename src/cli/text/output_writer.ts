import type { Clock } from "../../base/clock.ts";
import type { Output } from "../cli_context.ts";

/** What an {@linkcode OutputWriter} uses of standard output or standard error. */
export interface OutputFile {
  /** Writes in another thread; returns how many bytes were written. */
  write(data: Uint8Array): Promise<number>;
  /** The same in this thread. */
  writeSync(data: Uint8Array): number;
  /** Whether it is a terminal. */
  isTerminal(): boolean;
}

/** How a file takes bytes. */
export interface OutputWriterOptions {
  /** Where time comes from. */
  readonly clock: Clock;
  /**
   * Whether Deno buffers what the file does not take, as it does for standard output alone.
   * Default: false.
   */
  readonly isBuffered?: boolean;
  /** Characters in a line of the terminal, where that is known. */
  readonly columns?: number | undefined;
}

/** A pipe takes so many bytes at once or none (PIPE_BUF of Linux). */
const PIPE_PIECE = 4096;

/** Less than what Deno's buffer of standard output holds, in bytes. */
const TERMINAL_PIECE = 1000;

/** After so many quick writes in a row the reader is taken for a fast one. */
const QUICK_WRITES = 64;

/** Pieces for a fast reader that are written without leaving the thread, before one that does. */
const SYNC_RUN = 63;

/** A write that took longer had to wait for the reader, in milliseconds. */
const QUICK_MS = 10;

/** The first and the longest pause before a full file is tried again, in milliseconds. */
const PAUSES_MS = [1, 50] as const;

const NEWLINE = 0x0a;
const NOTHING = new Uint8Array();

/**
 * Writes to standard output or standard error, all of it and in order, also where another process
 * has made the file non-blocking, so that a write fails with EAGAIN when its reader is slow.
 *
 * Deno keeps up to 1024 bytes that standard output did not take, says only that it was full, and so
 * hides how much was written. That is known for pieces that are taken whole or not at all: of a pipe
 * or socket, whole lines of up to 4096 bytes; of a terminal, a newline, or the text before it, which
 * goes into Deno's buffer. Longer pieces without a newline pass the buffer by.
 *
 * A piece takes a tenth of the time if it is written without leaving the thread, but nothing else
 * happens, signals included, while the file is full and blocking. So that is done only for a reader
 * that has taken a quarter of a megabyte without a pause.
 */
export class OutputWriter implements Output {
  /** Whether a person watches. */
  readonly isTerminal: boolean;
  /** Characters in a line of the terminal, where that is known. */
  readonly columns: number | undefined;
  readonly #file: OutputFile;
  readonly #clock: Clock;
  readonly #isBuffered: boolean;
  readonly #encoder = new TextEncoder();
  #last: Promise<void> = Promise.resolve();
  /** Quick writes in a row that left the thread. */
  #quick = 0;
  /** Pieces that may still be written without leaving the thread. */
  #sync = 0;

  /**
   * @param file Standard output or standard error.
   * @param options How it takes bytes.
   */
  constructor(file: OutputFile, options: OutputWriterOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#isBuffered = options.isBuffered ?? false;
    this.isTerminal = file.isTerminal();
    this.columns = options.columns;
  }

  /** Writes all of `data`; text as UTF-8. */
  write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? this.#encoder.encode(data) : data;
    const written = this.#last.then(() => this.#writeAll(bytes));
    this.#last = written.catch(() => {});
    return written;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const piece = this.#isBuffered ? this.#firstPiece(rest) : rest;
      rest = rest.subarray(await this.#writePiece(piece));
    }
  }

  /** The longest beginning of which is known, when the file is full, how much was written. */
  #firstPiece(rest: Uint8Array): Uint8Array {
    const size = this.isTerminal ? TERMINAL_PIECE : PIPE_PIECE;
    const piece = rest.subarray(0, size);
    if (!this.isTerminal) return piece.subarray(0, piece.lastIndexOf(NEWLINE) + 1 || size);
    const end = piece.indexOf(NEWLINE);
    return piece.subarray(0, end < 0 ? size : Math.max(1, end));
  }

  /** Writes a piece as soon as there is room; returns how much of it was written. */
  async #writePiece(piece: Uint8Array): Promise<number> {
    let attempt = piece;
    for (let pauseMs: number = PAUSES_MS[0];; pauseMs = Math.min(PAUSES_MS[1], 2 * pauseMs)) {
      try {
        const size = await this.#writeOnce(attempt);
        return attempt === piece ? size : piece.length;
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        // Now it is in Deno's buffer, which the next write empties first.
        if (this.#isBuffered && goesIntoBuffer(piece)) attempt = NOTHING;
        await this.#clock.sleep(pauseMs);
      }
    }
  }

  async #writeOnce(piece: Uint8Array): Promise<number> {
    const startedAt = this.#clock.now();
    const isSync = this.#isBuffered && this.#sync-- > 0;
    const size = isSync ? this.#file.writeSync(piece) : await this.#file.write(piece);
    if (this.#clock.now() - startedAt > QUICK_MS) this.#quick = this.#sync = 0;
    else if (!isSync && ++this.#quick >= QUICK_WRITES) this.#sync = SYNC_RUN;
    return size;
  }
}

/** Whether Deno takes all of a piece into its buffer before it writes: short, and no line's end. */
function goesIntoBuffer(piece: Uint8Array): boolean {
  return piece.length < 1024 && !piece.includes(NEWLINE);
}
