/**
 * The writer behind `msgpackToJson` and `NdjsonWriter`.
 *
 * @module
 */

import {
  MAX_NUMBER,
  writeDouble,
  writeFloat,
  writeInteger,
  writeInteger64,
} from "./json_number.ts";
import { base64Size, MAX_EXPANSION, writeAscii, writeBase64, writeText } from "./json_text.ts";
import { MAX_DEPTH, tooDeepError, truncatedError, unknownTypeError } from "./msgpack_format.ts";
import { skipMsgpack } from "./msgpack_scan.ts";
import { decodeText } from "./msgpack_text.ts";
import { formatTime, readTime } from "./msgpack_values.ts";

/** Room that is always left: a short key (31 bytes, escaped), a short string, and punctuation. */
const MARGIN = 2 * 31 * MAX_EXPANSION + MAX_NUMBER + 64;

/** What encloses the value being written: maps (1) or arrays (0), and the entries still to come. */
class Stack {
  readonly isMap = new Uint8Array(MAX_DEPTH);
  readonly entries = new Float64Array(MAX_DEPTH);
}

/** Writers share these: one writer is at work at a time, and another on the keys it meets. */
const valueStack = new Stack();
const keyStack = new Stack();

/** Writes JSON of MessagePack values into one growing array. */
export class JsonWriter {
  /** What was written, up to `length`. */
  out: Uint8Array;
  /** How many bytes were written. */
  length = 0;
  readonly #inKey: boolean;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Creates a writer whose array has room for `size` bytes at first, of a value or of a key. */
  constructor(size: number, inKey: boolean = false) {
    this.out = new Uint8Array(size + MARGIN);
    this.#inKey = inKey;
  }

