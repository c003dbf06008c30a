import type { Clock } from "../../base/clock.ts";
import type { Output } from "../cli_context.ts";
import type { OutputThread } from "./output_thread.ts";

/** The part of standard output or standard error that {@linkcode OutputWriter} uses. */
export interface OutputFile {
  /** Writes in another thread; returns the number of bytes written. */
  write(data: Uint8Array): Promise<number>;
  /** The same in this thread. */
  writeSync(data: Uint8Array): number;
  isTerminal(): boolean;
}

export interface OutputWriterOptions {
  readonly clock: Clock;
  /**
   * Whether Deno buffers what the file does not accept, as it does for standard output only.
   * Default: false.
   */
  readonly isBuffered?: boolean;
  /** Whether the file accepts each write completely or fails. Default: it may accept a part. */
  readonly acceptsAll?: () => Promise<boolean>;
  /** Starts a thread that writes to the same file. Default: there is none. */
  readonly startThread?: () => Promise<Pick<OutputThread, "write">>;
  /** Asks for the size of the terminal. Default: it is unknown. */
  readonly sizeOf?: () => TerminalSize;
  /** Listens for changes of the size. Default: they are not noticed. */
  readonly onResize?: Output["onResize"];
}

/** Size of a terminal in characters; 0 if it does not know it. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A pipe accepts this many bytes at once or none (PIPE_BUF on Linux). */
const PIPE_PIECE = 4096;

/** To ask whether a file accepts all takes as long as to write this many bytes in small pieces. */
const ASK_AFTER = 4 << 20;

/**
 * Data of this size, in bytes, are worth a second thread, which takes a tenth more CPU time: of less,
 * not even the elapsed time gets shorter.
 */
const THREAD_AFTER = 128 << 20;

/** Smaller data are written here at once: a message to a thread and back takes 0.1 ms. */
const THREAD_SIZE = 1 << 16;

/** Size of one write to a file that accepts all of it, so that no write takes long, in bytes. */
const FILE_PIECE = 1 << 18;

/** Less than the size of Deno's buffer for standard output, in bytes. */
const TERMINAL_PIECE = 1000;

/** After this many quick writes in a row, the reader counts as fast. */
const QUICK_WRITES = 64;

/** Synchronous writes to a fast reader between two asynchronous ones. */
const SYNC_RUN = 1023;

/** A write that takes longer had to wait for the reader, in milliseconds. */
const QUICK_MS = 10;

/** First and longest pause before a write to a full file is retried, in milliseconds. */
const PAUSES_MS = [1, 50] as const;

/** The device number of `/dev/null` on Linux: major 1, minor 3. */
const LINUX_NULL = 0x103;

const NEWLINE = 0x0a;
const NOTHING = new Uint8Array();

/**
 * Writes to standard output or standard error, completely and in order, even if another process has
 * made the file non-blocking, so that a write fails with EAGAIN when the reader is slow.
 *
 * Deno buffers up to 1024 bytes that standard output did not accept, and reports only that it was
 * full, not how much was written. That is known for pieces that are written completely or not at
 * all: on a pipe or socket, whole lines of up to 4096 bytes; on a terminal, a newline, or the text
 * before it, which goes into Deno's buffer. Longer pieces without a newline bypass the buffer. A
 * regular file needs no pieces: it is never full in this sense.
 *
 * Nothing tells whether a pipe is non-blocking, so all pipes get pieces, although they are an eighth
 * of the CPU time of `cat`: Deno reads `/proc/self/fdinfo` only with `--allow-all`, and `node:net`,
 * which knows how much was written, makes the pipe non-blocking for all processes that share it. If
 * much is written, a second thread does it.
 *
 * A synchronous write takes a tenth of the time, but blocks everything else, signals included, while
 * the file is full and blocking. So it is used only for a reader that has accepted a quarter of a
 * megabyte without a pause.
 */
export class OutputWriter implements Output {
  readonly isTerminal: boolean;
  readonly onResize: Output["onResize"];
  readonly #sizeOf: OutputWriterOptions["sizeOf"];
  readonly #file: OutputFile;
  readonly #clock: Clock;
  readonly #isBuffered: boolean;
  readonly #acceptsAll: () => Promise<boolean>;
  readonly #startThread: OutputWriterOptions["startThread"];
  readonly #encoder = new TextEncoder();
  /** Bytes written. */
  #written = 0;
  #last: Promise<void> = Promise.resolve();
  /** Quick asynchronous writes in a row. */
  #quick = 0;
  /** Synchronous writes that are left. */
  #sync = 0;
  /** Whether the file accepts all; undefined until it pays to know. */
  #isWhole: boolean | undefined;
  /** The second thread, and whether it was started. */
  #thread: Pick<OutputThread, "write"> | undefined;
  #isStarted = false;
  /** Whether the last write here or in the second thread failed, but its piece is in Deno's buffer. */
  #isKept = false;

  constructor(file: OutputFile, options: OutputWriterOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#isBuffered = options.isBuffered ?? false;
    this.#acceptsAll = options.acceptsAll ?? (() => Promise.resolve(false));
    this.#startThread = options.startThread;
    this.isTerminal = file.isTerminal();
    this.#sizeOf = options.sizeOf;
    this.onResize = options.onResize;
  }

  get columns(): number | undefined {
    return this.#size()?.columns || undefined;
  }

  get rows(): number | undefined {
    return this.#size()?.rows || undefined;
  }

