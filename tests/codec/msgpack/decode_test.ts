import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { deepEqual, equal, notEqual, ok, throws } from "node:assert/strict";
import {
  decodeEvent,
  decodeMsgpack,
  decodeMsgpackSequence,
  Extension,
  skipMsgpack,
  Timestamp,
} from "../../../src/codec/mod.ts";
import { anyMsgpack, concat, formatError, hex, SAMPLE } from "./samples.ts";

function keysOf(key: fc.Arbitrary<string>, length: number): fc.Arbitrary<string[]> {
  return fc.array(key, { minLength: length, maxLength: length, size: "max" });
}

/** The types of the specification, in its order, at the ends of their ranges. */
const CASES: readonly (readonly [bytes: string, value: unknown])[] = [
  ["c0", null],
  ["c2", false],
  ["c3", true],
  ["00", 0],
  ["7f", 127],
  ["e0", -32],
  ["ff", -1],
  ["cc00", 0],
  ["ccff", 255],
  ["cdffff", 65535],
  ["ceffffffff", 4294967295],
  ["cf0000000000000001", 1],
  ["cf001fffffffffffff", 9007199254740991],
  ["cf0020000000000000", 9007199254740992n],
  ["cfffffffffffffffff", 18446744073709551615n],
  ["d080", -128],
  ["d07f", 127],
  ["d18000", -32768],
  ["d100c8", 200],
  ["d280000000", -2147483648],
  ["d3ffffffffffffffff", -1],
  ["d3ffe0000000000001", -9007199254740991],
  ["d3ffe0000000000000", -9007199254740992n],
  ["d38000000000000000", -9223372036854775808n],
  ["d37fffffffffffffff", 9223372036854775807n],
  ["ca3fc00000", 1.5],
  ["ca3dcccccd", Math.fround(0.1)],
  ["cb3fb999999999999a", 0.1],
  ["cb8000000000000000", -0],
  ["cb7ff0000000000000", Infinity],
  ["cb7ff8000000000000", NaN],
  ["a0", ""],
  ["a161", "a"],
  [`bf${"61".repeat(31)}`, "a".repeat(31)],
  ["d90161", "a"],
  ["da0001 61", "a"],
  ["db00000001 61", "a"],
  [`d920${"62".repeat(32)}`, "b".repeat(32)],
  ["a7 c3bc e29883 c3bc", "ü☃ü"],
  ["a4 f09f9880", "😀"],
  ["a4 efbbbf61", "\ufeffa"],
  ["c400", new Uint8Array()],
  ["c402 00ff", Uint8Array.of(0, 255)],
  ["c50001 07", Uint8Array.of(7)],
  ["c600000001 07", Uint8Array.of(7)],
  ["90", []],
  ["93 01 a161 c0", [1, "a", null]],
  ["dc0001 01", [1]],
  ["dd00000001 01", [1]],
  ["80", {}],
  ["82 a161 01 a162 90", { a: 1, b: [] }],
  ["de0001 a161 01", { a: 1 }],
  ["df00000001 a161 01", { a: 1 }],
  ["d40107", new Extension(1, hex("07"))],
  ["d502 0708", new Extension(2, hex("0708"))],
  ["d680 01020304", new Extension(-128, hex("01020304"))],
  ["d77f 0102030405060708", new Extension(127, hex("0102030405060708"))],
  [`d800 ${"09".repeat(16)}`, new Extension(0, hex("09".repeat(16)))],
  ["c7002a", new Extension(42, hex(""))],
  ["c80001 2a 07", new Extension(42, hex("07"))],
  ["c900000001 2a 07", new Extension(42, hex("07"))],
];

Deno.test("decodeMsgpack() reads every type of the specification", () => {
  for (const [bytes, value] of CASES) {
    deepEqual(decodeMsgpack(hex(bytes)), value, bytes);
    deepEqual(decodeMsgpack(hex(`92 ${bytes} 05`)), [value, 5], bytes);
  }
});

Deno.test("decodeMsgpack() reads timestamps and Go's times to the nanosecond", () => {
  const cases = [
    ["d6ff 55a0116d", 1436553581, 0],
    ["d7ff 1d6f3454 55a0116d", 1436553581, 123456789],
    ["d7ff 00000003 ffffffff", 17179869183, 0],
    ["c70cff 075bcd15 ffffffffffffffff", -1, 123456789],
    ["c70c05 0000000055a0116d 075bcd15", 1436553581, 123456789],
    ["c70c05 ffffffffffffffff 3b9aca00", 0, 0], // Go moves a billion nanoseconds to the seconds
    ["c70c05 0000000000000001 ffffffff", 0, 999999999],
  ] as const;
  for (const [bytes, seconds, nanoseconds] of cases) {
    const value = decodeMsgpack(hex(bytes));
    ok(value instanceof Timestamp, bytes);
    equal(value.getTime(), seconds * 1000 + Math.floor(nanoseconds / 1e6), bytes);
    equal(value.nanoseconds, nanoseconds, bytes);
  }
});

