/**
 * The body of an answer, on its way from the connection to its reader.
 *
 * @module
 */

/** Bytes that wait for their reader before the connection is told to wait. */
const HIGH_WATER = 128 * 1024;

/** What a body wants of its connection. */
export interface BodySource {
  /** There is room again. */
  resume(): void;
  /** Nobody wants the rest. */
  abandon(): void;
}

/** A body; read once. */
export class AnswerBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #source: BodySource;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #reader: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | undefined;
  #end: { readonly error?: unknown } | undefined;

  /** Creates a body. */
  constructor(source: BodySource) {
    this.#source = source;
  }

  /** Whether there is no room for more. */
  get isFull(): boolean {
    return this.#size >= HIGH_WATER;
  }

  /** Takes bytes. */
  push(chunk: Uint8Array): void {
    if (this.#reader !== undefined) {
      this.#reader.resolve({ value: chunk, done: false });
      this.#reader = undefined;
    } else {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
    }
  }

  /** Takes the end, which is an error where bytes are missing. */
  end(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (this.#reader === undefined) return;
    if ("error" in end) this.#reader.reject(end.error);
    else this.#reader.resolve({ value: undefined, done: true });
    this.#reader = undefined;
  }

  /** Waits for the next bytes. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#size -= chunk.length;
      if (this.#end === undefined && this.#size === 0) this.#source.resume();
      return Promise.resolve({ value: chunk, done: false });
    }
    if (this.#end === undefined) return (this.#reader ??= Promise.withResolvers()).promise;
    if ("error" in this.#end) return Promise.reject(this.#end.error);
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Gives up the rest, when a loop over the body is left. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.destroy();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Gives up the rest: the connection is closed unless all of it came; who waits gets `error`. */
  destroy(error: unknown = new Error("The body was given up")): void {
    this.#chunks.length = 0;
    if (this.#end === undefined) this.#source.abandon();
    this.end({ error });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
