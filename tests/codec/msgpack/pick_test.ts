import { deepStrictEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { EventData } from "../../../src/base/record.ts";
import { decodeMsgpack, encodeEvent, encodeMsgpack } from "../../../src/codec/mod.ts";
import { ValuePicker } from "../../../src/codec/msgpack/pick.ts";

/** The values that are picked; undefined for none. */
function picked(picker: ValuePicker, event: Uint8Array): unknown[] {
  const bytes = new Uint8Array([0xc1, ...event, 0xc1]);
  picker.pick(bytes, 1);
  return Array.from(
    picker.starts,
    (start, i) => start < 0 ? undefined : decodeMsgpack(bytes.subarray(start, picker.ends[i])),
  );
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  for (const key of path) {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    value = isMap && Object.hasOwn(value as object, key)
      ? (value as Record<string, unknown>)[key]
      : undefined;
  }
  return value;
}

const PATHS = [["a", "b"], ["a", "c", "d"], ["b"], ["long".repeat(20)], ["c", "a"]];

Deno.test("ValuePicker finds what is at its paths, in any event", () => {
  const anyKey = fc.constantFrom("a", "b", "c", "d", "long".repeat(20));
  const { event: anyEvent } = fc.letrec((tie) => ({
    event: fc.dictionary(anyKey, tie("value"), { maxKeys: 5 }),
    value: fc.oneof(
      { depthSize: "small" },
      fc.integer(),
      fc.constant(null),
      fc.string(),
      fc.array(tie("value"), { maxLength: 2 }),
      tie("event"),
    ),
  }));
  const picker = new ValuePicker(PATHS);
  fc.assert(
    fc.property(anyEvent, (event) => {
      const values = PATHS.map((path) => valueAt(event, path));
      deepStrictEqual(
        picked(picker, encodeEvent(event as EventData)),
        values.map((value) => plain(value)),
      );
    }),
  );
});

/** Without the prototypes of the values that were made. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : decodeMsgpack(encodeMsgpack(value));
}

Deno.test("ValuePicker takes the last of equal keys, in any form, and none of other types", () => {
  const picker = new ValuePicker([["a"], ["m", "x"]]);
  const [a, longA, binaryA] = [[0xa1, 0x61], [0xd9, 1, 0x61], [0xc4, 1, 0x61]];
  for (const last of [a, longA, binaryA]) {
    deepStrictEqual(picked(picker, new Uint8Array([0x82, ...a!, 1, ...last!, 2])), [2, undefined]);
  }
  const m = [0xa1, 0x6d];
  const xIs1 = [0x81, 0xa1, 0x78, 1];
  deepStrictEqual(picked(picker, new Uint8Array([0x81, ...m, ...xIs1])), [undefined, 1]);
  const twice = new Uint8Array([0x83, 1, 2, ...m, ...xIs1, ...m, 0x80]);
  deepStrictEqual(picked(picker, twice), [undefined, undefined]);
  const large = new Uint8Array([0xdf, 0, 0, 0, 1, ...a!, 7]);
  deepStrictEqual(picked(picker, large), [7, undefined]);
});

Deno.test("ValuePicker counts values that are not maps though they should be", () => {
  const picker = new ValuePicker([["a", "b"], ["a", "c"]]);
  for (const a of [1, "x", null, { b: 1 }, [1]]) picked(picker, encodeEvent({ a }));
  equal(picker.strays, 3);
});