Deno.test("decodeMsgpack() keeps a time as an extension if it is malformed or out of range", () => {
  const cases = [
    "d4ff 00",
    "d5ff 0000",
    "d8ff 00000000000000000000000000000000",
    "c700ff",
    "c703ff 000000",
    "d7ff ee6b2800 00000000", // a billion nanoseconds
    "c70cff 3b9aca00 0000000000000000",
    "c70cff 00000000 7fffffffffffffff",
    "d405 00",
    "d605 55a0116d",
    "c70c05 7fffffffffffffff 00000000",
  ];
  for (const bytes of cases) ok(decodeMsgpack(hex(bytes)) instanceof Extension, bytes);
});

Deno.test("decodeMsgpack() reads each byte that is not UTF-8 as U+FFFD", () => {
  const cases = [
    ["ff", "\ufffd"],
    ["e298", "\ufffd\ufffd"], // cut short: go-triton gives two, a TextDecoder one
    ["61 e298 62", "a\ufffd\ufffdb"],
    ["c080", "\ufffd\ufffd"], // overlong
    ["eda080", "\ufffd\ufffd\ufffd"], // a surrogate
    ["f4908080", "\ufffd\ufffd\ufffd\ufffd"], // above U+10FFFF
    ["efbfbd ff", "\ufffd\ufffd"], // U+FFFD itself is kept
    [`${"61".repeat(40)} 80 c3bc`, `${"a".repeat(40)}\ufffdü`],
  ] as const;
  for (const [bytes, text] of cases) {
    const body = hex(bytes);
    equal(decodeMsgpack(concat(Uint8Array.of(0xd9, body.length), body)), text, bytes);
  }
});

Deno.test("decodeMsgpack() copies the bytes of binaries", () => {
  const bytes = hex("92 c40107 d40108");
  const [binary, extension] = decodeMsgpack(bytes) as [Uint8Array, Extension];
  bytes.fill(0);
  deepEqual([binary[0], extension.data[0]], [7, 8]);
});

Deno.test("decodeMsgpack() reads __proto__ as a key like any other", () => {
  const proto = "a9 5f5f70726f746f5f5f";
  for (const bytes of [`81 ${proto} 81 a161 01`, `82 a178 01 ${proto} 81 a161 01`]) {
    for (const wrap of [0, 100]) {
      let map = decodeMsgpack(concat(new Uint8Array(wrap).fill(0x91), hex(bytes)));
      for (let i = 0; i < wrap; i++) [map] = map as [unknown];
      equal(Object.getPrototypeOf(map), Object.prototype);
      ok(Object.hasOwn(map as object, "__proto__"));
      equal((map as { a?: number }).a, undefined);
      notEqual(Object.keys(map as object).indexOf("__proto__"), -1);
    }
  }
});

Deno.test("decodeMsgpack() lets the last of equal keys win, and names odd keys by their JSON", () => {
  deepEqual(decodeMsgpack(hex("82 a161 01 a161 02")), { a: 2 });
  const keys = [
    ["c403 616263", "abc"],
    ["c50001 61", "a"],
    ["05", "5"],
    ["ff", "-1"],
    ["c0", "null"],
    ["c3", "true"],
    ["cb3ff8000000000000", "1.5"],
    ["cfffffffffffffffff", "18446744073709551615"],
    ["d6ff55a0116d", "2015-07-10T18:39:41Z"],
    ["92 01 a161", '[1,"a"]'],
    ["81 a161 01", '{"a":1}'],
    ["81 91 01 02", '{"kQE=":2}'], // keys in keys would grow without bound
  ] as const;
  for (const [key, name] of keys) {
    deepEqual(decodeMsgpack(hex(`82 ${key} 07 a16b 08`)), { [name]: 7, k: 8 }, key);
  }
});

