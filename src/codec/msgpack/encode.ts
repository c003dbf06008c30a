import type { EventData } from "../../base/record.ts";
import { MsgpackBuffer } from "./buffer.ts";
import { rootToken, type TokenNode } from "./key_tokens.ts";
import { MAX_DEPTH } from "./format.ts";
import { Extension, timeOf, TIMESTAMP_TYPE, writeTime } from "./values.ts";

/** From this depth, an explicit stack replaces recursion, and detects cycles. */
const MAX_RECURSION = 64;

/**
 * Encodes a value as MessagePack, each part in its smallest encoding.
 *
 * Safe integers become integers, other numbers (and -0) 64-bit floats. A bigint becomes a 64-bit
 * integer, a `Uint8Array` a binary, a `Date` a timestamp, and an {@linkcode Extension} an extension.
 * Objects become maps of their own enumerable properties with string keys, without undefined values;
 * undefined elsewhere is nil. `toJSON` is not called.
 *
 * @example Usage
 * ```ts
 * import { encodeMsgpack } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(encodeMsgpack([1, "a"]), Uint8Array.of(0x92, 1, 0xa1, 0x61));
 * ```
 * @param value The value.
 * @returns The bytes; short ones share their `buffer` with others, as Node's Buffers do.
 * @throws {TypeError} If there is a function, a symbol, a cycle or an object that is not plain data
 * (a `Map`, say).
 * @throws {RangeError} If a bigint does not fit in 64 bits, a `Date` is invalid, or arrays and
 * objects are nested more than 10,000 deep.
 */
export function encodeMsgpack(value: unknown): Uint8Array {
  return encodeCounted(value).bytes;
}

/** The bytes of a value, and facts about it. */
export interface CountedMsgpack {
  readonly bytes: Uint8Array;
  /** Total number of keys in its maps. */
  readonly keys: number;
  /** Whether all its numbers are finite. */
  readonly isFinite: boolean;
  /** Whether any of its integers is beyond 2^53. */
  readonly hasLarge: boolean;
}

/** Encodes a value like {@linkcode encodeMsgpack}, and returns facts about it. */
export function encodeCounted(value: unknown): CountedMsgpack {
  // A getter may call this function recursively: it then gets another buffer.
  const buffer = spare ?? new MsgpackBuffer();
  spare = undefined;
  isPolluted = false;
  for (const _ in Object.prototype) isPolluted = true;
  try {
    encodeValue(buffer, value, 0, rootToken());
    const { keys, isFinite, hasLarge } = buffer;
    return { bytes: buffer.take(), keys, isFinite, hasLarge };
  } finally {
    buffer.reset();
    spare = buffer;
  }
}

/**
 * Encodes an event as MessagePack.
 *
 * @example Usage
 * ```ts
 * import { decodeEvent, encodeEvent } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(decodeEvent(encodeEvent({ type: "click", x: 3 })), { type: "click", x: 3 });
 * ```
 * @param event The event: a plain object, which becomes a map.
 * @returns The bytes; short ones share their `buffer` with others, as Node's Buffers do.
 * @throws {TypeError} If it is anything but an object that becomes a map, and as
 * {@linkcode encodeMsgpack} does.
 * @throws {RangeError} As {@linkcode encodeMsgpack} does.
 */
export function encodeEvent(event: EventData | object): Uint8Array {
  if (typeof event !== "object" || event === null || !isMap(event)) {
    throw new TypeError("Cannot encode event: not an object with properties");
  }
  return encodeMsgpack(event);
}

function isMap(value: object): boolean {
  const kind = kindOf(value);
  return kind === "plain" || kind === "map";
}

let spare: MsgpackBuffer | undefined;
/** Whether `Object.prototype` has an enumerable property. */
let isPolluted = false;

/** The hot path: the most frequent types come first, and plain objects cost one check. */
function encodeValue(buffer: MsgpackBuffer, value: unknown, depth: number, key: TokenNode): void {
  if (typeof value === "string") buffer.writeString(value);
  else if (typeof value === "number") buffer.writeNumber(value);
  else if (typeof value !== "object" || value === null) encodeRare(buffer, value);
  else {
    const kind = kindOf(value);
    if (kind === "leaf") encodeLeaf(buffer, value);
    else if (depth === MAX_RECURSION) encodeDeep(buffer, value);
    else if (kind === "plain") encodePlain(buffer, value as EventData, depth + 1, key.inner);
    else if (kind === "map") encodeMap(buffer, value as EventData, depth + 1, key.inner);
    else {
      const array = value as readonly unknown[];
      const count = array.length;
      buffer.writeArrayHead(count);
      for (let i = 0; i < count; i++) encodeValue(buffer, array[i], depth + 1, key);
    }
  }
}

