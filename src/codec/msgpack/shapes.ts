/**
 * Builds objects with the same keys in the same order by an object literal.
 *
 * @module
 */

import type { EventData } from "../../base/record.ts";

/** Larger maps are not built by a literal: the engine stores them differently. */
export const MAX_SHAPE = 64;

/** Builds an object from the values in `values`, starting at `from`. */
export type ObjectBuilder = (values: readonly unknown[], from: number) => EventData;

/**
 * Compiles a function that builds objects with these keys.
 *
 * The engine allocates the object of a literal in its final layout. Setting properties with names
 * that are known only at run time takes ten to fifty times as long, because the engine looks up each
 * name and moves the object from layout to layout.
 *
 * @param names The keys, in order; if keys are equal, the last one counts.
 * @returns The function; undefined if code must not be compiled from text.
 */
export function compileBuilder(names: readonly string[]): ObjectBuilder | undefined {
  const entries = names.map((name, i) => {
    // `__proto__` is an ordinary name only in brackets.
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

/** Sets an own property; plain assignment to `__proto__` would change the prototype. */
export function setProperty(map: EventData, name: string, value: unknown): void {
  if (name !== "__proto__") map[name] = value;
  else {
    const property = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(map, name, property);
  }
}
