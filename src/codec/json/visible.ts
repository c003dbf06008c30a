/**
 * How records look in `console.log` and in `JSON.stringify`.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** The part of a value that an inspection shows, and the value's JSON. */
export interface View<R> {
  /** The name to show before the fields. */
  readonly name: string;
  /** The fields to show. */
  readonly fields: (record: R) => object;
  /** The value that `JSON.stringify` converts. */
  readonly json: (record: R) => object;
}

type Inspect = (value: unknown, options: object) => string;

/**
 * Makes the instances of a class visible in `console.log`, in Deno and in Node, and in
 * `JSON.stringify`.
 *
 * The methods are on the prototype: a record costs nothing unless it is looked at.
 */
export function makeVisible<R extends object>(
  { prototype }: { readonly prototype: R },
  { name, fields, json }: View<R>,
): void {
  const show = (record: R, inspect: Inspect, options: object) => {
    if (record === prototype) return name;
    try {
      return `${name} ${inspect(fields(record), options)}`;
    } catch (error) {
      return `${name} [${(error as Error).message}]`; // an inspection must not fail
    }
  };
  const methods = {
    toJSON(this: R) {
      return json(this);
    },
    [Symbol.for("Deno.customInspect")](this: R, inspect: Inspect, options: object) {
      return show(this, inspect, options);
    },
    [Symbol.for("nodejs.util.inspect.custom")](
      this: R,
      depth: number | null,
      options: object,
      inspect: Inspect,
    ) {
      return show(this, inspect, { ...options, depth });
    },
  };
  const properties = Object.getOwnPropertyDescriptors(methods);
  for (const key of Reflect.ownKeys(methods)) {
    Object.defineProperty(prototype, key, {
      ...properties[key as keyof typeof properties],
      enumerable: false,
    });
  }
}

/**
 * A value for `JSON.stringify`: big integers and -0 become numbers, and bytes base64 text, as in
 * `msgpackToJson`.
 */
export function valueForJson(value: unknown): unknown {
  if (typeof value === "bigint") return rawJson(String(value));
  if (Object.is(value, -0)) return rawJson("-0");
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return toBase64(value);
  if (Array.isArray(value)) return value.map(valueForJson);
  if ("toJSON" in value) return value; // it knows best, as a date does
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, field]) => [key, valueForJson(field)]));
}

/** Bytes as base64 text. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length).toString(
    "base64",
  );
}

/** A number with the text that it has in JSON: no JavaScript number may have it. */
export function rawJson(text: string): unknown {
  return (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(text);
}
