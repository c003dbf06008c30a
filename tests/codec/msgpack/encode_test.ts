import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { deepEqual, equal, throws } from "node:assert/strict";
import { createContext, runInContext } from "node:vm";
import {
  decodeMsgpack,
  encodeEvent,
  encodeMsgpack,
  Extension,
  Timestamp,
  validateEvent,
} from "../../../src/codec/mod.ts";
import { hex, toHex } from "./samples.ts";

/** Values at the ends of each encoding's range, and the start of their bytes. */
const CASES: readonly (readonly [value: unknown, head: string, size: number])[] = [
  [null, "c0", 1],
  [undefined, "c0", 1],
  [false, "c2", 1],
  [true, "c3", 1],
  [0, "00", 1],
  [127, "7f", 1],
  [128, "cc80", 2],
  [255, "ccff", 2],
  [256, "cd0100", 3],
  [65535, "cdffff", 3],
  [65536, "ce00010000", 5],
  [2 ** 31, "ce80000000", 5],
  [2 ** 32 - 1, "ceffffffff", 5],
  [2 ** 32, "cf0000000100000000", 9],
  [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff", 9],
  [2 ** 53, "cb4340000000000000", 9],
  [-1, "ff", 1],
  [-32, "e0", 1],
  [-33, "d0df", 2],
  [-128, "d080", 2],
  [-129, "d1ff7f", 3],
  [-32768, "d18000", 3],
  [-32769, "d2ffff7fff", 5],
  [-(2 ** 31), "d280000000", 5],
  [-(2 ** 31) - 1, "d3ffffffff7fffffff", 9],
  [-(2 ** 32), "d3ffffffff00000000", 9],
  [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001", 9],
  [0.5, "cb3fe0000000000000", 9],
  [-0, "cb8000000000000000", 9],
  [NaN, "cb7ff8000000000000", 9],
  [-Infinity, "cbfff0000000000000", 9],
  [5n, "cf0000000000000005", 9],
  [-5n, "d3fffffffffffffffb", 9],
  [2n ** 64n - 1n, "cfffffffffffffffff", 9],
  [-(2n ** 63n), "d38000000000000000", 9],
  ["", "a0", 1],
  ["a".repeat(31), "bf61", 32],
  ["a".repeat(32), "d92061", 34],
  ["a".repeat(160), "d9a061", 162],
  ["a".repeat(161), "d9a161", 163],
  ["a".repeat(255), "d9ff61", 257],
  ["a".repeat(256), "da010061", 259],
  ["a".repeat(65535), "daffff61", 65538],
  ["a".repeat(65536), "db0001000061", 65541],
  ["ü".repeat(15), "bec3bc", 31],
  ["ü".repeat(16), "d920c3bc", 34],
  ["ü".repeat(31), "d93ec3bc", 64],
  ["ü".repeat(127), "d9fec3bc", 256],
  ["ü".repeat(128), "da0100c3bc", 259],
  ["ü".repeat(32768), "db00010000c3bc", 65541],
  ["\ud800", "a3efbfbd", 4],
  [new Uint8Array(0), "c400", 2],
  [new Uint8Array(255), "c4ff00", 257],
  [new Uint8Array(256), "c5010000", 259],
  [new Uint8Array(65536), "c60001000000", 65541],
  [[], "90", 1],
  [new Array(15).fill(0), "9f00", 16],
  [new Array(16).fill(0), "dc001000", 19],
  [new Array(65536).fill(0), "dd0001000000", 65541],
  [{}, "80", 1],
  [fields(15), "8f", 1 + 15 * 6],
  [fields(16), "de0010", 3 + 16 * 6],
  [fields(65536), "df00010000", 5 + 65536 * 6],
  [new Extension(1, new Uint8Array(1)), "d401", 3],
  [new Extension(1, new Uint8Array(2)), "d501", 4],
  [new Extension(1, new Uint8Array(4)), "d601", 6],
  [new Extension(1, new Uint8Array(8)), "d701", 10],
  [new Extension(-1, new Uint8Array(16)), "d8ff", 18],
  [new Extension(1, new Uint8Array(0)), "c70001", 3],
  [new Extension(1, new Uint8Array(256)), "c8010001", 260],
  [new Extension(1, new Uint8Array(65536)), "c90001000001", 65542],
  [new Date(0), "d6ff00000000", 6],
  [new Date(1), "d7ff003d090000000000", 10],
  [new Date(-1), "c70cff3b8b87c0ffffffffffffffff", 15],
  [new Timestamp(2 ** 32 - 1), "d6ffffffffff", 6],
  [new Timestamp(2 ** 32), "d7ff0000000100000000", 10],
  [new Timestamp(2 ** 34 - 1, 999_999_999), "d7ffee6b27ffffffffff", 10],
  [new Timestamp(2 ** 34), "c70cff000000000000000400000000", 15],
];

/** An object of `count` properties whose names have four characters. */
function fields(count: number): Record<string, number> {
  const names = Array.from({ length: count }, (_, n) => n.toString(36).padStart(4, "_"));
  return Object.fromEntries(names.map((name) => [name, 0]));
}

Deno.test("encodeMsgpack() picks the smallest encoding", () => {
  for (const [value, head, size] of CASES) {
    const bytes = encodeMsgpack(value);
    equal(toHex(bytes.subarray(0, head.length / 2)), head);
    equal(bytes.length, size);
    if (value !== undefined && !(value instanceof Date) && typeof value !== "bigint") {
      const expected = value === "\ud800" ? "\ufffd" : value;
      deepEqual(decodeMsgpack(bytes), expected);
    }
  }
});

Deno.test("encodeMsgpack() is read back the same by decodeMsgpack() and by the oracle", () => {
  const value = fc.anything({ withBigInt: false, stringUnit: "binary" });
  fc.assert(fc.property(value, (raw) => {
    const json = JSON.parse(JSON.stringify({ raw }).replaceAll("__proto__", "_proto_"));
    const bytes = encodeMsgpack(json);
    deepEqual(decode(bytes), json);
    deepEqual(decodeMsgpack(bytes), json);
    equal(bytes.length, encode(json).length);
  }));
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (integer) => {
    equal(BigInt(decodeMsgpack(encodeMsgpack(integer)) as bigint), integer);
  }));
  fc.assert(fc.property(fc.date({ noInvalidDate: true }), (date) => {
    equal((decodeMsgpack(encodeMsgpack(date)) as Date).getTime(), date.getTime());
  }));
});

