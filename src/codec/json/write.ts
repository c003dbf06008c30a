/**
 * Converts MessagePack to JSON without creating objects.
 *
 * @module
 */

import { JsonWriter } from "./writer.ts";
import { LineWriter } from "./line_writer.ts";
import { INPUT, memory, PIECE_SIZE } from "../wasm/kernels.ts";
import { trailingError, truncatedError } from "../msgpack/format.ts";

/**
 * Converts one MessagePack value to JSON, as compact as `JSON.stringify`.
 *
 * Integers are exact at any size. Doubles are written as in JavaScript (-0 as `-0`), 32-bit floats as
 * the shortest text that reads back as that float, and NaN and the infinities as null. Binaries are
 * base64 text; empty ones are empty text. Timestamps, and times as written by Go, are RFC 3339 in
 * UTC; if they are malformed or outside the years 0 to 9999, they are `{"Data":base64,"Type":n}`, as
 * is any other extension. In a string, each byte that is not UTF-8 becomes U+FFFD. Maps keep their
 * order and duplicate keys. A binary key is read as a string, and any other key becomes its JSON text
 * (an array or map that is a key inside such a key, the base64 of its MessagePack). The result is
 * JSON for any input.
 *
 * @example Usage
 * ```ts
 * import { encodeMsgpack, msgpackToJson } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const json = msgpackToJson(encodeMsgpack({ id: 2n ** 64n - 1n }));
 * equal(new TextDecoder().decode(json), '{"id":18446744073709551615}');
 * ```
 * @param bytes The value, and nothing else.
 * @returns UTF-8, in a new array.
 * @throws {ArchiveFormatError} If the bytes are not one value, or arrays and maps are nested more
 * than 10,000 deep.
 */
export function msgpackToJson(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw truncatedError(0);
  const writer = new JsonWriter(bytes.length * 2);
  const end = writer.writeValue(bytes, 0);
  if (end !== bytes.length) throw trailingError(end);
  return writer.out.slice(0, writer.length);
}

/**
 * Converts events to JSON lines, many at a time, in one array that is reused.
 *
 * @example Usage
 * ```ts
 * import { encodeEvent, NdjsonWriter } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const writer = new NdjsonWriter();
 * const lines = writer.write(encodeEvent({ type: "click" }));
 * equal(new TextDecoder().decode(lines), '{"type":"click"}\n');
 * ```
 */
export class NdjsonWriter {
  readonly #lines = new LineWriter();

  /**
   * Converts events to JSON lines, like {@linkcode msgpackToJson}.
   *
   * @param events Complete events, one after the other.
   * @returns UTF-8, each event followed by a line feed; valid until the next call.
   * @throws {ArchiveFormatError} If an event is malformed, truncated or not a map; the offset counts
   * from the start of `events`. Then no line of this call is returned: to get the good events before
   * it, check events with {@linkcode skipEvent} first.
   */
  write(events: Uint8Array): Uint8Array {
    this.#lines.cut(0);
    this.add(events);
    return this.take();
  }

  /**
   * Converts events to JSON lines and keeps them for {@linkcode take}.
   *
   * @param events Complete events, one after the other.
   * @returns The size of all kept lines, in bytes.
   * @throws {ArchiveFormatError} As {@linkcode write} does; then none of the new lines is kept.
   */
  add(events: Uint8Array): number {
    const before = this.#lines.length;
    try {
      for (let at = 0; at < events.length;) at = this.#addPiece(events, at);
    } catch (error) {
      this.#lines.cut(before);
      throw error;
    }
    return this.#lines.length;
  }

  /** Adds the events that start within the next piece; returns where the next event starts. */
  #addPiece(events: Uint8Array, start: number): number {
    const piece = events.subarray(start, start + PIECE_SIZE);
    memory.set(piece, INPUT);
    const placed = memory.subarray(INPUT, INPUT + piece.length);
    let at = 0;
    while (at < placed.length) {
      const next = this.#lines.addPlain(placed, at);
      at = next > at ? next : this.#lines.addAny(events, start + at) - start;
    }
    return start + at;
  }

  /**
   * Returns and removes the lines that were added.
   *
   * @returns UTF-8, each event followed by a line feed; valid until the next call.
   */
  take(): Uint8Array {
    return this.#lines.take();
  }
}
