/**
 * JSON that keeps everything that `decodeEvent` returns, for `_rest` and for columns of type `json`.
 *
 * Integers of any size, doubles and -0 are numbers, as `triton cat` prints them; a double past the
 * safe integers has an exponent, which tells it from an integer. What JSON has no type for is an object
 * with one key: `{"$binary":"aGk="}`, `{"$time":"2015-07-10T18:39:41.5Z"}`, `{"$number":"NaN"}`,
 * `{"$extension":[7,"aGk="]}`. A map that looks like one of these is inside `{"$map":...}`. What is
 * nested very deep is `{"$msgpack":"kQE="}`, so that readers need no deep recursion.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { EventData } from "../../base/record.ts";
import { decodeMsgpack } from "../../codec/msgpack/decode.ts";
import { encodeMsgpack } from "../../codec/msgpack/encode.ts";
import { setProperty } from "../../codec/msgpack/shapes.ts";
import { Extension, formatTime, timeOf, Timestamp } from "../../codec/msgpack/values.ts";

/** Keys of objects that stand for a value of another type. */
const TAGS = ["$binary", "$time", "$number", "$extension", "$map", "$msgpack"];

/** Arrays and maps that are nested deeper are written as MessagePack. */
const MAX_DEPTH = 100;

/**
 * Formats a value as exact JSON.
 *
 * @param value What `decodeEvent` or `decodeMsgpack` returns.
 */
export function exactJson(value: unknown): string {
  return toJson(value, 0);
}

function toJson(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return numberJson(value);
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value === null || value === undefined) return "null";
  if (value instanceof Uint8Array) return `{"$binary":"${base64(value)}"}`;
  if (value instanceof Date) return timeJson(value);
  if (value instanceof Extension) return `{"$extension":[${value.type},"${base64(value.data)}"]}`;
  if (depth === MAX_DEPTH) return `{"$msgpack":"${base64(encodeMsgpack(value))}"}`;
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item, depth + 1)).join(",")}]`;
  const entries = Object.entries(value as object);
  const fields = entries.map(([key, field]) =>
    `${JSON.stringify(key)}:${toJson(field, depth + 1)}`
  );
  return objectJson(fields.join(","), entries.length === 1 ? entries[0]![0] : undefined);
}

/**
 * Puts the fields of a map into braces.
 *
 * @param fields Keys and values as JSON.
 * @param onlyKey The key, if there is only one: it may look like a tag.
 */
export function objectJson(fields: string, onlyKey: string | undefined): string {
  const object = `{${fields}}`;
  return onlyKey !== undefined && TAGS.includes(onlyKey) ? `{"$map":${object}}` : object;
}

function numberJson(value: number): string {
  if (!Number.isFinite(value)) return `{"$number":"${value}"}`;
  if (Object.is(value, -0)) return "-0";
  // A whole number without an exponent would be read as a bigint.
  return Number.isInteger(value) && !Number.isSafeInteger(value)
    ? value.toExponential()
    : String(value);
}

function timeJson(date: Date): string {
  const { seconds, nanoseconds } = timeOf(date);
  const text = formatTime(seconds, nanoseconds);
  return `{"$time":${text === undefined ? `[${seconds},${nanoseconds}]` : `"${text}"`}}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length).toString(
    "base64",
  );
}

/**
 * Parses what {@linkcode exactJson} has written.
 *
 * @throws {SyntaxError} If it is not JSON, or a tagged value is malformed.
 */
export function parseExactJson(text: string): unknown {
  return untagged(JSON.parse(text, readNumber as (key: string, value: unknown) => unknown));
}

/** Integers that are not safe as a number become a bigint: `JSON.parse` passes their source text. */
function readNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value);
  const tag = keys.length === 1 ? keys[0]! : "";
  return TAGS.includes(tag) ? readTagged(tag, (value as EventData)[tag]) : untaggedMap(value);
}

function untaggedMap(value: object): EventData {
  const map: EventData = {};
  for (const [key, field] of Object.entries(value)) setProperty(map, key, untagged(field));
  return map;
}

function readTagged(tag: string, value: unknown): unknown {
  if (tag === "$binary" && typeof value === "string") return bytesOf(value);
  if (tag === "$number" && typeof value === "string") return Number(value);
  if (tag === "$map" && typeof value === "object" && value !== null) return untaggedMap(value);
  if (tag === "$msgpack" && typeof value === "string") return decodeMsgpack(bytesOf(value));
  if (tag === "$extension" && Array.isArray(value)) {
    return new Extension(value[0], bytesOf(value[1]));
  }
  if (tag === "$time") {
    if (Array.isArray(value)) return new Timestamp(value[0], value[1]);
    const [, whole, fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(String(value)) ?? [];
    return new Timestamp(Date.parse(`${whole}Z`) / 1000, Number(fraction.padEnd(9, "0")));
  }
  throw new SyntaxError(`Cannot read exact JSON: malformed ${tag}`);
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
