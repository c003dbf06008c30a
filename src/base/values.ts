/**
 * Reading nested values of events whose shape nobody promises.
 *
 * @module
 */

/**
 * Where a value is in an event: its keys joined by dots, as in `"user.address.city"`, or one by
 * one, as keys that contain dots need it. The elements of an array are counted from 0, as in
 * `"user.tags.0"`.
 */
export type ValuePath = string | readonly (string | number)[];

/**
 * Reads a value, however deep.
 *
 * @example Usage
 * ```ts
 * import { getString, getValue } from "@triton/triton";
 * import { deepEqual, equal } from "node:assert/strict";
 * const data = { user: { tags: ["a", "b"], "e.mail": "ada@example.com" } };
 * deepEqual(getValue(data, "user.tags"), ["a", "b"]);
 * equal(getString(data, "user.tags.1"), "b");
 * equal(getString(data, ["user", "e.mail"]), "ada@example.com");
 * equal(getString(data, "user.address.city"), undefined);
 * ```
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The value, of whatever kind; undefined if there is none.
 */
export function getValue(data: unknown, path: ValuePath): unknown {
  let value = data;
  for (const key of typeof path === "string" ? path.split(".") : path) {
    if (!hasElement(value, String(key))) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Whether a value is a map with this key, or an array with this index. */
function hasElement(value: unknown, key: string): boolean {
  if (Array.isArray(value)) return /^\d+$/.test(key) && Object.hasOwn(value, key);
  return isMap(value) && Object.hasOwn(value, key);
}

/**
 * Reads a text.
 *
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The text; undefined if it is missing or of another type.
 */
export function getString(data: unknown, path: ValuePath): string | undefined {
  const value = getValue(data, path);
  return typeof value === "string" ? value : undefined;
}

/**
 * Reads a number.
 *
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The number; undefined if it is missing or of another type, such as an integer beyond
 * 2^53, which {@linkcode getBigInt} reads exactly.
 */
export function getNumber(data: unknown, path: ValuePath): number | undefined {
  const value = getValue(data, path);
  return typeof value === "number" ? value : undefined;
}

/**
 * Reads an integer of any size.
 *
 * @example Usage
 * ```ts
 * import { getBigInt } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * equal(getBigInt({ id: 18446744073709551615n }, "id"), 18446744073709551615n);
 * equal(getBigInt({ id: 7 }, "id"), 7n);
 * ```
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The integer; undefined if it is missing or of another type.
 */
export function getBigInt(data: unknown, path: ValuePath): bigint | undefined {
  const value = getValue(data, path);
  if (typeof value === "bigint") return value;
  return Number.isInteger(value) ? BigInt(value as number) : undefined;
}

/**
 * Reads a truth value.
 *
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The truth value; undefined if it is missing or of another type.
 */
export function getBoolean(data: unknown, path: ValuePath): boolean | undefined {
  const value = getValue(data, path);
  return typeof value === "boolean" ? value : undefined;
}

/**
 * Reads a moment.
 *
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns What the event holds as a MessagePack timestamp; undefined if it is missing or of another
 * type, a date written as text included.
 */
export function getDate(data: unknown, path: ValuePath): Date | undefined {
  const value = getValue(data, path);
  return value instanceof Date ? value : undefined;
}

/**
 * Reads binary.
 *
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The bytes; undefined if it is missing or of another type.
 */
export function getBytes(data: unknown, path: ValuePath): Uint8Array | undefined {
  const value = getValue(data, path);
  return value instanceof Uint8Array ? value : undefined;
}

/**
 * Reads an array.
 *
 * @example Usage
 * ```ts
 * import { getArray, getNumber } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 * const data = { lines: [{ price: 3 }, { price: 4 }, "?"] };
 * const prices = (getArray(data, "lines") ?? []).map((line) => getNumber(line, "price"));
 * deepEqual(prices, [3, 4, undefined]);
 * ```
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The array; undefined if it is missing or of another type.
 */
export function getArray(data: unknown, path: ValuePath): readonly unknown[] | undefined {
  const value = getValue(data, path);
  return Array.isArray(value) ? value : undefined;
}

/**
 * Reads a map.
 *
 * @param data An event, or a part of one.
 * @param path Where the value is.
 * @returns The map; undefined if it is missing or of another type.
 */
export function getMap(data: unknown, path: ValuePath): Record<string, unknown> | undefined {
  const value = getValue(data, path);
  return isMap(value) ? value : undefined;
}

/** Whether a value is a map, and not an object for another type. */
function isMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