Deno.test("encodeMsgpack() leaves out undefined properties, and shrinks the map's head", () => {
  deepEqual(encodeMsgpack({ a: undefined, b: 1, c: [undefined] }), hex("82 a162 01 a163 91c0"));
  for (const [count, gone] of [[1, 1], [16, 1], [16, 16], [20, 2], [65536, 1], [70000, 60000]]) {
    const object: Record<string, unknown> = fields(count!);
    for (const name of Object.keys(object).slice(0, gone!)) object[name] = undefined;
    const kept = JSON.parse(JSON.stringify(object));
    deepEqual(encodeMsgpack([object, 7]), encodeMsgpack([kept, 7]));
  }
});

Deno.test("encodeMsgpack() writes only own enumerable string keys, __proto__ included", () => {
  class Point {
    x = 1;
    #secret = 2;
    get secret(): number {
      return this.#secret;
    }
  }
  deepEqual(encodeMsgpack(new Point()), hex("81 a178 01"));
  deepEqual(encodeMsgpack({ [Symbol("s")]: 1, x: 1 }), hex("81 a178 01"));
  deepEqual(encodeMsgpack(Object.assign(Object.create(null), { x: 1 })), hex("81 a178 01"));
  deepEqual(encodeMsgpack({ toJSON: undefined, x: 1 }), hex("81 a178 01"));
  deepEqual(
    encodeMsgpack(JSON.parse('{"__proto__":{"x":1}}')),
    hex("81 a9 5f5f70726f746f5f5f 81 a178 01"),
  );
});