  #size(): TerminalSize | undefined {
    return this.isTerminal ? this.#sizeOf?.() : undefined;
  }

  /** Whether this is a regular file or the null device. */
  isFile(): Promise<boolean> {
    return this.#acceptsAll();
  }

  write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? this.#encoder.encode(data) : data;
    const written = this.#last.then(() => this.#writeAll(bytes));
    this.#last = written.catch(() => {});
    return written;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    if (this.#written >= ASK_AFTER) this.#isWhole ??= await this.#acceptsAll();
    this.#startLate();
    for (let at = await this.#writeInThread(bytes); at < bytes.length;) {
      at = this.#writeSync(bytes, at);
      if (at < bytes.length) at += await this.#writePiece(this.#pieceAt(bytes, at));
    }
    this.#written += bytes.length;
  }

  /** Starts the second thread if it pays; until it runs, this one writes. */
  #startLate(): void {
    const pays = this.#isWhole === false && !this.isTerminal && this.#written >= THREAD_AFTER;
    if (!pays || this.#isStarted) return;
    this.#isStarted = true;
    // Without a thread, as if there is no memory for one, this one continues.
    this.#startThread?.().then((thread) => this.#thread = thread, () => {});
  }

  /** Has the second thread write, if it runs; returns where it stopped. */
  async #writeInThread(bytes: Uint8Array): Promise<number> {
    if (this.#thread === undefined || bytes.length < THREAD_SIZE) return 0;
    const { at, isKept } = await this.#thread.write(bytes);
    this.#isKept = isKept;
    if (at < bytes.length) this.#sync = 0;
    return at;
  }

  /** Writes pieces in this thread, as long as the reader is fast; returns where it stopped. */
  #writeSync(bytes: Uint8Array, start: number): number {
    const startedAt = this.#clock.now();
    let at = start;
    for (; this.#sync > 0 && at < bytes.length; this.#sync--) {
      const piece = this.#pieceAt(bytes, at);
      try {
        at += this.#file.writeSync(piece);
      } catch (error) {
        if (!this.#mayRetry(error)) throw error;
        this.#isKept = goesIntoBuffer(piece);
        this.#sync = 0;
        return at;
      }
      if (this.#clock.now() - startedAt > QUICK_MS) this.#quick = this.#sync = 0;
    }
    return at;
  }

  /** The longest piece for which it is known, if the file is full, how much was written. */
  #pieceAt(bytes: Uint8Array, at: number): Uint8Array {
    if (!this.#isBuffered) return bytes.subarray(at);
    if (this.#isWhole) return bytes.subarray(at, at + FILE_PIECE);
    const size = this.isTerminal ? TERMINAL_PIECE : PIPE_PIECE;
    const piece = bytes.subarray(at, at + size);
    if (!this.isTerminal) return piece.subarray(0, piece.lastIndexOf(NEWLINE) + 1 || size);
    const end = piece.indexOf(NEWLINE);
    return piece.subarray(0, end < 0 ? size : Math.max(1, end));
  }

  /** Writes a piece as soon as there is room; returns the number of bytes written. */
  async #writePiece(piece: Uint8Array): Promise<number> {
    let attempt = this.#isKept ? NOTHING : piece;
    this.#isKept = false;
    for (let pauseMs: number = PAUSES_MS[0];; pauseMs = Math.min(PAUSES_MS[1], 2 * pauseMs)) {
      try {
        const size = await this.#writeOnce(attempt);
        return attempt === piece ? size : piece.length;
      } catch (error) {
        if (!this.#mayRetry(error)) throw error;
        // The piece is now in Deno's buffer, which the next write flushes first.
        if (this.#isBuffered && goesIntoBuffer(piece)) attempt = NOTHING;
        await this.#clock.sleep(pauseMs);
      }
    }
  }

  /** Whether a write failed because the file is full, and it is known how much was written. */
  #mayRetry(error: unknown): boolean {
    return error instanceof Deno.errors.WouldBlock && !this.#isWhole;
  }

  async #writeOnce(piece: Uint8Array): Promise<number> {
    const startedAt = this.#clock.now();
    const size = await this.#file.write(piece);
    if (this.#clock.now() - startedAt > QUICK_MS) this.#quick = 0;
    else if (this.#isBuffered && ++this.#quick >= QUICK_WRITES) this.#sync = SYNC_RUN;
    return size;
  }
}

/** Whether Deno buffers all of a piece before it writes: it is short and has no newline. */
function goesIntoBuffer(piece: Uint8Array): boolean {
  return piece.length < 1024 && !piece.includes(NEWLINE);
}

/** Size of an open file in bytes; undefined if it is no regular file. Needs no permission. */
export async function fileSize(fd: number): Promise<number | undefined> {
  const { fstatSync } = await import("node:fs");
  const stat = fstatSync(fd);
  return stat.isFile() ? stat.size : undefined;
}

/**
 * Whether an open file accepts each write completely, or the write fails: a regular file, or Linux's
 * null device. A pipe, socket or terminal may accept a part, if it is non-blocking.
 *
 * Needs no permission.
 *
 * @param fd Number of the file, for example 1 for standard output.
 */
export async function acceptsAll(fd: number): Promise<boolean> {
  const { fstatSync } = await import("node:fs");
  try {
    const stat = fstatSync(fd);
    return stat.isFile() || (Deno.build.os === "linux" && stat.rdev === LINUX_NULL);
  } catch {
    return false; // it is closed
  }
}
