/**
 * Bodies that come in chunks, each with its length before it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 * @module
 */

import type { Buffer } from "node:buffer";
import { HttpSyntaxError } from "./answer_head.ts";

/** More than any line about a chunk, or after the last one, needs. */
const LONGEST_LINE = 16 * 1024;

/** Takes the lengths out of a chunked body. */
export class ChunkedDecoder {
  readonly #onData: (bytes: Buffer) => void;
  /** What is next: a chunk's length, its bytes, the line's end after them, lines after the last. */
  #next: "length" | "data" | "data-end" | "trailer" = "length";
  #missing = 0;
  /** The line that is next, as far as it came. */
  #line = "";

  /** Creates a decoder; `onData` is told the bytes, never none. */
  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData;
  }

  /**
   * Takes the next bytes.
   *
   * @returns What follows the body's end; undefined before it.
   * @throws {HttpSyntaxError} If they are not what must come.
   */
  push(bytes: Buffer): Buffer | undefined {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#next === "data") {
        rest = this.#takeData(rest);
        continue;
      }
      const end = rest.indexOf(0x0a);
      this.#line += rest.toString("latin1", 0, end < 0 ? rest.length : end);
      if (this.#line.length > LONGEST_LINE) throw new HttpSyntaxError("A chunk's line never ends");
      if (end < 0) return undefined;
      rest = rest.subarray(end + 1);
      const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
      this.#line = "";
      if (this.#takeLine(line)) return rest;
    }
    return undefined;
  }

  #takeData(bytes: Buffer): Buffer {
    const data = bytes.subarray(0, this.#missing);
    this.#missing -= data.length;
    if (this.#missing === 0) this.#next = "data-end";
    this.#onData(data);
    return bytes.subarray(data.length);
  }

  /** Returns whether it was the body's last line. */
  #takeLine(line: string): boolean {
    if (this.#next === "trailer") return line === "";
    if (this.#next === "data-end") {
      if (line !== "") throw new HttpSyntaxError("A chunk is longer than it says");
      this.#next = "length";
      return false;
    }
    const length = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
    if (length === undefined) {
      throw new HttpSyntaxError(`${JSON.stringify(line.slice(0, 80))} is no length of a chunk`);
    }
    this.#missing = parseInt(length, 16);
    this.#next = this.#missing === 0 ? "trailer" : "data";
    return false;
  }
}
