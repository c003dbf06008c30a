/**
 * The writer of `msgpackToJson`, and of `NdjsonWriter` for values that `wasm/assembly/json_lines.ts`
 * leaves out.
 *
 * @module
 */

import { numberText } from "./number.ts";
import { base64Size, MAX_EXPANSION, writeBase64, writeText } from "./text.ts";
import { isMapLead, MAX_DEPTH, tooDeepError, truncatedError } from "../msgpack/format.ts";
import { skipMsgpack } from "../msgpack/scan.ts";
import { bufferOf, decodeText } from "../msgpack/text.ts";
import { formatTime, readTime } from "../msgpack/values.ts";

/** The containers of the current value: maps (1) or arrays (0), and their remaining entries. */
class Stack {
  readonly isMap = new Uint8Array(MAX_DEPTH);
  readonly entries = new Float64Array(MAX_DEPTH);
}

/** Shared by all writers: one writer is active at a time, and another one for its keys. */
const valueStack = new Stack();
const keyStack = new Stack();

/** What a writer writes: values, keys that are not strings, or such keys inside keys (scalars). */
type Level = "value" | "key" | "key in key";

/** Writes MessagePack values as JSON into one growing array. */
export class JsonWriter {
  /** The written bytes, up to `length`. */
  out: Uint8Array;
  length = 0;
  readonly #level: Level;

  /** Creates a writer with room for `size` bytes, which grows on demand. */
  constructor(size: number, level: Level = "value") {
    this.out = new Uint8Array(size);
    this.#level = level;
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.out.length) return;
    const grown = new Uint8Array(Math.max(needed, this.out.length * 2));
    grown.set(this.out.subarray(0, this.length));
    this.out = grown;
  }

  /** Writes bytes that are already JSON. */
  write(json: Uint8Array): void {
    this.reserve(json.length);
    this.out.set(json, this.length);
    this.length += json.length;
  }

  /** Writes text that is known to be ASCII. */
  #writeAscii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.out[this.length++] = text.charCodeAt(i);
  }

  /**
   * Writes the value that starts at `start`, and returns where it ends.
   *
   * Every value is followed by a comma; at the end of an array or a map, the bracket replaces the last
   * comma. There is no recursion, so depth costs nothing.
   */
  writeValue(bytes: Uint8Array, start: number): number {
    const { isMap: outerIsMap, entries: outerEntries } = this.#level === "value"
      ? valueStack
      : keyStack;
    let pos = start;
    let depth = 0;
    let entries = 1;
    let isMap = 0;
    for (;;) {
      while (entries === 0) {
        if (depth === 0) {
          this.length--;
          return pos;
        }
        this.out[this.length - 1] = isMap === 1 ? 0x7d : 0x5d;
        this.#writeAscii(",");
        depth--;
        entries = outerEntries[depth]!;
        isMap = outerIsMap[depth]!;
      }
      entries--;
      if (isMap === 1) {
        pos = this.#writeKey(bytes, pos);
        this.#writeAscii(":");
      }
      const container = containerAt(bytes, pos);
      if (container === undefined) {
        pos = this.#writeScalar(bytes, pos);
        this.#writeAscii(",");
      } else if (container.count === 0) {
        this.#writeAscii(container.isMap === 1 ? "{}," : "[],");
        pos = container.next;
      } else {
        if (depth === MAX_DEPTH) throw tooDeepError(pos);
        this.#writeAscii(container.isMap === 1 ? "{" : "[");
        outerEntries[depth] = entries;
        outerIsMap[depth] = isMap;
        depth++;
        entries = container.count;
        isMap = container.isMap;
        pos = container.next;
      }
    }
  }

  /** Writes a value that is neither array nor map, and returns where it ends. */
  #writeScalar(bytes: Uint8Array, at: number): number {
    const lead = bytes[at]!;
    const next = endOf(bytes, at);
    if (lead < 0x80 || lead >= 0xe0) this.#writeAscii(String(lead < 0x80 ? lead : lead - 256));
    else if (lead === 0xc0) this.#writeAscii("null");
    else if (lead === 0xc2 || lead === 0xc3) this.#writeAscii(lead === 0xc2 ? "false" : "true");
    else if (lead >= 0xca && lead <= 0xd3) this.#writeAscii(numberText(viewOf(bytes), at, lead));
    else if (lead >= 0xc7 && lead <= 0xd8) {
      const typeAt = lead >= 0xd4 ? at + 1 : at + 1 + (1 << (lead - 0xc7));
      this.#writeExtension((bytes[typeAt]! << 24) >> 24, bytes.subarray(typeAt + 1, next));
    } else this.#writeQuoted(bytes, bodyStart(lead, at), next, !isBinary(lead));
    return next;
  }

  #writeExtension(type: number, data: Uint8Array): void {
    const time = readTime(type, data);
    const text = time && formatTime(time.seconds, time.nanoseconds);
    if (text !== undefined) return this.#writeAscii(`"${text}"`);
    this.#writeAscii('{"Data":');
    if (data.length === 0) this.#writeAscii("null"); // as go-triton does
    else this.#writeQuoted(data, 0, data.length, false);
    this.#writeAscii(`,"Type":${type}}`);
  }

  /** Writes a key, and returns where it ends: a binary one is read as a string. */
  #writeKey(bytes: Uint8Array, at: number): number {
    if (at >= bytes.length) throw truncatedError(at);
    const lead = bytes[at]!;
    const next = endOf(bytes, at);
    if (isString(lead) || isBinary(lead)) this.#writeQuoted(bytes, bodyStart(lead, at), next, true);
    else this.#writeOddKey(bytes, at, next);
    return next;
  }

  /**
   * Writes a key that is not a string: its JSON in quotes, unless that is already a string. Escaping
   * doubles with each level of keys in keys, so an array or map that is a key inside a key is written
   * as the base64 of its MessagePack instead.
   */
  #writeOddKey(bytes: Uint8Array, at: number, end: number): void {
    const isValue = this.#level === "value";
    if (!isValue && isContainer(bytes[at]!)) return this.#writeQuoted(bytes, at, end, false);
    // Each level has its own writer: this one may be writing a key.
    const json = writeKey(bytes.subarray(at, end), isValue ? "key" : "key in key");
    const isText = json[0] === 0x22;
    if (isText) this.write(json);
    else this.#writeQuoted(json, 0, json.length, true);
  }

  #writeQuoted(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    const size = end - start;
    this.reserve(2 + (isText ? size * MAX_EXPANSION : base64Size(size)));
    const { out } = this;
    out[this.length++] = 0x22;
    this.length = (isText ? writeText : writeBase64)(bytes, start, end, out, this.length);
    out[this.length++] = 0x22;
  }
}

