import { concatBytes, freeBuffer } from "../../base/bytes.ts";
import type { Silence } from "./silence.ts";

/** Bodies up to this size are read at once, in bytes. */
const SMALL = 65_536;

/** Size of the buffers for longer bodies, in bytes; reading into larger ones is no faster. */
const CHUNK = 65_536;

/** What a body needs besides the response. */
export interface ResponseBodyOptions {
  /** Limits how long the server may be silent. */
  readonly silence: Silence;
  /** Converts the error of a failed read. */
  readonly nameError: (error: unknown) => unknown;
}

/** The body of a response, which is read once, or cancelled. */
export class ResponseBody implements AsyncIterable<Uint8Array> {
  readonly #response: Response;
  readonly #options: ResponseBodyOptions;
  /** Buffers that readers have released; undefined after the end of the body. */
  #free: ArrayBuffer[] | undefined = [];

  constructor(response: Response, options: ResponseBodyOptions) {
    this.#response = response;
    this.#options = options;
    if (response.body === null) options.silence.end(); // there is nothing to read
  }

  /** Cancels a body that nobody will read. */
  async cancel(): Promise<void> {
    this.#options.silence.end();
    await this.#response.body?.cancel().catch(() => {});
  }

  /**
   * Releases the memory of a chunk for the following chunks. V8 would let tens of MB pile up before
   * it collects garbage, so memory that is not used again is freed.
   */
  release({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer)) return;
    if (buffer.byteLength === CHUNK && this.#free !== undefined) this.#free.push(buffer);
    else freeBuffer(buffer);
  }

  /**
   * Yields the body; each chunk has its own memory until it is released. The response to a HEAD has
   * no body.
   *
   * @throws {Error} With a `code` for lost connections, or the signal's reason.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { silence, nameError } = this.#options;
    try {
      const { body } = this.#response;
      if (body === null) return;
      const size = Number(this.#response.headers.get("content-length") ?? Infinity);
      if (size <= SMALL) {
        const bytes = await silence.during(this.#response.arrayBuffer());
        if (bytes.byteLength > 0) yield new Uint8Array(bytes);
      } else yield* this.#chunks(body, size);
    } catch (error) {
      throw silence.signal.aborted ? error : nameError(error);
    } finally {
      silence.end();
      this.#free?.forEach(freeBuffer);
      this.#free = undefined;
    }
  }

  /**
   * Reads the body.
   *
   * @param limit The most bytes there may be.
   * @returns The body; undefined if it is longer.
   * @throws {Error} With a `code` for lost connections, or the signal's reason.
   */
  async bytes(limit: number): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this) {
      size += chunk.length;
      if (size > limit) return undefined; // which cancels the rest
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0] : concatBytes(chunks);
  }

  async *#chunks(body: ReadableStream<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
    const reader = readerOf(body);
    try {
      for (let [received, ended] = [0, false]; !ended;) {
        // One byte more than there should be, to see the end.
        const buffer = this.#free?.pop() ?? new ArrayBuffer(Math.min(CHUNK, size - received + 1));
        const { chunk, done } = await this.#fill(reader, buffer);
        received += chunk.length;
        ended = done;
        if (chunk.length > 0) yield chunk;
      }
    } finally {
      // Of a body that was read to its end or failed, there is nothing to cancel.
      await reader.cancel().catch(() => {});
    }
  }

  /** Reads until a buffer is full: small chunks would each hold a whole buffer. */
  async #fill(
    reader: ReadableStreamBYOBReader,
    buffer: ArrayBuffer,
  ): Promise<{ readonly chunk: Uint8Array; readonly done: boolean }> {
    const { silence } = this.#options;
    for (let [rest, length] = [new Uint8Array(buffer), 0];;) {
      const { value, done } = await silence.during(reader.read(rest));
      if (value === undefined) return { chunk: new Uint8Array(0), done: true };
      length += value.length;
      rest = new Uint8Array(value.buffer, length);
      if (done || rest.length === 0) {
        return { chunk: new Uint8Array(value.buffer, 0, length), done };
      }
    }
  }
}

/** A reader into buffers of ours. */
function readerOf(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    // Bun has bodies that do not know of it.
    return copying(body.getReader());
  }
}

/** Reads as a BYOB reader does. */
function copying(reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStreamBYOBReader {
  let left: Uint8Array = new Uint8Array(0);
  const read = async (view: Uint8Array) => {
    if (left.length === 0) left = (await reader.read()).value ?? left;
    const value = view.subarray(0, left.length);
    value.set(left.subarray(0, view.length));
    left = left.subarray(value.length);
    return { value, done: value.length === 0 };
  };
  return Object.assign(reader as unknown as ReadableStreamBYOBReader, { read });
}
