/**
 * The writer behind `msgpackToJson`, and behind `NdjsonWriter` for what `wasm/json_lines.ts` leaves.
 *
 * @module
 */

import { MAX_NUMBER, writeInteger, writeNumber, writeUnsigned } from "./json_number.ts";
import { base64Size, MAX_EXPANSION, writeAscii, writeBase64, writeText } from "./json_text.ts";
import { FIXED_SIZES, MAX_DEPTH, tooDeepError, truncatedError } from "./msgpack_format.ts";
import { skipMsgpack } from "./msgpack_scan.ts";
import { bufferOf, decodeText } from "./msgpack_text.ts";
import { formatTime, readTime } from "./msgpack_values.ts";

/** Room that is always left: a short key (31 bytes, escaped), a string of 255, and punctuation. */
const MARGIN = (31 + 255) * MAX_EXPANSION + MAX_NUMBER + 64;

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
  #outView: DataView;
  /** Of the bytes that are read. */
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Creates a writer whose array has room for `size` bytes at first, of a value or of a key. */
  constructor(size: number, inKey: boolean = false) {
    this.out = new Uint8Array(size + MARGIN);
    this.#outView = new DataView(this.out.buffer);
    this.#inKey = inKey;
  }

  /** A view of `bytes`: the one of the last time, if they are the same. */
  #viewOf(bytes: Uint8Array): DataView {
    const last = this.#view;
    const isSame = last.buffer === bytes.buffer && last.byteOffset === bytes.byteOffset &&
      last.byteLength === bytes.length;
    return isSame ? last : this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Makes room for `size` bytes after `to`, and the margin. */
  #reserve(to: number, size: number): void {
    const needed = to + size + MARGIN;
    if (needed <= this.out.length) return;
    const grown = new Uint8Array(Math.max(needed, this.out.length * 2));
    grown.set(this.out.subarray(0, to));
    this.out = grown;
    this.#outView = new DataView(grown.buffer);
  }

  /** Writes what is JSON already. */
  write(json: Uint8Array): void {
    this.#reserve(this.length, json.length);
    this.out.set(json, this.length);
    this.length += json.length;
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
    const view = this.#viewOf(bytes);
    const { isMap: outerIsMap, entries: outerEntries } = this.#inKey ? keyStack : valueStack;
    const end = bytes.length;
    let out = this.out;
    let outView = this.#outView;
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
          outView = this.#outView;
          limit = out.length - MARGIN;
        }
      }
      entries--;
      if (o > limit) {
        this.#reserve(o, 0);
        out = this.out;
        outView = this.#outView;
        limit = out.length - MARGIN;
      }
      if (pos >= end) throw truncatedError(pos);
      if (isMap === 1) {
        const lead = bytes[pos]!;
        if ((lead & 0xe0) === 0xa0) {
          const next = pos + lead - 0x9f;
          if (next > end) throw truncatedError(pos);
          out[o++] = 0x22;
          o = writeText(bytes, view, pos + 1, next, out, outView, o);
          out[o++] = 0x22;
          pos = next;
        } else {
          this.length = o;
          pos = this.#writeLongKey(bytes, pos);
          out = this.out;
          outView = this.#outView;
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
        o = writeText(bytes, view, pos + 1, next, out, outView, o);
        out[o++] = 0x22;
        pos = next;
      } else if (lead === 0xd9) {
        const text = pos + 2;
        const next = text + (pos + 1 < end ? bytes[pos + 1]! : 0);
        if (text > end || next > end) throw truncatedError(pos);
        out[o++] = 0x22;
        o = writeText(bytes, view, text, next, out, outView, o);
        out[o++] = 0x22;
        pos = next;
      } else if (lead < 0x80) {
        o = writeUnsigned(lead, out, o);
        pos++;
      } else if (lead < 0xa0 || (lead >= 0xdc && lead <= 0xdf)) {
        const opensMap = lead < 0x90 || lead >= 0xde ? 1 : 0;
        const head = lead < 0xa0 ? 1 : (lead & 1) === 0 ? 3 : 5;
        if (pos + head > end) throw truncatedError(pos);
        const count = head === 1
          ? lead & 0x0f
          : head === 3
          ? view.getUint16(pos + 1)
          : view.getUint32(pos + 1);
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
      } else if (lead === 0xc0) {
        outView.setInt32(o, 0x6c6c756e, true); // null
        o += 4;
        pos++;
      } else if (lead >= 0xca && lead <= 0xd3) {
        const next = pos + FIXED_SIZES[lead]!;
        if (next > end) throw truncatedError(pos);
        o = writeNumber(view, pos, lead, out, o);
        pos = next;
      } else if (lead >= 0xe0) {
        o = writeInteger(lead - 256, out, o);
        pos++;
      } else if (lead === 0xc2 || lead === 0xc3) {
        o = writeAscii(lead === 0xc2 ? "false" : "true", out, o);
        pos++;
      } else {
        this.length = o;
        pos = this.#writeLong(bytes, pos, lead);
        out = this.out;
        outView = this.#outView;
        limit = out.length - MARGIN;
        o = this.length;
      }
      out[o++] = 0x2c;
    }
  }

  /** Writes a string, binary or extension whose length does not stand in its first byte. */
  #writeLong(bytes: Uint8Array, at: number, lead: number): number {
    const next = skipMsgpack(bytes, at); // throws at 0xc1
    if (next < 0) throw truncatedError(at);
    if (lead >= 0xc7 && lead <= 0xd8) {
      const typeAt = lead >= 0xd4 ? at + 1 : at + 1 + (1 << (lead - 0xc7));
      this.#writeExtension((bytes[typeAt]! << 24) >> 24, bytes.subarray(typeAt + 1, next));
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
      ? writeText(bytes, this.#viewOf(bytes), start, end, out, this.#outView, this.length)
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
  const text = decodeText(bufferOf(json), 0, json.length);
  return text.startsWith('"') ? JSON.parse(text) : text;
}
