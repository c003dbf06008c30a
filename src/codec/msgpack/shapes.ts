/**
 * Objects with the same keys in the same order, built by an object literal.
 *
 * @module
 */

import type { EventData } from "../../base/record.ts";

/** Maps with more entries than this are not built by a literal: the engine keeps such differently. */
export const MAX_SHAPE = 64;

/** Builds an object of the values in `values` from `from` on. */
export type ObjectBuilder = (values: readonly unknown[], from: number) => EventData;

/**
 * Makes a function that builds objects with these keys.
 *
 * The engine allocates the object of a literal in its final layout. To store properties under
 * names that are only known at run time takes ten to fifty times as long, for it looks each of
 * them up and moves the object from one layout to the next.
 *
 * @param names The keys, in order; of keys that are equal the last one counts.
 * @returns The function; undefined where code may not be made of text.
 */
export function compileBuilder(names: readonly string[]): ObjectBuilder | undefined {
  const entries = names.map((name, i) => {
    // Only in brackets is `__proto__` a name like any other.
    const key = name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
    return `${key}:values[from+${i}]`;
  });
  try {
    return new Function("values", "from", `return {${entries}}`) as ObjectBuilder;
  } catch {
    return undefined; // a content security policy may forbid it
  }
}

/** Builds an object with these keys, one property after the other. */
export function buildObject(
  names: readonly string[],
  values: readonly unknown[],
  from: number,
): EventData {
  const map: EventData = {};
  for (let i = 0; i < names.length; i++) setProperty(map, names[i]!, values[from + i]);
  return map;
}

/** Sets a property of the object's own; plain assignment to `__proto__` would change its prototype. */
export function setProperty(map: EventData, name: string, value: unknown): void {
  if (name !== "__proto__") map[name] = value;
  else {
    const property = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(map, name, property);
  }
}
