/**
 * Reads the body of a response to GetRecords while it arrives.
 *
 * It is read in pieces by a parser for records, in 1 µs per record. `JSON.parse`, which takes 2.5 µs,
 * parses what that one refuses.
 *
 * @module
 */

import type { WireResponse as HttpResponse } from "../../aws/http/fetch_handler.ts";
import { ResponseBody } from "../../aws/http/response_body.ts";
import { freeBuffer } from "../../base/bytes.ts";
import {
  LARGE,
  type ReceivedRecords,
  type ReceivedResponse,
  ResponseParser,
} from "./response_parser.ts";
import { Turns } from "../turns.ts";

/** A response of the SDK's request handlers, as far as it is used here. */
export interface WireResponse extends Pick<HttpResponse, "headers" | "statusCode"> {
  body: AsyncIterable<Uint8Array> | Uint8Array;
}

/** A body that the SDK reads instead of one that is read here. */
export const EMPTY_RESPONSE: Uint8Array = new TextEncoder().encode("{}");

/** How many responses are decoded at once. */
const RESPONSES = 2;

/** Memory that the readers of responses share. */
export class ResponseMemory {
  readonly responses: Turns = new Turns(RESPONSES);
  /** Turns to decode a response of more than {@linkcode LARGE}. */
  readonly large: Turns = new Turns(1);
  readonly #buffers: ArrayBuffer[] = [];

  /** Gets a buffer that was used before, if there is one. */
  takeBuffer(): ArrayBuffer | undefined {
    return this.#buffers.pop();
  }

  /** Keeps a buffer for the next response, unless it is large. */
  giveBuffer(buffer: ArrayBuffer): void {
    if (buffer.byteLength > LARGE || this.#buffers.length >= RESPONSES) freeBuffer(buffer);
    else this.#buffers.push(buffer);
  }
}

/** Reads one response, piece by piece. */
export class ResponseReader implements AsyncDisposable {
  readonly #response: WireResponse;
  readonly #memory: ResponseMemory;
  readonly #signal: AbortSignal | undefined;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #parser: ResponseParser;
  #large: Disposable | undefined;

  constructor(response: WireResponse, memory: ResponseMemory, signal?: AbortSignal) {
    this.#response = response;
    this.#memory = memory;
    this.#signal = signal;
    this.#chunks = chunksOf(response.body);
    const length = Number(response.headers["content-length"]) || undefined;
    this.#parser = new ResponseParser({ buffer: memory.takeBuffer(), length });
  }

  /** The response without its records, after all of it was read. */
  get rest(): ReceivedResponse {
    return this.#parser.rest ?? {};
  }

  /**
   * Reads more records.
   *
   * @returns The next records, at least one; undefined at the end.
   * @throws {SyntaxError} If the body is not a response. Other errors are those of the connection.
   */
  async next(): Promise<ReceivedRecords | undefined> {
    try {
      while (true) {
        const records = this.#parser.next();
        if (records !== undefined || this.#parser.rest !== undefined) return records;
        const { value, done } = await this.#chunks.next();
        if (done) this.#parser.end();
        else await this.#push(value);
      }
    } catch (error) {
      // As in the SDK's errors: an error in a body says little without the status.
      if (error instanceof SyntaxError) throw Object.assign(error, { $response: this.#response });
      throw error;
    }
  }

  /** Frees the memory of the records that `next` returned. */
  release(): void {
    this.#parser.free();
  }

  /** Cancels the rest, and releases the memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory.giveBuffer(this.#parser.dispose());
    this.#large?.[Symbol.dispose]();
    if (this.#parser.rest !== undefined) return;
    await this.#chunks.return?.().catch(() => {});
    if (this.#response.body instanceof ResponseBody) await this.#response.body.cancel();
  }

  async #push(chunk: Uint8Array): Promise<void> {
    try {
      if (this.#large === undefined && this.#parser.sizeWith(chunk) > LARGE) {
        this.#large = await this.#memory.large.take(this.#signal);
      }
      this.#parser.push(chunk);
    } finally {
      // It was copied, or is not needed any more.
      if (this.#response.body instanceof ResponseBody) this.#response.body.release(chunk);
    }
  }
}

function chunksOf(body: AsyncIterable<Uint8Array> | Uint8Array): AsyncIterator<Uint8Array> {
  if (!(body instanceof Uint8Array)) return body[Symbol.asyncIterator]();
  return (async function* () {
    yield await Promise.resolve(body);
  })();
}
