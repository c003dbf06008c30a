import type { LinePrinter } from "./line_printer.ts";
import type { PrintArchiveOptions } from "./print_archive.ts";
import {
  formatError,
  fromPlainError,
  type LinesReply,
  type LinesRequest,
} from "./worker_messages.ts";

/** Bytes of a file per request. */
const PIECE_SIZE = 1 << 17;

/** Requests that are sent before the reply to the first of them has arrived. */
const AHEAD = 3;

/** A second thread that converts archives to JSON lines, while this one reads and writes. */
export class LinesThread implements Disposable {
  readonly #worker: Worker;
  /** For each request that has no reply yet, what takes it. */
  readonly #waiting: PromiseWithResolvers<LinesReply>[] = [];
  /** Replies that are expected or not printed yet, in order. */
  readonly #replies: Promise<LinesReply>[] = [];
  /** Buffers that are free. */
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #rooms: Uint8Array<ArrayBuffer>[] = [];
  /** The lines that are being written. */
  #written: Uint8Array<ArrayBuffer> | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#waiting.shift()?.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(event.message));
    };
  }

  /**
   * Starts the thread.
   *
   * @returns The thread; undefined if its program cannot be loaded, such as without the permission.
   */
  static async start(program: URL = PROGRAM): Promise<LinesThread | undefined> {
    if (!mayLoad(program)) return undefined;
    const worker = new Worker(loader(program), { type: "module" });
    const isReady = await new Promise<boolean>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data === "ready");
    });
    return isReady ? new LinesThread(worker) : undefined;
  }

  /** Does what {@linkcode printArchive} does, without a limit. */
  async print(
    pieces: AsyncIterable<Uint8Array>,
    printer: LinePrinter,
    options: Omit<PrintArchiveOptions, "limit">,
  ): Promise<void> {
    const { onDamage, file } = options;
    let start: LinesRequest["start"] = { salvage: onDamage !== undefined, file };
    try {
      for await (const bytes of pieces) {
        for (let at = 0; at < bytes.length; at += PIECE_SIZE) {
          this.#send({ start, piece: this.#copy(bytes.subarray(at, at + PIECE_SIZE)) });
          start = undefined;
          while (this.#replies.length >= AHEAD) await this.#printNext(printer, options);
        }
      }
      this.#send({ start });
      while (this.#replies.length > 0) await this.#printNext(printer, options);
    } finally {
      // After an error: replies that belong to this file.
      await Promise.allSettled(this.#replies.splice(0));
    }
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const { buffer } = this.#pieces.pop() ?? new Uint8Array(PIECE_SIZE);
    const piece = new Uint8Array(buffer, 0, bytes.length);
    piece.set(bytes);
    return piece;
  }

  #send({ start, piece }: Pick<LinesRequest, "piece"> & { start: LinesRequest["start"] }): void {
    const room = this.#rooms.pop() ?? new Uint8Array(0);
    const request: LinesRequest = {
      room,
      ...(start === undefined ? {} : { start }),
      ...(piece === undefined ? {} : { piece }),
    };
    const reply = Promise.withResolvers<LinesReply>();
    reply.promise.catch(() => {}); // thrown when its turn comes
    this.#waiting.push(reply);
    this.#replies.push(reply.promise);
    this.#worker.postMessage(request, [
      room.buffer,
      ...(piece === undefined ? [] : [piece.buffer]),
    ]);
  }

  async #printNext(
    printer: LinePrinter,
    { onDamage, onProgress }: Omit<PrintArchiveOptions, "limit">,
  ): Promise<void> {
    const { lines, piece, events, bytes, damages, error } = await this.#replies.shift()!;
    if (piece !== undefined) this.#pieces.push(piece);
    await printer.write(lines);
    if (this.#written !== undefined) this.#rooms.push(this.#written);
    this.#written = lines;
    for (const damage of damages) onDamage?.({ ...damage, error: formatError(damage.error) });
    if (events > 0) await onProgress(events, bytes);
    if (error !== undefined) throw fromPlainError(error);
  }
}

const PROGRAM = new URL("./lines_worker.ts", import.meta.url);

/** A program that loads another: Deno would print a failure to load that one itself. */
function loader(program: URL): string {
  const code = `import(${JSON.stringify(program)}).catch(() => postMessage("failed"))`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Whether the program can be loaded without asking the user for a permission. */
function mayLoad(program: URL): boolean {
  if (program.protocol !== "file:") return true;
  return Deno.permissions.querySync({ name: "read", path: program }).state === "granted";
}
