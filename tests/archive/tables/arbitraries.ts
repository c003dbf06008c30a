/** Arbitrary events and schemas for the property tests of tables. */

import fc from "fast-check";
import type { Column, ColumnType } from "../../../src/archive/tables/column_types.ts";
import { type EventData, Extension, Timestamp } from "../../../src/codec/mod.ts";

/** Few keys, so that events and schemas meet; some need escapes or look like tags. */
const KEYS = ["a", "b", "c", "A b", "$binary", "$map", "__proto__", "1", "dot.ted", "é"];

const key = fc.constantFrom(...KEYS);

const time = fc.tuple(
  fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 - 1 }),
  fc.constantFrom(0, 1000, 123_456_000, 999_999_999),
).map(([seconds, nanoseconds]) => new Timestamp(seconds, nanoseconds));

const leaf = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e300),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map((value) =>
    Number.isSafeInteger(Number(value)) ? Number(value) : value
  ),
  fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
  fc.constantFrom("2015-07-10T18:39:41.000Z", "2015-07-10T18:39:41Z", "2015-02-30T00:00:00Z"),
  fc.constantFrom(1436553581, 1436553581.5, 1436553581000, 0.1),
  fc.uint8Array({ maxLength: 5 }),
  time,
  fc.record({ type: fc.integer({ min: 6, max: 127 }), data: fc.uint8Array({ maxLength: 3 }) })
    .map(({ type, data }) => new Extension(type, data)),
);

/** Makes an object of entries; `__proto__` is a key like any other. */
function mapOf(entries: readonly (readonly [string, unknown])[]): EventData {
  const map: EventData = {};
  for (const [name, value] of entries) {
    Object.defineProperty(map, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return map;
}

const { event, value } = fc.letrec<{ event: EventData; value: unknown }>((tie) => ({
  event: fc.uniqueArray(fc.tuple(key, tie("value")), {
    selector: ([name]) => name,
    maxLength: 5,
  }).map(mapOf),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: leaf, weight: 4 },
    { arbitrary: fc.array(tie("value"), { maxLength: 3 }), weight: 1 },
    { arbitrary: tie("event"), weight: 2 },
  ),
}));

/** Any event, as `decodeEvent` returns it. */
export const anyEvent: fc.Arbitrary<EventData> = event;

/** Any value in an event. */
export const anyValue: fc.Arbitrary<unknown> = value;

const simpleType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom("int64", "double", "boolean", "string", "binary", "json")
    .map((type) => ({ type }) as ColumnType),
  fc.constantFrom("time", "iso", "rfc3339", "s", "ms")
    .map((form) => ({ type: "timestamp", form }) as ColumnType),
);

/** Any columns: structs up to `depth` deep, and lists of anything. */
export function anyColumns(depth = 3): fc.Arbitrary<readonly Column[]> {
  const nested = depth === 0 ? [] : [
    anyColumns(depth - 1).map((fields) => ({ type: "struct", fields }) as ColumnType),
    anyColumns(depth - 1).map((fields) =>
      ({ type: "list", element: { type: "struct", fields } }) as ColumnType
    ),
  ];
  const list = simpleType.map((element) => ({ type: "list", element }) as ColumnType);
  const lists = list.map((element) => ({ type: "list", element }) as ColumnType);
  const type = fc.oneof(simpleType, list, lists, ...nested);
  return fc.uniqueArray(
    fc.tuple(key, type, fc.boolean()).map(([name, type, isRenamed]) => (
      { key: name, name: isRenamed ? `${name}_2` : name, type }
    )),
    { selector: (column) => column.key.toLowerCase(), minLength: 1, maxLength: 4 },
  );
}