function isString(lead: number): boolean {
  return (lead & 0xe0) === 0xa0 || (lead >= 0xd9 && lead <= 0xdb);
}

function isBinary(lead: number): boolean {
  return lead >= 0xc4 && lead <= 0xc6;
}

function isContainer(lead: number): boolean {
  return (lead & 0xe0) === 0x80 || (lead >= 0xdc && lead <= 0xdf);
}

/** Where the bytes of a string or binary start. */
function bodyStart(lead: number, at: number): number {
  if (lead < 0xc0) return at + 1;
  return at + 1 + (1 << (lead - (isBinary(lead) ? 0xc4 : 0xd9)));
}

/** Where a value ends, which must be complete. */
function endOf(bytes: Uint8Array, at: number): number {
  const next = skipMsgpack(bytes, at); // throws at 0xc1
  if (next < 0) throw truncatedError(at);
  return next;
}

/** The head of an array or a map. */
interface Container {
  /** 1 for a map, 0 for an array. */
  readonly isMap: number;
  readonly count: number;
  readonly next: number;
}

/** The array or map at a place; undefined for any other value. */
function containerAt(bytes: Uint8Array, at: number): Container | undefined {
  if (at >= bytes.length) throw truncatedError(at);
  const lead = bytes[at]!;
  if (!isContainer(lead)) return undefined;
  const size = lead < 0xa0 ? 1 : (lead & 1) === 0 ? 3 : 5;
  const next = at + size;
  if (next > bytes.length) throw truncatedError(at);
  const count = size === 1
    ? lead & 0x0f
    : size === 3
    ? viewOf(bytes).getUint16(at + 1)
    : viewOf(bytes).getUint32(at + 1);
  // Each value has at least one byte, so a count above the remaining bytes is truncated.
  if (count > bytes.length - at) throw truncatedError(at);
  return { isMap: isMapLead(lead) ? 1 : 0, count, next };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The JSON of a key, in an array that is valid until the next call for its level. */
function writeKey(key: Uint8Array, level: "key" | "key in key"): Uint8Array {
  const writer = keyWriters[level] ??= new JsonWriter(64, level);
  writer.length = 0;
  writer.writeValue(key, 0);
  return writer.out.subarray(0, writer.length);
}

const keyWriters: { "key"?: JsonWriter; "key in key"?: JsonWriter } = {};

/** The name of a key that is neither a string nor a binary, as in JSON. */
export function oddKeyText(key: Uint8Array): string {
  const json = writeKey(key, "key");
  const text = decodeText(bufferOf(json), 0, json.length);
  return text.startsWith('"') ? JSON.parse(text) : text;
}