  /** Makes room for `size` bytes after `to`, and the margin. */
  #reserve(to: number, size: number): void {
    const needed = to + size + MARGIN;
    if (needed <= this.out.length) return;
    const grown = new Uint8Array(Math.max(needed, this.out.length * 2));
    grown.set(this.out.subarray(0, to));
    this.out = grown;
  }

  /**
   * Writes the value that begins at `start`, and returns where it ends.
   *
   * The hot loop: every value and every key is followed by its separator, and where an array or a
   * map ends, the last separator makes place for the bracket. No recursion, so that depth costs
   * nothing; the two kinds of tokens that most events are made of, short strings and small
   * integers, are written in place.
   */
  writeValue(bytes: Uint8Array, start: number): number {
    if (this.#view.buffer !== bytes.buffer || this.#view.byteOffset !== bytes.byteOffset) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const { isMap: outerIsMap, entries: outerEntries } = this.#inKey ? keyStack : valueStack;
    const end = bytes.length;
    let out = this.out;
    let limit = out.length - MARGIN;
    let pos = start;
    let o = this.length;
    let depth = 0;
    let entries = 1;
    let isMap = 0;
    for (;;) {
      while (entries === 0) {
        if (depth === 0) {
          this.length = o - 1;
          return pos;
        }
        out[o - 1] = isMap === 1 ? 0x7d : 0x5d;
        out[o++] = 0x2c;
        depth--;
        entries = outerEntries[depth]!;
        isMap = outerIsMap[depth]!;
        if (o > limit) {
          this.#reserve(o, 0);
          out = this.out;
          limit = out.length - MARGIN;
        }
      }
      entries--;
      if (o > limit) {
        this.#reserve(o, 0);
        out = this.out;
        limit = out.length - MARGIN;
      }
      if (pos >= end) throw truncatedError(pos);
      if (isMap === 1) {
        const lead = bytes[pos]!;
        if ((lead & 0xe0) === 0xa0) {
          const next = pos + lead - 0x9f;
          if (next > end) throw truncatedError(pos);
          out[o++] = 0x22;
          o = writeText(bytes, pos + 1, next, out, o);
          out[o++] = 0x22;
          pos = next;
        } else {
          this.length = o;
          pos = this.#writeLongKey(bytes, pos);
          out = this.out;
          limit = out.length - MARGIN;
          o = this.length;
        }
        out[o++] = 0x3a;
        if (pos >= end) throw truncatedError(pos);
      }
      const lead = bytes[pos]!;
      if ((lead & 0xe0) === 0xa0) {
        const next = pos + lead - 0x9f;
        if (next > end) throw truncatedError(pos);
        out[o++] = 0x22;
        o = writeText(bytes, pos + 1, next, out, o);
        out[o++] = 0x22;
        pos = next;
      } else if (lead < 0x80) {
        o = writeInteger(lead, out, o);
        pos++;
      } else if (lead < 0xa0 || (lead >= 0xdc && lead <= 0xdf)) {
        const opensMap = lead < 0x90 || lead >= 0xde ? 1 : 0;
        const head = lead < 0xa0 ? 1 : (lead & 1) === 0 ? 3 : 5;
        if (pos + head > end) throw truncatedError(pos);
        const count = head === 1
          ? lead & 0x0f
          : head === 3
          ? this.#view.getUint16(pos + 1)
          : this.#view.getUint32(pos + 1);
        out[o++] = opensMap === 1 ? 0x7b : 0x5b;
        if (count !== 0) {
          // Each value takes a byte at least, so a count above what is left need not be walked.
          if (count > end - pos) throw truncatedError(pos);
          if (depth === MAX_DEPTH) throw tooDeepError(pos);
          outerEntries[depth] = entries;
          outerIsMap[depth] = isMap;
          depth++;
          entries = count;
          isMap = opensMap;
          pos += head;
          continue;
        }
        out[o++] = opensMap === 1 ? 0x7d : 0x5d;
        pos += head;
      } else {
        this.length = o;
        pos = this.#writeOther(bytes, pos, lead);
        out = this.out;
        limit = out.length - MARGIN;
        o = this.length;
      }
      out[o++] = 0x2c;
    }
  }

  /** Writes any value but short strings, small positive integers, arrays and maps. */
  #writeOther(bytes: Uint8Array, at: number, lead: number): number {
    if (lead >= 0xe0) return this.#put(writeInteger(lead - 256, this.out, this.length), at + 1);
    if (lead >= 0xca && lead <= 0xd3) return this.#writeNumber(bytes, at, lead);
    switch (lead) {
      case 0xc0:
        return this.#put(writeAscii("null", this.out, this.length), at + 1);
      case 0xc1:
        throw unknownTypeError(at);
      case 0xc2:
        return this.#put(writeAscii("false", this.out, this.length), at + 1);
      case 0xc3:
        return this.#put(writeAscii("true", this.out, this.length), at + 1);
      default:
        return this.#writeLong(bytes, at, lead);
    }
  }

  #put(length: number, next: number): number {
    this.length = length;
    return next;
  }

  /** Writes an integer or float of one to eight bytes. */
  #writeNumber(bytes: Uint8Array, at: number, lead: number): number {
    const next = at + (lead === 0xca ? 5 : lead === 0xcb ? 9 : 1 + (1 << (lead & 3)));
    if (next > bytes.length) throw truncatedError(at);
    const view = this.#view;
    const out = this.out;
    const to = this.length;
    switch (lead) {
      case 0xca:
        return this.#put(writeFloat(view.getFloat32(at + 1), out, to), next);
      case 0xcb:
        return this.#put(writeDouble(view.getFloat64(at + 1), out, to), next);
      case 0xcc:
        return this.#put(writeInteger(bytes[at + 1]!, out, to), next);
      case 0xcd:
        return this.#put(writeInteger(view.getUint16(at + 1), out, to), next);
      case 0xce:
        return this.#put(writeInteger(view.getUint32(at + 1), out, to), next);
      case 0xd0:
        return this.#put(writeInteger(view.getInt8(at + 1), out, to), next);
      case 0xd1:
        return this.#put(writeInteger(view.getInt16(at + 1), out, to), next);
      case 0xd2:
        return this.#put(writeInteger(view.getInt32(at + 1), out, to), next);
      default: {
        const [high, low] = [view.getUint32(at + 1), view.getUint32(at + 5)];
        return this.#put(writeInteger64(high, low, lead === 0xd3, out, to), next);
      }
    }
  }

  /** Writes a string, binary or extension whose length does not stand in its first byte. */
  #writeLong(bytes: Uint8Array, at: number, lead: number): number {
    const next = skipMsgpack(bytes, at);
    if (next < 0) throw truncatedError(at);
    if (lead >= 0xc7 && lead <= 0xd8) {
      const typeAt = lead >= 0xd4 ? at + 1 : at + 1 + (1 << (lead - 0xc7));
      this.#writeExtension(this.#view.getInt8(typeAt), bytes.subarray(typeAt + 1, next));
      return next;
    }
    const isText = lead >= 0xd9;
    const start = at + 1 + (1 << (lead - (isText ? 0xd9 : 0xc4)));
    this.#writeBody(bytes, start, next, isText);
    return next;
  }

  /** Writes text in quotes, or bytes as base64; null for no bytes, as go-triton does. */
  #writeBody(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    this.#reserve(this.length, isText ? (end - start) * MAX_EXPANSION : base64Size(end - start));
    if (start === end && !isText) {
      this.length = writeAscii("null", this.out, this.length);
      return;
    }
    this.#writeQuoted(bytes, start, end, isText);
  }

  #writeExtension(type: number, data: Uint8Array): void {
    const time = readTime(type, data);
    const text = time && formatTime(time.seconds, time.nanoseconds);
    if (text !== undefined) {
      this.length = writeAscii(`"${text}"`, this.out, this.length);
      return;
    }
    this.length = writeAscii('{"Data":', this.out, this.length);
    this.#writeBody(data, 0, data.length, false);
    this.length = writeAscii(`,"Type":${type}}`, this.out, this.length);
  }

  /** Writes a key that is not a short string, and returns where it ends. */
  #writeLongKey(bytes: Uint8Array, at: number): number {
    const lead = bytes[at]!;
    const isBinary = lead >= 0xc4 && lead <= 0xc6;
    if (!isBinary && !(lead >= 0xd9 && lead <= 0xdb)) return this.#writeOddKey(bytes, at);
    const next = skipMsgpack(bytes, at);
    if (next < 0) throw truncatedError(at);
    const start = at + 1 + (1 << (lead - (isBinary ? 0xc4 : 0xd9)));
    this.#writeBody(bytes, start, next, true);
    return next;
  }

  /**
   * Writes a key that is no string: its JSON in quotes, unless that is a string already. Escaping
   * doubles with each level of keys in keys, so an array or map that is a key inside of a key is
   * written as the base64 of its MessagePack instead.
   */
  #writeOddKey(bytes: Uint8Array, at: number): number {
    const next = skipMsgpack(bytes, at);
    if (next < 0) throw truncatedError(at);
    const lead = bytes[at]!;
    if (this.#inKey && ((lead & 0xe0) === 0x80 || (lead >= 0xdc && lead <= 0xdf))) {
      this.#reserve(this.length, base64Size(next - at));
      this.#writeQuoted(bytes, at, next, false);
      return next;
    }
    const json = writeKey(bytes.subarray(at, next));
    const isString = json[0] === 0x22;
    this.#reserve(this.length, json.length * MAX_EXPANSION);
    if (!isString) this.#writeQuoted(json, 0, json.length, true);
    else {
      this.out.set(json, this.length);
      this.length += json.length;
    }
    return next;
  }

  #writeQuoted(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    const out = this.out;
    out[this.length++] = 0x22;
    this.length = isText
      ? writeText(bytes, start, end, out, this.length)
      : writeBase64(bytes, start, end, out, this.length);
    out[this.length++] = 0x22;
  }
}

/** The JSON of a key, in an array that is valid until the next call. */
function writeKey(key: Uint8Array): Uint8Array {
  keyWriter ??= new JsonWriter(64, true);
  keyWriter.length = 0;
  keyWriter.writeValue(key, 0);
  return keyWriter.out.subarray(0, keyWriter.length);
}

let keyWriter: JsonWriter | undefined;

/** The name that a key gets which is neither a string nor a binary: as in JSON. */
export function oddKeyText(key: Uint8Array): string {
  const json = writeKey(key);
  const text = decodeText(json, 0, json.length);
  return text.startsWith('"') ? JSON.parse(text) : text;
}
