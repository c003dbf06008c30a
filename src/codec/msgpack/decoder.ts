import type { Buffer } from "node:buffer";
import type { EventData } from "../../base/record.ts";
import { oddKeyText } from "../json/writer.ts";
import {
  FIXED_SIZES,
  MAX_DEPTH,
  tooDeepError,
  truncatedError,
  unknownTypeError,
} from "./format.ts";
import { type KeyNode, rootKey } from "./keys.ts";
import { skipField, skipMsgpack } from "./scan.ts";
import { MAX_SHAPE, setProperty } from "./shapes.ts";
import { decodeText, memoryOf } from "./text.ts";
import { readExtension } from "./values.ts";

/** From this depth, an explicit stack replaces recursion. */
const MAX_RECURSION = 64;
/**
 * Bytes that are decoded at once to cut ASCII strings from: calling the engine's decoder for each
 * string takes five times as long. The engine may keep the whole text in memory for one of these
 * strings, so this is also the most memory that a short string may keep.
 */
const WINDOW = 4096;
/** Longer strings are decoded individually. */
const MAX_CUT = 1024;
/** Values of the maps that are being read: those of one map, then those of a map inside it. */
const values: unknown[] = new Array(MAX_RECURSION * MAX_SHAPE).fill(undefined);

/** An array or map that is being filled. */
interface Level {
  readonly array: unknown[];
  readonly map: EventData | undefined;
  left: number;
}

/** Reads values one after the other. */
export class MsgpackDecoder {
  /** Where the next value starts. */
  offset: number = 0;
  readonly #bytes: Uint8Array;
  /** The memory that `#bytes` is part of, and where that part starts. */
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #base: number;
  /** The bytes from `#windowStart` to `#windowEnd`, one character each. */
  #window = "";
  #windowStart = 0;
  #windowEnd = 0;

  constructor(bytes: Uint8Array) {
    const { buffer, view } = memoryOf(bytes);
    this.#bytes = bytes;
    this.#buffer = buffer;
    this.#view = view;
    this.#base = bytes.byteOffset;
  }

  /** Reads the value at `offset`, and moves past it. */
  read(): unknown {
    return this.#read(0, rootKey(), 0);
  }

  /** Reads one field of the map at `offset`, the last of equal keys; undefined if missing. */
  readField(name: string): unknown {
    let value: unknown;
    let key = rootKey().inner;
    const count = this.#readCount(this.offset, this.#bytes[this.offset]!);
    for (let i = 0; i < count; i++) {
      key = this.#readKey(key);
      if (key.text === name) value = this.#read(1, key, 0);
      else this.#skipField();
    }
    return value;
  }

  #skipField(): void {
    const end = skipField(this.#bytes, this.offset);
    if (end < 0) throw truncatedError(this.offset);
    this.offset = end;
  }

  /** Reads a value inside `depth` others; `values` is free from `free` on. */
  #read(depth: number, key: KeyNode, free: number): unknown {
    const at = this.offset;
    const bytes = this.#bytes;
    if (at >= bytes.length) throw truncatedError(at);
    const lead = bytes[at]!;
    if (lead < 0x80) {
      this.offset = at + 1;
      return lead;
    }
    if ((lead & 0xe0) === 0xa0) return this.#readText(at, at + 1, lead & 0x1f);
    if (!isContainer(lead)) return this.#readLeaf(at, lead);
    if (depth >= MAX_RECURSION) return this.#readDeep(depth);
    const count = this.#readCount(at, lead);
    if (lead < 0x90 || lead >= 0xde) {
      return count > MAX_SHAPE
        ? this.#readLargeMap(count, depth + 1, key.inner, free)
        : this.#readMap(count, depth + 1, key.inner, free);
    }
    const array: unknown[] = [];
    for (let i = 0; i < count; i++) array.push(this.#read(depth + 1, key, free));
    return array;
  }