/**
 * Two passes of `for in`, one of them to count, take two thirds of the time of one pass over
 * `Object.keys`; checking whether a key is the object's own would cost most of that gain. So this is
 * only for objects that inherit nothing enumerable.
 */
function encodePlain(
  buffer: MsgpackBuffer,
  map: EventData,
  depth: number,
  before: TokenNode,
): void {
  let node = before;
  let count = 0;
  for (const key in map) if (map[key] !== undefined) count++;
  buffer.writeMapHead(count);
  for (const key in map) {
    const value = map[key];
    if (value === undefined) continue;
    node = node.after(key);
    const { words, size } = node.token;
    if (size > 0) buffer.writeWords(words, size);
    else buffer.writeString(key);
    encodeValue(buffer, value, depth, node);
    count--;
  }
  if (count !== 0) throw new TypeError("Cannot encode an object that changes while it is read");
}

function encodeMap(
  buffer: MsgpackBuffer,
  map: EventData,
  depth: number,
  before: TokenNode,
): void {
  const entries = Object.entries(map).filter(([, value]) => value !== undefined);
  buffer.writeMapHead(entries.length);
  for (const [key, value] of entries) {
    buffer.writeString(key);
    encodeValue(buffer, value, depth, before);
  }
}

/** Whether an object becomes an array, a map (plain, if it inherits no properties), or a leaf. */
function kindOf(value: object): "array" | "plain" | "map" | "leaf" {
  if (Array.isArray(value)) return "array";
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return isPolluted ? "map" : "plain";
  if (value instanceof Extension) return "leaf";
  return Object.prototype.toString.call(value) === "[object Object]" ? "map" : "leaf";
}

function encodeRare(buffer: MsgpackBuffer, value: unknown): void {
  if (value === null || value === undefined) buffer.writeByte(0xc0);
  else if (typeof value === "boolean") buffer.writeByte(value ? 0xc3 : 0xc2);
  else if (typeof value === "bigint") buffer.writeBigInt(value);
  else throw new TypeError(`Cannot encode a ${typeof value} as MessagePack`);
}

/** Checks the tag instead of `instanceof`, for objects from another realm. */
function encodeLeaf(buffer: MsgpackBuffer, value: object): void {
  if (value instanceof Extension) return buffer.writeExtension(value.type, value.data);
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object Uint8Array]") return buffer.writeBinary(value as Uint8Array);
  if (tag !== "[object Date]") {
    throw new TypeError(`Cannot encode a ${tag.slice(8, -1)} as MessagePack`);
  }
  if (Number.isNaN((value as Date).getTime())) {
    throw new RangeError("Cannot encode an invalid Date as MessagePack");
  }
  buffer.writeExtension(TIMESTAMP_TYPE, writeTime(timeOf(value as Date)));
}

/** An array or object on the path from the outermost one to the current value. */
interface Level {
  readonly container: object;
  /** The values of an array; the alternating keys and values of an object. */
  readonly parts: readonly unknown[];
  next: number;
}

/** Encodes deeply nested values without recursion; every cycle ends up here. */
function encodeDeep(buffer: MsgpackBuffer, root: object): void {
  const path = new Set<object>();
  const levels: Level[] = [openLevel(buffer, root, path)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    if (level.next === level.parts.length) {
      path.delete(level.container);
      levels.pop();
      continue;
    }
    const value = level.parts[level.next++];
    if (typeof value !== "object" || value === null || kindOf(value) === "leaf") {
      encodeValue(buffer, value, 0, rootToken());
    } else {
      levels.push(openLevel(buffer, value, path));
      if (levels.length + MAX_RECURSION > MAX_DEPTH) {
        throw new RangeError(`Cannot encode a value nested more than ${MAX_DEPTH} deep`);
      }
    }
  }
}

function openLevel(buffer: MsgpackBuffer, container: object, path: Set<object>): Level {
  if (path.has(container)) throw new TypeError("Cannot encode a value that contains itself");
  path.add(container);
  if (Array.isArray(container)) {
    buffer.writeArrayHead(container.length);
    return { container, parts: container.slice(), next: 0 };
  }
  const entries = Object.entries(container).filter(([, value]) => value !== undefined);
  buffer.writeMapHead(entries.length);
  return { container, parts: entries.flat(1), next: 0 };
}
