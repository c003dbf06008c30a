/** Where the writing of a batch stopped. */
export interface Stop {
  /** Number of bytes that were written. */
  readonly at: number;
  /** Whether the next piece is in Deno's buffer, from where the next write sends it. */
  readonly isKept: boolean;
}

/** Size of the memory that the threads share: one or two batches of `cat`. */
const ROOM_SIZE = 1 << 19;

/**
 * A second thread that writes to a pipe, in pieces that the pipe accepts at once or not at all (see
 * `output_writer.ts`), while this one prepares what comes next.
 *
 * The threads share memory: to transfer buffers would make all later use of typed arrays slower.
 */
export class OutputThread {
  readonly #worker: Worker;
  readonly #room = new Uint8Array(new SharedArrayBuffer(ROOM_SIZE));
  #reply = Promise.withResolvers<Stop>();

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#reply.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#reply.reject(new Error(event.message));
    };
  }

  /**
   * Starts the thread, which ends with the process.
   *
   * @param file Where it writes, as an expression of the thread: `Deno.stdout`.
   */
  static async start(file: string): Promise<OutputThread> {
    const worker = new Worker(programFor(file), { type: "module" });
    const thread = new OutputThread(worker);
    worker.postMessage(thread.#room);
    await thread.#reply.promise;
    return thread;
  }

  /**
   * Writes until the pipe is full and non-blocking, or an error. Call it again after it has returned.
   *
   * @returns Where it stopped. Another attempt to write there reports the error.
   */
  async write(bytes: Uint8Array): Promise<Stop> {
    for (let start = 0; start < bytes.length; start += ROOM_SIZE) {
      const part = bytes.subarray(start, start + ROOM_SIZE);
      this.#room.set(part);
      this.#reply = Promise.withResolvers();
      this.#worker.postMessage(part.length);
      const { at, isKept } = await this.#reply.promise;
      if (at < part.length) return { at: start + at, isKept };
    }
    return { at: bytes.length, isKept: false };
  }
}

/**
 * Writes whole lines of up to 4096 bytes at a time; longer ones in pieces.
 *
 * Its text is a part of the thread's program, so it uses nothing of this file.
 */
export function writePieces(bytes: Uint8Array, write: (piece: Uint8Array) => number): Stop {
  for (let at = 0; at < bytes.length;) {
    const most = bytes.subarray(at, at + 4096);
    const lines = most.lastIndexOf(0x0a) + 1;
    const piece = lines === 0 ? most : most.subarray(0, lines);
    try {
      at += write(piece);
    } catch (error) {
      const isFull = error instanceof Error && error.name === "WouldBlock";
      return { at, isKept: isFull && lines === 0 && piece.length < 1024 };
    }
  }
  return { at: bytes.length, isKept: false };
}

/** The program of a thread; as a text, it needs no permission and no file beside the executable. */
function programFor(file: string): string {
  const code = `
    let room;
    onmessage = ({ data }) => {
      if (typeof data !== "number") room = data;
      const bytes = room.subarray(0, typeof data === "number" ? data : 0);
      postMessage((${writePieces})(bytes, (piece) => ${file}.writeSync(piece)));
    };`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