Deno.test("decodeMsgpack() keeps apart maps that begin alike", () => {
  const shapes = [
    { a: 1, b: { a: 1, c: 2 } },
    { a: 1, c: 2 },
    { a: 1, b: { c: 2, a: 1 }, d: 3 },
    { b: 1, a: { a: { a: 1 } } },
    { a: 1, ["long".repeat(30)]: 2, b: { a: 1, c: 2 } },
    [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
  ];
  for (let round = 0; round < 3; round++) {
    for (const shape of shapes) deepEqual(decodeMsgpack(encode(shape)), shape);
  }
  for (let n = 0; n < 12_000; n++) {
    deepEqual(decodeMsgpack(encode({ [`k${n}`]: n })), { [`k${n}`]: n });
  }
});

Deno.test("decodeMsgpack() agrees with the oracle", () => {
  const value = fc.anything({ withNullPrototype: false, withBigInt: false });
  fc.assert(fc.property(value, (raw) => {
    const json = JSON.stringify({ raw });
    fc.pre(!json.includes('"__proto__"')); // which the oracle refuses
    const bytes = encode(JSON.parse(json));
    deepEqual(decodeMsgpack(bytes), decode(bytes));
  }));
});

Deno.test("decodeMsgpack() gives the same however often it has seen such a map", () => {
  fc.assert(fc.property(anyMsgpack, (bytes) => {
    const first = decodeMsgpack(bytes);
    for (let i = 0; i < 20; i++) deepEqual(decodeMsgpack(bytes), first);
  }));
});

Deno.test("decodeMsgpack() builds maps with any keys, often seen or not, as assignment does", () => {
  const key = fc.oneof(
    fc.constantFrom("", "0", "7", "__proto__", "constructor", '"', "\\", "\u2028", "${a}", "]:0"),
    fc.string({ unit: "grapheme", maxLength: 20 }),
  );
  const lengths = fc.oneof(fc.nat(5), fc.constantFrom(15, 16, 63, 64, 65, 200));
  fc.assert(fc.property(lengths.chain((n) => keysOf(key, n)), (keys) => {
    const entries = keys.map((name, i): [string, unknown] => [name, i % 3 === 0 ? `${i}` : i]);
    const pairs = entries.map((entry) => concat(...entry.map((part) => encode(part))));
    const bytes = concat(hex("de"), Uint8Array.of(0, keys.length), ...pairs);
    for (let i = 0; i < 10; i++) {
      const map = decodeMsgpack(bytes) as object;
      const wanted = Object.fromEntries(entries);
      deepEqual(Object.entries(map), Object.entries(wanted));
      equal(Object.getPrototypeOf(map), Object.prototype);
    }
  }));
});

Deno.test("decodeMsgpack() works where code may not be made of text", () => {
  const real = globalThis.Function;
  let asked = 0;
  // deno-lint-ignore no-explicit-any
  (globalThis as any).Function = function () {
    asked++;
    throw new EvalError("Code generation from strings disallowed for this context");
  };
  try {
    const bytes = encode({ forbidden: [{ code: 1 }, { code: "a" }] });
    for (let i = 0; i < 20; i++) deepEqual(decodeMsgpack(bytes), decode(bytes));
  } finally {
    globalThis.Function = real;
  }
  equal(asked, 2);
});

Deno.test("decodeMsgpackSequence() cuts strings of all lengths out of long input", () => {
  const texts = Array.from({ length: 3000 }, (_, n) => "abcdefgh".repeat(160).slice(n % 1280));
  const odd = texts.map((text, n) => n % 7 === 0 ? `${text}é` : text);
  deepEqual([...decodeMsgpackSequence(concat(...odd.map((text) => encode(text))))], odd);
});

Deno.test("decodeMsgpack() reads deep values by its stack as it reads others by recursion", () => {
  fc.assert(fc.property(anyMsgpack, (bytes) => {
    let deep = decodeMsgpack(concat(new Uint8Array(64).fill(0x91), bytes));
    for (let i = 0; i < 64; i++) [deep] = deep as [unknown];
    deepEqual(deep, decodeMsgpack(bytes));
  }));
});

Deno.test("decodeMsgpack() takes nesting of 10,000 and refuses more", () => {
  for (const [token, limit] of [[[0x91], 10_000], [[0x81, 0xa1, 0x61], 10_000]] as const) {
    const nested = (depth: number) => {
      const bytes = new Uint8Array(depth * token.length + 1).fill(0xc0);
      for (let i = 0; i < depth; i++) bytes.set(token, i * token.length);
      return bytes;
    };
    let value = decodeMsgpack(nested(limit));
    for (let i = 0; i < limit; i++) value = Object.values(value as object)[0];
    equal(value, null);
    const where = formatError(limit * token.length, /more than 10000 deep/);
    throws(() => decodeMsgpack(nested(limit + 1)), where);
    throws(() => decodeMsgpack(nested(100_000)), where);
  }
});

Deno.test("decodeMsgpack() refuses what is cut short, goes on, or lies about its length", () => {
  throws(() => decodeMsgpack(hex("")), formatError(0, /end before/));
  throws(() => decodeMsgpack(hex("92 01")), formatError(0, /end before/));
  throws(() => decodeMsgpack(hex("92 01 a261")), formatError(2, /end before/));
  throws(() => decodeMsgpack(hex("01 02")), formatError(1, /more bytes follow/));
  throws(() => decodeMsgpack(hex("92 01 c1")), formatError(2, /0xc1/));
  for (const claim of ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff"]) {
    throws(() => decodeMsgpack(hex(claim)), formatError(0, /end before/), claim);
  }
});

Deno.test("decodeMsgpack() reads parts of memory, also after it has grown", () => {
  const memory = new ArrayBuffer(16, { maxByteLength: 64 });
  const all = new Uint8Array(memory);
  all.set(hex("a3616263 cb3ff8000000000000"), 2);
  equal(decodeMsgpack(all.subarray(2, 6)), "abc");
  equal(decodeMsgpack(all.subarray(6, 15)), 1.5);
  memory.resize(64);
  all.set(hex("81 a3616263 a4c3bc6465"), 40);
  deepEqual(decodeMsgpack(all.subarray(40, 50)), { abc: "üde" });
});

Deno.test("decodeEvent() wants a map", () => {
  deepEqual(decodeEvent(hex("81 a161 01")), { a: 1 });
  throws(() => decodeEvent(hex("91 80")), formatError(0, /not as a map/));
  throws(() => decodeEvent(hex("")), formatError(0, /end before/));
});

Deno.test("decodeMsgpackSequence() yields values until one is bad", () => {
  deepEqual([...decodeMsgpackSequence(hex(""))], []);
  deepEqual([...decodeMsgpackSequence(hex("01 a161 80"))], [1, "a", {}]);
  const values = decodeMsgpackSequence(hex("01 92 02"));
  equal(values.next().value, 1);
  throws(() => values.next(), formatError(1));
});

Deno.test("decodeMsgpackSequence() reads many short strings out of long input", () => {
  const events = Array.from({ length: 2000 }, (_, n) => ({ id: `id-${n}`, text: `ünïcode ${n}` }));
  const bytes = concat(...events.map((event) => encode(event)));
  deepEqual([...decodeMsgpackSequence(bytes)], events);
});

Deno.test("skipMsgpack() and decodeMsgpack() agree on every prefix and every flipped bit", () => {
  const verdicts = (bytes: Uint8Array) => {
    let skipped: number;
    try {
      skipped = skipMsgpack(bytes, 0);
    } catch {
      skipped = -2;
    }
    const values = decodeMsgpackSequence(bytes);
    try {
      const { value } = values.next();
      ok(skipped > 0, "decoded what was not skipped");
      deepEqual(decodeMsgpack(bytes.subarray(0, skipped)), value);
    } catch (error) {
      equal((error as Error).name, "ArchiveFormatError");
      ok(skipped < 0, "skipped what was not decoded");
    }
  };
  for (let end = 1; end < SAMPLE.length; end++) verdicts(SAMPLE.subarray(0, end));
  for (let bit = 0; bit < SAMPLE.length * 8; bit++) {
    const bytes = SAMPLE.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    verdicts(bytes);
  }
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), verdicts));
  fc.assert(fc.property(anyMsgpack, verdicts));
});