Deno.test("encodeMsgpack() rejects what is not data", () => {
  for (const value of [() => 1, Symbol("s"), new Map(), new Set(), /a/, new Int16Array(1)]) {
    throws(() => encodeMsgpack([value]), { name: "TypeError", message: /^Cannot encode a / });
    throws(() => encodeMsgpack({ a: value }), { name: "TypeError", message: /^Cannot encode a / });
  }
  throws(() => encodeMsgpack(2n ** 64n), { name: "RangeError", message: /64 bits/ });
  throws(() => encodeMsgpack(-(2n ** 63n) - 1n), { name: "RangeError", message: /64 bits/ });
  throws(() => encodeMsgpack(new Date(NaN)), { name: "RangeError", message: /invalid Date/ });
});

Deno.test("encodeMsgpack() accepts dates and binaries of another realm", () => {
  const [date, bytes] = runInContext("[new Date(0), Uint8Array.of(7)]", createContext());
  deepEqual(encodeMsgpack([date, bytes]), hex("92 d6ff00000000 c40107"));
});

Deno.test("encodeMsgpack() rejects cycles, and accepts repeated values", () => {
  const cyclic: Record<string, unknown> = { big: "x".repeat(100) };
  cyclic.self = [cyclic];
  throws(() => encodeMsgpack(cyclic), { name: "TypeError", message: /contains itself/ });
  const array: unknown[] = [];
  array.push(array, array);
  throws(() => encodeMsgpack(array), { name: "TypeError", message: /contains itself/ });
  const shared = { a: 1 };
  let deep: unknown = [shared, shared];
  for (let i = 0; i < 80; i++) deep = [deep];
  deepEqual(decodeMsgpack(encodeMsgpack(deep)), deep);
});

Deno.test("encodeMsgpack() accepts nesting of 10,000 and rejects more", () => {
  const nested = (depth: number) => {
    let value: unknown = null;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value, b: undefined };
    return value;
  };
  const bytes = encodeMsgpack(nested(10_000));
  equal(bytes.length, 5_000 + 5_000 * 3 + 1);
  validateEvent(bytes);
  throws(() => encodeMsgpack(nested(10_001)), { name: "RangeError", message: /more than 10000/ });
  throws(() => encodeMsgpack(nested(100_000)), { name: "RangeError", message: /more than 10000/ });
});

Deno.test("encodeMsgpack() can be called by a getter, and keeps working after an error", () => {
  const inner = {
    get bytes(): Uint8Array {
      return encodeMsgpack([1, 2, 3]);
    },
  };
  deepEqual(
    encodeMsgpack({ a: 1, inner }),
    encodeMsgpack({ a: 1, inner: { bytes: hex("93010203") } }),
  );
  throws(() => encodeMsgpack(["text", () => 1]), TypeError);
  deepEqual(encodeMsgpack([1]), hex("91 01"));
  equal(encodeMsgpack("x".repeat(3_000_000)).length, 3_000_005);
  deepEqual(encodeMsgpack([1]), hex("91 01"));
});

Deno.test("encodeMsgpack() encodes strings of all kinds next to each other", () => {
  deepEqual(decodeMsgpack(encodeMsgpack(["\ud83d", "\ude00"])), ["\ufffd", "\ufffd"]);
  deepEqual(decodeMsgpack(encodeMsgpack(["a", "\ud83d", "\ude00", "ü", "b"])), [
    "a",
    "\ufffd",
    "\ufffd",
    "ü",
    "b",
  ]);
  const text = "aü☃😀";
  const strings = Array.from({ length: 3000 }, (_, n) => text.repeat(n % 70).slice(0, n % 301));
  const ascii = strings.map((string) => string.replace(/[^a]/g, "b"));
  const well = strings.map((string) => string.toWellFormed());
  deepEqual(decodeMsgpack(encodeMsgpack(ascii)), ascii);
  deepEqual(decodeMsgpack(encodeMsgpack(strings)), well);
  const keyed = Object.fromEntries(well.map((string, n) => [`${string}${n}`, string]));
  deepEqual(decodeMsgpack(encodeMsgpack(keyed)), keyed);
});

