import { deepEqual, equal } from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { decodeEvent, encodeEvent, encodeMsgpack, msgpackToJson } from "../../../src/codec/mod.ts";
import { readJson } from "../../../src/codec/json/read.ts";
import { eventForJson } from "../../../src/codec/json/event_for_json.ts";
import { makeVisible, valueForJson } from "../../../src/codec/json/visible.ts";
import { Extension, Timestamp } from "../../../src/codec/mod.ts";
import { anyMsgpack } from "../msgpack/samples.ts";

const textOf = (raw: Uint8Array) => new TextDecoder().decode(msgpackToJson(raw));

/** What a JSON text says, with numbers as they are written. */
const readingOf = (text: string) => readJson(text, (source) => ({ source }));

const EVENT = {
  big: 2n ** 64n - 1n,
  small: -(2n ** 63n),
  zero: -0,
  bytes: new Uint8Array([1, 2, 255]),
  nothing: new Uint8Array(),
  at: new Timestamp(1436553581, 123456789),
  other: new Extension(7, new Uint8Array([1])),
  not: NaN,
  ['"\\']: [1e21, 1.5, null, { "__proto__": 9007199254740993n }],
};

Deno.test("eventForJson() gives JSON.stringify what triton cat prints", () => {
  equal(JSON.stringify(eventForJson(encodeEvent(EVENT))), textOf(encodeEvent(EVENT)));
  equal(
    JSON.stringify(
      eventForJson(encodeEvent({ id: 2n ** 64n - 1n, key: new Uint8Array([104, 105]) })),
    ),
    '{"id":18446744073709551615,"key":"aGk="}',
  );
  const float32 = Uint8Array.of(0x81, 0xa1, 0x66, 0xca, 0x3d, 0xcc, 0xcc, 0xcd);
  equal(JSON.stringify(eventForJson(float32)), '{"f":0.1}');
});

Deno.test("eventForJson() loses nothing of any value", () => {
  fc.assert(fc.property(anyMsgpack, (raw) => {
    deepEqual(readingOf(JSON.stringify(eventForJson(raw))), readingOf(textOf(raw)));
  }));
});

Deno.test("valueForJson() converts values as triton cat prints them", () => {
  equal(JSON.stringify(valueForJson(decodeEvent(encodeEvent(EVENT)))), textOf(encodeEvent(EVENT)));
  const made = { when: new Date(0), none: undefined, list: [1n, undefined], of: new Map([[1, 2]]) };
  equal(
    JSON.stringify(valueForJson(made)),
    '{"when":"1970-01-01T00:00:00.000Z","list":[1,null],"of":{}}',
  );
  equal(JSON.stringify(valueForJson(encodeMsgpack(1))), '"AQ=="');
});

class Point {
  readonly x: number;
  readonly #y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.#y = y;
  }

  get y(): number {
    if (this.#y < 0) throw new Error("Cannot read y");
    return this.#y;
  }
}

makeVisible(Point, {
  name: "Point",
  fields: ({ x, y }) => ({ x, y, more: { deep: { deeper: [] } } }),
  json: ({ x, y }) => ({ x, y }),
});

Deno.test("makeVisible() shows fields in Deno and in Node, and adds nothing to a record", () => {
  const point = new Point(1, 2);
  equal(Deno.inspect(point), "Point { x: 1, y: 2, more: { deep: { deeper: [] } } }");
  equal(inspect(point), Deno.inspect(point));
  equal(Deno.inspect([point], { depth: 1 }), "[ Point { x: 1, y: 2, more: { deep: [Object] } } ]");
  equal(JSON.stringify([point]), '[{"x":1,"y":2}]');
  deepEqual(Reflect.ownKeys(point), ["x"]);
  const keys: string[] = [];
  for (const key in point) keys.push(key);
  deepEqual(keys, ["x"]);
});

Deno.test("makeVisible() says what cannot be shown, also of the prototype", () => {
  equal(Deno.inspect(new Point(1, -1)), "Point [Cannot read y]");
  equal(Deno.inspect(Point.prototype), "Point");
});
