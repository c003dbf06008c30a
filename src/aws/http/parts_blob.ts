/**
 * Maximum number of bytes passed on at once: each piece is copied. Each takes a turn of the event loop,
 * so with 64 KiB an upload takes longer than reading the next file, and files pile up in memory.
 */
const PIECE = 270_336;

/**
 * A body that is read from parts: `fetch` sends it with its length, without joining the parts, and
 * again if necessary. (It makes a copy or two of 32 MiB in a plain `Blob` or array.)
 */
export class PartsBlob extends Blob {
  readonly #parts: readonly Uint8Array[];
  readonly #size: number;
  readonly #onRead: (() => void) | undefined;

  /**
   * Wraps the parts, which must not change until the request is over.
   *
   * @param onRead Called whenever a piece is taken to be sent.
   */
  constructor(parts: readonly Uint8Array[], onRead?: () => void) {
    super([]);
    this.#parts = parts;
    this.#size = parts.reduce((size, part) => size + part.length, 0);
    this.#onRead = onRead;
  }

  override get size(): number {
    return this.#size;
  }

  /** The same body, with another `onRead`. */
  watchedBy(onRead: () => void): PartsBlob {
    return new PartsBlob(this.#parts, onRead);
  }

  /** Reads the body from its start. */
  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pieces = piecesOf(this.#parts);
    const pull = (controller: ReadableStreamDefaultController) => {
      const { value, done } = pieces.next();
      if (done) return controller.close();
      this.#onRead?.();
      controller.enqueue(value);
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }
}

function* piecesOf(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE) yield part.subarray(at, at + PIECE);
  }
}