  #readMap(count: number, depth: number, before: KeyNode, free: number): EventData {
    if (count === 0) return {};
    let key = before;
    const end = free + count;
    for (let i = free; i < end; i++) {
      key = this.#readKey(key);
      values[i] = this.#read(depth, key, end);
    }
    const map = key.build(values, free, count);
    for (let i = free; i < end; i++) values[i] = undefined;
    return map;
  }

  #readLargeMap(count: number, depth: number, before: KeyNode, free: number): EventData {
    const map: EventData = {};
    let key = before;
    for (let i = 0; i < count; i++) {
      key = this.#readKey(key);
      setProperty(map, key.text, this.#read(depth, key, free));
    }
    return map;
  }

  #readKey(before: KeyNode): KeyNode {
    const at = this.offset;
    const predicted = before.predict(this.#bytes, this.#view, this.#base, at);
    if (predicted !== undefined) {
      this.offset = at + predicted.size;
      return predicted;
    }
    if (at >= this.#bytes.length) throw truncatedError(at);
    const lead = this.#bytes[at]!;
    const next = skipMsgpack(this.#bytes, at);
    if (next < 0) throw truncatedError(at);
    this.offset = next;
    if ((lead & 0xe0) === 0xa0) return before.learn(this.#bytes, at, at + 1, next);
    const step = lead >= 0xd9 && lead <= 0xdb ? lead - 0xd9 : lead - 0xc4;
    if (step >= 0 && step <= 2) return before.learn(this.#bytes, at, at + 1 + (1 << step), next);
    return before.withText(oddKeyText(this.#bytes.subarray(at, next)));
  }

  /** Reads the number of entries of an array or map; at least as many bytes must follow. */
  #readCount(at: number, lead: number): number {
    const size = lead < 0xa0 ? 1 : (lead & 1) === 0 ? 3 : 5;
    if (at + size > this.#bytes.length) throw truncatedError(at);
    const count = size === 1
      ? lead & 0x0f
      : size === 3
      ? this.#view.getUint16(this.#base + at + 1)
      : this.#view.getUint32(this.#base + at + 1);
    this.offset = at + size;
    if (count > this.#bytes.length - this.offset) throw truncatedError(at);
    return count;
  }

  /** Reads a string of `size` bytes that starts at `start`, in a value that starts at `at`. */
  #readText(at: number, start: number, size: number): string {
    const bytes = this.#bytes;
    const end = start + size;
    if (end > bytes.length) throw truncatedError(at);
    this.offset = end;
    if (size > MAX_CUT || !this.#isAscii(start, end)) {
      return decodeText(this.#buffer, this.#base + start, this.#base + end);
    }
    if (end > this.#windowEnd || start < this.#windowStart) {
      this.#windowStart = start;
      this.#windowEnd = Math.min(bytes.length, start + WINDOW);
      const from = this.#base + start;
      this.#window = this.#buffer.toString("latin1", from, this.#base + this.#windowEnd);
    }
    return this.#window.substring(start - this.#windowStart, end - this.#windowStart);
  }

  #isAscii(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let all = 0;
    let i = start;
    for (const last = end - 4; i <= last; i += 4) all |= this.#view.getInt32(this.#base + i);
    for (; i < end; i++) all |= bytes[i]!;
    return (all & 0x80808080) === 0;
  }

  /** Reads any value except short strings, small positive integers, arrays and maps. */
  #readLeaf(at: number, lead: number): unknown {
    if (lead === 0xc1) throw unknownTypeError(at);
    const size = FIXED_SIZES[lead]!;
    const next = size > 0 ? at + size : skipMsgpack(this.#bytes, at);
    if (next < 0 || next > this.#bytes.length) throw truncatedError(at);
    this.offset = next;
    if (lead >= 0xe0) return lead - 256;
    const view = this.#view;
    const base = this.#base;
    switch (lead) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return view.getFloat32(base + at + 1);
      case 0xcb:
        return view.getFloat64(base + at + 1);
      case 0xcc:
        return view.getUint8(base + at + 1);
      case 0xcd:
        return view.getUint16(base + at + 1);
      case 0xce:
        return view.getUint32(base + at + 1);
      case 0xcf:
        return this.#readInteger64(at, view.getUint32(base + at + 1), false);
      case 0xd0:
        return view.getInt8(base + at + 1);
      case 0xd1:
        return view.getInt16(base + at + 1);
      case 0xd2:
        return view.getInt32(base + at + 1);
      case 0xd3:
        return this.#readInteger64(at, view.getInt32(base + at + 1), true);
      default:
        return this.#readLong(at, lead, next);
    }
  }

  #readInteger64(at: number, high: number, signed: boolean): number | bigint {
    const value = high * 0x100000000 + this.#view.getUint32(this.#base + at + 5);
    if (Number.isSafeInteger(value)) return value;
    return signed
      ? this.#view.getBigInt64(this.#base + at + 1)
      : this.#view.getBigUint64(this.#base + at + 1);
  }

  #readLong(at: number, lead: number, next: number): unknown {
    const bytes = this.#bytes;
    if (lead >= 0xd9) {
      const start = at + 1 + (1 << (lead - 0xd9));
      return this.#readText(at, start, next - start);
    }
    if (lead <= 0xc6) return bytes.slice(at + 1 + (1 << (lead - 0xc4)), next);
    const typeAt = lead >= 0xd4 ? at + 1 : at + 1 + (1 << (lead - 0xc7));
    return readExtension(this.#view.getInt8(this.#base + typeAt), bytes.subarray(typeAt + 1, next));
  }

  /** Reads the array or map at `offset`, which is inside `outer` others, without recursion. */
  #readDeep(outer: number): unknown {
    const root: Level = { array: [], map: undefined, left: 1 };
    const levels = [root];
    for (let level = root; level !== undefined; level = levels.at(-1)!) {
      if (level.left === 0) {
        levels.pop();
        continue;
      }
      level.left--;
      const name = level.map && this.#readKey(rootKey()).text;
      const at = this.offset;
      const lead = this.#bytes[at] ?? 0;
      const opened = at < this.#bytes.length && isContainer(lead)
        ? this.#open(at, lead, outer + levels.length)
        : undefined;
      const value = opened === undefined ? this.#read(0, rootKey(), 0) : opened.map ?? opened.array;
      if (name === undefined) level.array.push(value);
      else setProperty(level.map!, name, value);
      if (opened !== undefined) levels.push(opened);
    }
    return root.array[0];
  }

  #open(at: number, lead: number, depth: number): Level {
    const left = this.#readCount(at, lead);
    if (left > 0 && depth > MAX_DEPTH) throw tooDeepError(at);
    return { array: [], map: lead < 0x90 || lead >= 0xde ? {} : undefined, left };
  }
}

function isContainer(lead: number): boolean {
  return (lead & 0xe0) === 0x80 || (lead >= 0xdc && lead <= 0xdf);
}
