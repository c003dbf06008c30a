/**
 * Answers of HTTP/1.1 out of the bytes of a connection.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AnswerHead, type Framing, framingOf, HttpSyntaxError } from "./answer_head.ts";
import { keepsOpen, parseHead } from "./answer_head.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";

/** Told what comes, in this order. */
export interface AnswerSink {
  head(head: AnswerHead): void;
  /** Some bytes of the body, never none. */
  data(bytes: Buffer): void;
  /** The answer is whole; `reusable` tells whether the connection serves another request. */
  end(reusable: boolean): void;
}

/** More than any server sends. */
const LONGEST_HEAD = 64 * 1024;

/** Reads one answer. */
export class AnswerReader {
  readonly #method: string;
  readonly #sink: AnswerSink;
  /** The head as far as it came; undefined once it is whole. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #framing: Framing = 0;
  #keepsOpen = false;
  #missing = 0;
  #chunks: ChunkedDecoder | undefined;

  /**
   * Creates a reader.
   *
   * @param method The request's method, on which it depends whether there is a body.
   * @param sink Told what comes.
   */
  constructor(method: string, sink: AnswerSink) {
    this.#method = method;
    this.#sink = sink;
  }

  /**
   * Takes the next bytes of the connection.
   *
   * @throws {HttpSyntaxError} If they are not what must come.
   */
  push(bytes: Buffer): void {
    if (this.#head === undefined) return this.#pushBody(bytes);
    const all = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
    const end = all.indexOf("\r\n\r\n");
    if (end >= 0) return this.#readHead(all.toString("latin1", 0, end), all.subarray(end + 4));
    if (all.length > LONGEST_HEAD) throw new HttpSyntaxError("The answer's head never ends");
    this.#head = all;
  }

  /** Takes the connection's end; returns whether the answer may end there. */
  close(): boolean {
    const whole = this.#head === undefined && this.#framing === "until-end";
    if (whole) this.#sink.end(false);
    return whole;
  }

  #readHead(text: string, rest: Buffer): void {
    const head = parseHead(text);
    if (head.statusCode < 200) { // the answer proper is still to come
      if (head.statusCode === 101) throw new HttpSyntaxError("The server speaks another protocol");
      this.#head = Buffer.alloc(0);
      return rest.length > 0 ? this.push(rest) : undefined;
    }
    this.#head = undefined;
    const framing = this.#framing = framingOf(this.#method, head);
    this.#keepsOpen = keepsOpen(head, framing, text);
    if (framing === "chunked") this.#chunks = new ChunkedDecoder((data) => this.#sink.data(data));
    if (typeof framing === "number") this.#missing = framing;
    this.#sink.head(head);
    this.#pushBody(rest);
  }

  #pushBody(bytes: Buffer): void {
    if (this.#framing === "until-end") {
      if (bytes.length > 0) this.#sink.data(bytes);
    } else if (this.#chunks !== undefined) {
      const rest = this.#chunks.push(bytes);
      if (rest !== undefined) this.#sink.end(this.#keepsOpen && rest.length === 0);
    } else {
      const data = bytes.length > this.#missing ? bytes.subarray(0, this.#missing) : bytes;
      this.#missing -= data.length;
      if (data.length > 0) this.#sink.data(data);
      // Bytes that nobody asked for: where the next answer begins is anybody's guess.
      if (this.#missing === 0) this.#sink.end(this.#keepsOpen && data.length === bytes.length);
    }
  }
}
