/**
 * Reading the body of an answer to GetRecords while it comes.
 *
 * It is read in pieces by a program that knows what records look like, in 1 µs a record; what it
 * refuses is left to `JSON.parse`, which takes 2.5 µs.
 *
 * @module
 */

import { AnswerBody } from "../../aws/http/answer_body.ts";
import { freeBuffer } from "../../base/free_buffer.ts";
import { AnswerParser, type ReceivedAnswer } from "./answer_parser.ts";
import type { ReceivedRecord } from "./received_record.ts";
import { Turns } from "../turns.ts";

/** What the SDK's connection handlers give, as far as it is used here. */
export interface WireAnswer {
  /** The headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The HTTP status. */
  readonly statusCode: number;
  /** The body. */
  body: AsyncIterable<Uint8Array> | Uint8Array;
}

/** How many answers are decoded at once. */
const ANSWERS = 2;

/** Answers whose records do not fit into this many bytes are decoded one at a time. */
const LARGE = 2 << 20;

/** Memory that the reading of answers shares. */
export class AnswerMemory {
  /** Of those that decode an answer. */
  readonly answers: Turns = new Turns(ANSWERS);
  /** Of those that need more than {@linkcode LARGE}. */
  readonly large: Turns = new Turns(1);
  readonly #buffers: ArrayBuffer[] = [];

  /** Gets a buffer that was used before, if there is one. */
  takeBuffer(): ArrayBuffer | undefined {
    return this.#buffers.pop();
  }

  /** Keeps a buffer for the next answer, unless it is large. */
  giveBuffer(buffer: ArrayBuffer): void {
    if (buffer.byteLength > LARGE || this.#buffers.length >= ANSWERS) freeBuffer(buffer);
    else this.#buffers.push(buffer);
  }
}

/** Reads one answer, piece by piece. */
export class AnswerReader implements AsyncDisposable {
  readonly #answer: WireAnswer;
  readonly #memory: AnswerMemory;
  readonly #signal: AbortSignal | undefined;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #parser: AnswerParser;
  #large: Disposable | undefined;
  #rest: ReceivedAnswer | undefined;

  /** Begins with the body of an answer. */
  constructor(answer: WireAnswer, memory: AnswerMemory, signal?: AbortSignal) {
    this.#answer = answer;
    this.#memory = memory;
    this.#signal = signal;
    this.#chunks = chunksOf(answer.body);
    this.#parser = new AnswerParser({ buffer: memory.takeBuffer() });
  }

  /** What the answer says beside its records, once all of it has been read. */
  get rest(): ReceivedAnswer {
    return this.#rest ?? {};
  }

  /**
   * Reads on.
   *
   * @returns The next records, some at least; undefined at the end.
   * @throws {SyntaxError} If the body is no answer. All else is what the connection failed with.
   */
  async next(): Promise<readonly ReceivedRecord[] | undefined> {
    try {
      while (this.#rest === undefined) {
        const { value, done } = await this.#chunks.next();
        if (done) this.#rest = this.#parser.end();
        else await this.#push(value);
        const records = this.#parser.take();
        if (records.length > 0) return records;
      }
      return undefined;
    } catch (error) {
      // Where the SDK puts it too: what is wrong with a body says little without its status.
      if (error instanceof SyntaxError) throw Object.assign(error, { $response: this.#answer });
      throw error;
    }
  }

  /** Frees the data of the records that `next` returned. */
  release(): void {
    this.#parser.free();
  }

  /** Cancels what was not read, and gives the memory back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory.giveBuffer(this.#parser.dispose());
    this.#large?.[Symbol.dispose]();
    if (this.#rest !== undefined) return;
    await this.#chunks.return?.().catch(() => {});
    if (this.#answer.body instanceof AnswerBody) await this.#answer.body.cancel();
  }

  async #push(chunk: Uint8Array): Promise<void> {
    if (this.#large === undefined && this.#parser.sizeWith(chunk) > LARGE) {
      this.#large = await this.#memory.large.take(this.#signal);
    }
    this.#parser.push(chunk);
    // It was copied.
    if (this.#answer.body instanceof AnswerBody) this.#answer.body.release(chunk);
  }
}

function chunksOf(body: AsyncIterable<Uint8Array> | Uint8Array): AsyncIterator<Uint8Array> {
  if (!(body instanceof Uint8Array)) return body[Symbol.asyncIterator]();
  return (async function* () {
    yield await Promise.resolve(body);
  })();
}
