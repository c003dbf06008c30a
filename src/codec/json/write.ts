/**
 * MessagePack to JSON, without objects in between.
 *
 * @module
 */

import { JsonWriter } from "./writer.ts";
import { INPUT, kernels, memory, OUTPUT, OUTPUT_END } from "../wasm/kernels.ts";
import { isMapLead, notMapError, trailingError, truncatedError } from "../msgpack/format.ts";

const LINE_FEED = Uint8Array.of(0x0a);
/** How many bytes of events are looked at together. */
const PIECE = 65_536;
/** An array that grew beyond this is let go. */
const KEPT_SIZE = 1 << 24;

/**
 * Turns one MessagePack value into JSON, as compact as `JSON.stringify` writes it.
 *
 * Integers are exact at any size; a double is written as JavaScript does (-0 as `-0`), a 32-bit
 * float as the shortest text that reads back as that float, NaN and the infinities as null. Binaries
 * are base64 text, which is empty where they are. Timestamps, and times as Go writes
 * them, are RFC 3339 in UTC; one that is malformed or outside the years 0 to 9999, and any other
 * extension, is `{"Data":base64,"Type":n}`. In a string each byte that is not UTF-8 becomes U+FFFD.
 * Maps are printed as they stand, keys that are there twice included; a binary key is read as a
 * string, and any other key that is not one becomes its JSON text (an array or map in such a key that
 * is a key itself, the base64 of its MessagePack). Whatever the bytes, the result is JSON.
 *
 * @example Usage
 * ```ts
 * import { encodeMsgpack, msgpackToJson } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const json = msgpackToJson(encodeMsgpack({ id: 2n ** 64n - 1n }));
 * equal(new TextDecoder().decode(json), '{"id":18446744073709551615}');
 * ```
 * @param bytes The value, and nothing else.
 * @returns UTF-8, in an array of its own.
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
 * Turns events into JSON lines, many at a time, in one array that is used again and again.
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
   * Turns events into JSON lines, each written as {@linkcode msgpackToJson} does.
   *
   * @param events Whole events, one after the other.
   * @returns UTF-8, each event followed by a line feed; valid until the next call.
   * @throws {ArchiveFormatError} If an event is malformed, cut short or not a map; the offset counts
   * from the start of `events`. No line of this call is given then: check events with
   * {@linkcode skipEvent} where the good ones before are wanted.
   */
  write(events: Uint8Array): Uint8Array {
    this.#writer.length = 0;
    this.add(events);
    return this.take();
  }

  /**
   * Turns events into JSON lines that are kept for {@linkcode take}.
   *
   * @param events Whole events, one after the other.
   * @returns The size of all lines that are kept, in bytes.
   * @throws {ArchiveFormatError} As {@linkcode write} does; then none of their lines is kept.
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

  /** Adds the events that begin in a piece of them; returns where the next one begins. */
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

  /** Adds one event of any kind; returns where the next one begins. */
  #addAny(events: Uint8Array, at: number): number {
    const writer = this.#writer;
    if (!isMapLead(events[at]!)) throw notMapError(at, events[at]!);
    const next = writer.writeValue(events, at);
    writer.write(LINE_FEED);
    return next;
  }

  /**
   * Takes the lines that were added.
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
