import { deepStrictEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { EventData } from "../../../src/base/record.ts";
import { decodeEvent, encodeEvent, Extension, Timestamp } from "../../../src/codec/mod.ts";
import { exactJson, parseExactJson } from "../../../src/archive/tables/exact_json.ts";
import { SchemaInference } from "../../../src/archive/tables/infer_schema.ts";
import { mergeRow } from "../../../src/archive/tables/merge_row.ts";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { splitEvent } from "../../../src/archive/tables/split_event.ts";
import { anyColumns, anyEvent, anyValue } from "./arbitraries.ts";

/** The row of an event as a table has it: the rest has become JSON. */
function throughTable(event: EventData, schema: Parameters<typeof splitEvent>[1]): EventData {
  const { cells, rest } = splitEvent(event, schema);
  const read = rest === undefined ? undefined : parseExactJson(exactJson(rest)) as EventData;
  return mergeRow({ cells, rest: read }, schema);
}

Deno.test("columns merged with the rest are the event, for any schema", () => {
  fc.assert(
    fc.property(anyEvent, anyColumns(), (event, columns) => {
      deepStrictEqual(throughTable(event, { columns }), event);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("an inferred schema needs no rest for what it was inferred from, but for nulls", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), (events) => {
      const inference = new SchemaInference();
      for (const event of events) inference.add(event);
      const schema = inference.schema();
      for (const event of events) {
        deepStrictEqual(throughTable(event, schema), event);
        for (const value of leavesOf(splitEvent(event, schema).rest ?? {})) equal(value, null);
      }
    }),
    { numRuns: 1000 },
  );
});

/** The values in maps, at any depth; lists are left out, as one stands there as a whole. */
function* leavesOf(value: EventData): Generator<unknown> {
  for (const inner of Object.values(value)) {
    const isMap = typeof inner === "object" && inner !== null &&
      Object.getPrototypeOf(inner) === Object.prototype;
    if (isMap) yield* leavesOf(inner as EventData);
    else if (!Array.isArray(inner)) yield inner;
  }
}

Deno.test("exactJson() keeps any value, and is JSON", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      JSON.parse(exactJson(value));
      deepStrictEqual(parseExactJson(exactJson(value)), value);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("exactJson() writes what JSON has as JSON, and tags the rest", () => {
  const text = (value: unknown) => exactJson(value);
  equal(
    text({ a: [1, -0, 2n ** 64n - 1n, 0.1, 1e300, "é"] }),
    '{"a":[1,-0,18446744073709551615,0.1,1e+300,"é"]}',
  );
  equal(text(NaN), '{"$number":"NaN"}');
  equal(text(2 ** 53), "9.007199254740992e+15");
  equal(text(Uint8Array.of(104, 105)), '{"$binary":"aGk="}');
  equal(text(new Timestamp(1436553581, 1)), '{"$time":"2015-07-10T18:39:41.000000001Z"}');
  equal(text(new Extension(7, Uint8Array.of(1))), '{"$extension":[7,"AQ=="]}');
  equal(text({ $time: 1 }), '{"$map":{"$time":1}}');
});

Deno.test("exactJson() needs no deep stack, and keeps what is nested deep", () => {
  let deep: unknown = [];
  for (let i = 0; i < 9000; i++) deep = i % 2 === 0 ? [deep] : { a: deep };
  const event = decodeEvent(encodeEvent({ deep }));
  const text = exactJson(event);
  equal(exactJson(parseExactJson(text)), text);
  const schema = parseColumns("other");
  const merged = throughTable(event, schema);
  deepStrictEqual(encodeEvent(merged), encodeEvent(event));
  const inference = new SchemaInference();
  inference.add(event);
  deepStrictEqual(encodeEvent(throughTable(event, inference.schema())), encodeEvent(event));
});

Deno.test("splitEvent() never coerces: a misfit is null in its column, and stands in the rest", () => {
  const schema = parseColumns("n:int64, d:double, t:timestamp(iso), l:list<int64>, u.id:int64, s");
  const misfits = { n: "12", d: 2n ** 60n, t: "2015-07-10", l: [1, "2"], s: 5 };
  const { cells, rest } = splitEvent({ ...misfits, u: { id: 1.5, more: [null] }, x: null }, schema);
  deepStrictEqual(cells, { n: null, d: null, t: null, l: null, u: { id: null }, s: null });
  deepStrictEqual(rest, { ...misfits, u: { id: 1.5, more: [null] }, x: null });
});

Deno.test("splitEvent() tells a null from a missing key, and an empty struct from a missing one", () => {
  const schema = parseColumns("u.id:int64, l:list<int64>");
  deepStrictEqual(splitEvent({}, schema), { cells: { u: null, l: null }, rest: undefined });
  deepStrictEqual(splitEvent({ u: {}, l: [] }, schema), {
    cells: { u: { id: null }, l: [] },
    rest: undefined,
  });
  deepStrictEqual(splitEvent({ u: null, l: [null] }, schema), {
    cells: { u: null, l: [null] },
    rest: { u: null },
  });
});

Deno.test("splitEvent() reads each form of a time that can be written back", () => {
  const micros = 1_436_553_581_500_000n;
  const times: readonly (readonly [string, unknown])[] = [
    ["timestamp", new Timestamp(1436553581, 500_000_000)],
    ["timestamp(iso)", "2015-07-10T18:39:41.500Z"],
    ["timestamp(rfc3339)", "2015-07-10T18:39:41.5Z"],
    ["timestamp(s)", 1436553581.5],
    ["timestamp(ms)", 1436553581500],
  ];
  for (const [type, value] of times) {
    const { cells } = splitEvent({ at: value }, parseColumns(`at:${type}`));
    equal(cells.at, micros, type);
  }
});