Deno.test("encodeMsgpack() encodes keys alike however often it has seen them", () => {
  const key = fc.oneof(
    fc.constantFrom("id", "type", "ü", "a".repeat(31), "a".repeat(32), "ü".repeat(16)),
    fc.string({ unit: "grapheme", maxLength: 40 }),
  );
  const level = fc.dictionary(key, fc.oneof(fc.nat(300), fc.string({ maxLength: 14 })));
  const nested = fc.dictionary(key, fc.oneof(level, fc.array(level, { maxLength: 3 })));
  fc.assert(fc.property(fc.array(nested, { maxLength: 4 }), (values) => {
    const wanted = encode(values);
    for (let i = 0; i < 3; i++) deepEqual(encodeMsgpack(values), wanted);
  }));
  for (let n = 0; n < 12_000; n++) {
    const value = { [`k${n}`]: { [`k${n % 5000}`]: n } };
    deepEqual(encodeMsgpack(value), encode(value));
  }
});

Deno.test("encodeMsgpack() encodes short strings with any character at any place", () => {
  for (const odd of ["\x7f", "\x80", "é", "\u0800", "\ud800", "😀"]) {
    for (let before = 0; before < 14; before++) {
      const text = `${"a".repeat(before)}${odd}b`;
      deepEqual(encodeMsgpack(["x", text, "y"]), encode(["x", text.toWellFormed(), "y"]));
    }
  }
});

Deno.test("encodeMsgpack() encodes texts of any length and script beside each other", () => {
  const units = fc.constantFrom("a", "b", "é", "ß", "大", "\uffff", "😀", "\ud83d", "\ude00");
  const lengths = fc.constantFrom(1, 3, 10, 12, 13, 16, 31, 32, 85, 127, 128, 255, 256, 257, 1025);
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: units, maxLength: 14 }) },
    fc.tuple(fc.string({ unit: units, minLength: 1, maxLength: 5 }), lengths)
      .map(([part, length]) => part.repeat(length).slice(0, length)),
    fc.tuple(lengths, units).map(([length, last]) => "x".repeat(length - 1) + last),
  );
  const entry = fc.tuple(text, text).map(([key, of]) => ({ [key]: of }));
  const value = fc.oneof(text, fc.integer(), fc.constant(0.5), entry);
  fc.assert(
    fc.property(fc.array(value, { maxLength: 30 }), fc.nat(700), (values, plain) => {
      // With enough texts before them, gaps are filled in the middle of a value.
      const all = [...Array.from({ length: plain }, () => "a text of 18 units"), ...values];
      deepEqual(encodeMsgpack(all), encode(wellFormed(all)));
    }),
    { numRuns: 1000 },
  );
});

/** A value with U+FFFD for each lone surrogate, also in keys. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, of]) => [key.toWellFormed(), wellFormed(of)]),
  );
}

Deno.test("encodeMsgpack() never changes earlier results", () => {
  const values = Array.from({ length: 500 }, (_, n) => ({ n, text: "x".repeat((n * 37) % 6000) }));
  const results = values.map((value) => encodeMsgpack(value));
  deepEqual(results.map((bytes) => decodeMsgpack(bytes)), values);
});

Deno.test("encodeMsgpack() leaves out what all objects inherit", () => {
  const prototype = Object.prototype as { polluted?: number };
  prototype.polluted = 1;
  try {
    deepEqual(toHex(encodeMsgpack({ x: 1 })), "81a17801");
  } finally {
    delete prototype.polluted;
  }
});

Deno.test("encodeMsgpack() rejects an object that changes while it is read", () => {
  let reads = 0;
  const object = {
    get x(): number | undefined {
      return reads++ === 0 ? 1 : undefined;
    },
  };
  throws(() => encodeMsgpack(object), { name: "TypeError", message: /changes/ });
  deepEqual(encodeMsgpack([1]), hex("91 01"));
});

Deno.test("encodeEvent() needs an object that becomes a map", () => {
  deepEqual(encodeEvent({ a: 1 }), hex("81 a161 01"));
  for (const other of [[], new Date(), new Uint8Array(1), new Extension(1, new Uint8Array(1))]) {
    throws(() => encodeEvent(other), { name: "TypeError", message: /Cannot encode event/ });
  }
  for (const other of [null, 5, "{}"]) throws(() => encodeEvent(other as never), TypeError);
});
