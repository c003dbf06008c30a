/**
 * Converts MessagePack to JSON without creating objects.
 *
 * @module
 */

import { JsonWriter } from "./writer.ts";
import { INPUT, kernels, memory, OUTPUT, OUTPUT_END } from "../wasm/kernels.ts";
import { isMapLead, notMapError, trailingError, truncatedError } from "../msgpack/format.ts";

const LINE_FEED = Uint8Array.of(0x0a);
/** Bytes of events that are converted at once. */
const PIECE = 65_536;
/** An array that grew beyond this size is not reused. */
const KEPT_SIZE = 1 << 24;

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
  #writer = new JsonWriter(1 << 16);

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
    this.#writer.length = 0;
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
    const writer = this.#writer;
    const before = writer.length;
    try {
      for (let at = 0; at < events.length;) at = this.#addPiece(events, at);
    } catch (error) {
      writer.length = before;
      throw error;
    }
    return writer.length;
  }

  /** Adds the events that start within the next piece; returns where the next event starts. */
  #addPiece(events: Uint8Array, start: number): number {
    const piece = events.subarray(start, start + PIECE);
    memory.set(piece, INPUT);
    let at = 0;
    while (at < piece.length) {
      const end = kernels.writeLines(INPUT + at, INPUT + piece.length, OUTPUT, OUTPUT_END);
      if (end > OUTPUT) {
        this.#writer.write(memory.subarray(OUTPUT, end));
        at = kernels.stoppedAt.value - INPUT;
      } else at = this.#addAny(events, start + at) - start;
    }
    return start + at;
  }

  /** Adds one event of any kind; returns where the next one starts. */
  #addAny(events: Uint8Array, at: number): number {
    const writer = this.#writer;
    if (!isMapLead(events[at]!)) throw notMapError(at, events[at]!);
    const next = writer.writeValue(events, at);
    writer.write(LINE_FEED);
    return next;
  }

  /**
   * Returns and removes the lines that were added.
   *
   * @returns UTF-8, each event followed by a line feed; valid until the next call.
   */
  take(): Uint8Array {
    const { out, length } = this.#writer;
    this.#writer.length = 0;
    if (out.length > KEPT_SIZE) this.#writer = new JsonWriter(1 << 16);
    return out.subarray(0, length);
  }
}
