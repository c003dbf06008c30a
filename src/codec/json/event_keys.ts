/**
 * The keys `_file` and `_index`, which `cat --with-key` adds to events, and events that have such
 * keys themselves.
 *
 * @module
 */

import { concatBytes } from "../../base/bytes.ts";
import { skipMsgpack } from "../msgpack/scan.ts";
import { bufferOf } from "../msgpack/text.ts";
import type { JsonWriter } from "./writer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Keys of events that get one more underscore. */
const RESERVED = /^_+(file|index)$/;
const UNDERSCORE = 0x5f;
const LINE_FEED = 0x0a;
const COMMA = 0x2c;
/** The most digits of an index. */
const MAX_DIGITS = 16;

/** Numbers the events of a file: puts `_file` and `_index` before the other keys of each line. */
export class EventKeys {
  readonly #head: Uint8Array;
  #index = 0;

  /** Begins with index 0. */
  constructor(file: string) {
    this.#head = encoder.encode(`{"_file":${JSON.stringify(file)},"_index":`);
  }

  /**
   * Writes lines with their keys.
   *
   * @param lines JSON objects, each with a line feed, which are the only ones. They are changed.
   * @param writer Receives the lines.
   */
  write(lines: Uint8Array, writer: JsonWriter): void {
    for (let at = 0; at < lines.length;) {
      const end = lines.indexOf(LINE_FEED, at) + 1;
      this.#writeHead(writer);
      const isEmpty = end - at === 3; // {}
      lines[at] = COMMA; // instead of the brace, which was written
      writer.write(lines.subarray(isEmpty ? at + 1 : at, end));
      at = end;
    }
  }

  #writeHead(writer: JsonWriter): void {
    const head = this.#head;
    writer.reserve(head.length + MAX_DIGITS);
    const { out, length } = writer;
    out.set(head, length);
    let index = this.#index++;
    let digits = 1;
    for (let power = 10; index >= power; power *= 10) digits++;
    const end = writer.length = length + head.length + digits;
    for (let at = end - 1; at >= end - digits; at--) {
      out[at] = 0x30 + index % 10;
      index = Math.floor(index / 10);
    }
  }
}

/**
 * Whether any of these events may have a reserved key.
 *
 * The search in a string takes a quarter of the time of one in the array.
 */
export function mayHaveReserved(events: Uint8Array): boolean {
  const text = bufferOf(events).toString("latin1");
  return text.includes("_file") || text.includes("_index");
}

/**
 * Adds an underscore to each reserved key of an event: `_file` becomes `__file`, and, so that keys
 * stay different, `__file` becomes `___file`. Keys in nested maps stay.
 *
 * @param event A complete event.
 * @returns The event with other keys; undefined if it has no reserved key.
 */
export function renameReserved(event: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let [at, copied] = [sizeOfHead(event[0]!), 0];
  for (; at < event.length; at = skipMsgpack(event, skipMsgpack(event, at))) {
    const key = textAt(event, at);
    if (!RESERVED.test(key)) continue;
    parts.push(event.subarray(copied, at), encodeText(`_${key}`));
    copied = skipMsgpack(event, at);
  }
  return parts.length === 0 ? undefined : concatBytes([...parts, event.subarray(copied)]);
}

/** Size of what comes before the first key. */
function sizeOfHead(lead: number): number {
  return lead < 0xde ? 1 : lead === 0xde ? 3 : 5;
}

/** A string or binary that begins with an underscore, as text; nothing for other values. */
function textAt(bytes: Uint8Array, at: number): string {
  const lead = bytes[at]!;
  const isFixed = (lead & 0xe0) === 0xa0;
  const step = lead >= 0xd9 && lead <= 0xdb
    ? lead - 0xd9
    : lead >= 0xc4 && lead <= 0xc6
    ? lead - 0xc4
    : undefined;
  if (!isFixed && step === undefined) return "";
  const start = at + 1 + (isFixed ? 0 : 1 << step!);
  if (bytes[start] !== UNDERSCORE) return "";
  return decoder.decode(bytes.subarray(start, skipMsgpack(bytes, at)));
}

/** A string of any length, in the encoding for the longest ones. */
function encodeText(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const head = new Uint8Array(5);
  head[0] = 0xdb;
  new DataView(head.buffer).setUint32(1, bytes.length);
  return concatBytes([head, bytes]);
}