Deno.test("Timestamp is a Date that prints its nanoseconds", () => {
  equal(new Timestamp(1436553581, 120_000_000).toJSON(), "2015-07-10T18:39:41.12Z");
  equal(new Timestamp(-1, 1).toJSON(), "1969-12-31T23:59:59.000000001Z");
  equal(new Timestamp(253402300800).toJSON(), "+010000-01-01T00:00:00.000Z");
  equal(new Timestamp(-62167219200).toJSON(), "0000-01-01T00:00:00Z");
  const moved = new Timestamp(1, 5);
  moved.setTime(2500);
  equal(moved.toJSON(), "1970-01-01T00:00:02.5Z");
  throws(() => new Timestamp(0.5), RangeError);
  throws(() => new Timestamp(0, 1e9), RangeError);
  throws(() => new Timestamp(8.64e12, 1e6), RangeError);
});

Deno.test("Extension refuses types that are no signed byte, and prints like go-triton's", () => {
  equal(JSON.stringify(new Extension(-128, hex("616263"))), '{"Data":"YWJj","Type":-128}');
  equal(JSON.stringify(new Extension(42, hex(""))), '{"Data":null,"Type":42}');
  throws(() => new Extension(128, hex("")), RangeError);
  throws(() => new Extension(1.5, hex("")), RangeError);
});
