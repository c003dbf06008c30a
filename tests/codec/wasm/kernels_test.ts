import fc from "fast-check";
import { equal, ok, throws } from "node:assert/strict";
import {
  ArchiveFormatError,
  encodeEvent,
  msgpackToJson,
  NdjsonWriter,
  skipEvent,
} from "../../../src/codec/mod.ts";
import { buildProgram, PROGRAMS, readProgram } from "./build_kernels.ts";
import { anyMsgpackMap, concat, hex, SAMPLE } from "../msgpack/samples.ts";

const decoder = new TextDecoder();

/** The lines by the program. */
function linesOf(...events: readonly Uint8Array[]): string {
  return decoder.decode(new NdjsonWriter().write(concat(...events)));
}

/** The lines by the simple code. */
function simpleLinesOf(...events: readonly Uint8Array[]): string {
  return events.map((event) => `${decoder.decode(msgpackToJson(event))}\n`).join("");
}

/** The lines of possible events, by the simple code; undefined if one of them is not an event. */
function simpleLinesOfAny(bytes: Uint8Array): string | undefined {
  let lines = "";
  try {
    for (let at = 0, end = 0; at < bytes.length; at = end) {
      end = skipEvent(bytes, at);
      if (end < 0) return undefined;
      lines += simpleLinesOf(bytes.subarray(at, end));
    }
  } catch {
    return undefined;
  }
  return lines;
}

/** An event `{"a": value}` of a value's MessagePack. */
function eventWith(value: Uint8Array): Uint8Array {
  return concat(hex("81 a1 61"), value);
}

/** A string of any bytes, with the shortest header that fits. */
function stringOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const header = length < 32
    ? [0xa0 + length]
    : length < 256
    ? [0xd9, length]
    : [0xda, length >> 8, length & 255];
  return concat(Uint8Array.from(header), bytes);
}

for (const program of PROGRAMS) {
  Deno.test(`${program.target} is what deno task wasm makes of assembly/`, async () => {
    equal(readProgram(program), await buildProgram(program));
  });
}

Deno.test("NdjsonWriter writes what the simple code writes, whatever the events", () => {
  fc.assert(
    fc.property(fc.array(anyMsgpackMap, { maxLength: 20 }), (events) => {
      equal(linesOf(...events), simpleLinesOf(...events));
    }),
    { numRuns: 500 },
  );
});

Deno.test("NdjsonWriter agrees with the simple code on every prefix and every flipped bit", () => {
  const damaged = [
    ...Array.from(SAMPLE, (_, length) => SAMPLE.subarray(0, length)),
    ...Array.from({ length: SAMPLE.length * 8 }, (_, bit) => {
      const flipped = SAMPLE.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      return flipped;
    }),
  ];
  const good = damaged.filter((bytes) => {
    const expected = simpleLinesOfAny(bytes);
    if (expected === undefined) throws(() => linesOf(bytes), ArchiveFormatError);
    else equal(linesOf(bytes), expected);
    return expected !== undefined;
  });
  ok(good.length > 100);
});

Deno.test("NdjsonWriter escapes as the simple code does, at any position of a text", () => {
  const part = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(
      '"',
      "\\",
      "\n",
      "\u0000",
      "\u001f",
      "\u007f",
      "é",
      "大",
      "😀",
      "\ud7ff",
      "\ue000",
    ),
  ).map((text) => new TextEncoder().encode(text));
  const text = fc.array(fc.oneof(part, fc.uint8Array({ maxLength: 5 })), { maxLength: 30 })
    .map((parts) => stringOf(concat(...parts)));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (texts) => {
      const events = texts.map(eventWith);
      equal(linesOf(...events), simpleLinesOf(...events));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("NdjsonWriter writes any two bytes of a text as the simple code does", () => {
  for (let first = 0; first < 256; first++) {
    const events = Array.from({ length: 256 }, (_, second) => {
      // At the end of a text, and in the middle.
      return concat(
        hex("82 a1 61"),
        stringOf(Uint8Array.of(first, second)),
        hex("a1 62"),
        stringOf(Uint8Array.of(0x20, first, second, 0x80, 0xbf, 0x20)),
      );
    });
    equal(linesOf(...events), simpleLinesOf(...events));
  }
});

Deno.test("NdjsonWriter writes doubles as JavaScript does", () => {
  const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((n) => new Float64Array(BigUint64Array.of(n).buffer)[0]!);
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.nat(40))
    .map(([digits, exponent]) => Number(`${digits}e${exponent - 30}`));
  const power = fc.tuple(fc.integer({ min: -1074, max: 1023 }), fc.integer({ min: -1, max: 1 }))
    .map(([exponent, step]) => 2 ** exponent * (1 + step * Number.EPSILON));
  const double = fc.oneof(bits, decimal, power, fc.double(), fc.integer());
  fc.assert(
    fc.property(fc.array(double, { minLength: 100, maxLength: 100 }), (doubles) => {
      equal(linesOf(...doubles.map(doubleEvent)), doubles.map(doubleLine).join(""));
    }),
    { numRuns: 500 },
  );
});

Deno.test("NdjsonWriter writes the doubles of every power of ten and of two", () => {
  const tens = Array.from({ length: 633 }, (_, n) => n - 324).flatMap((power) => {
    return [`1e${power}`, `9.999999999999999e${power}`, `1.2345678901234567e${power}`].map(Number);
  });
  const twos = Array.from({ length: 2098 }, (_, n) => 2 ** (n - 1074));
  const special = [
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    Number.MAX_VALUE,
    2 ** 53 + 2,
    1e21,
    1e-6,
    1e-7,
  ];
  const doubles = [...tens, ...twos, ...special].flatMap((double) => [double, -double]);
  equal(linesOf(...doubles.map(doubleEvent)), doubles.map(doubleLine).join(""));
});

function doubleEvent(value: number): Uint8Array {
  const event = hex("81 a1 61 cb 00 00 00 00 00 00 00 00");
  new DataView(event.buffer).setFloat64(4, value);
  return event;
}

function doubleLine(value: number): string {
  return `{"a":${Object.is(value, -0) ? "-0" : JSON.stringify(value)}}\n`;
}

Deno.test("NdjsonWriter writes integers of every size", () => {
  const around = Array.from({ length: 65 }, (_, n) => 2n ** BigInt(n))
    .concat(Array.from({ length: 20 }, (_, n) => 10n ** BigInt(n)))
    .flatMap((n) => [n - 1n, n, n + 1n, -n, 1n - n, -n - 1n])
    .filter((n) => n >= -(2n ** 63n) && n < 2n ** 64n);
  const any = fc.sample(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), 5000);
  const integers = [...around, ...any];
  const lines = integers.map((n) => `{"a":${n}}\n`).join("");
  equal(linesOf(...integers.map((a) => encodeEvent({ a }))), lines);
});

Deno.test("NdjsonWriter writes events of any size, and texts that grow sixfold", () => {
  const control = stringOf(new Uint8Array(65_535).fill(1));
  const sizes = [1, 15, 16, 17, 31, 32, 255, 256, 4000, 65_535];
  const events = [
    ...sizes.map((size) => eventWith(stringOf(new Uint8Array(size).fill(0x78)))),
    ...Array.from({ length: 20 }, () => eventWith(control)),
    encodeEvent({ a: "x".repeat(1_000_000) }),
    encodeEvent({ a: Array.from({ length: 100_000 }, (_, n) => n) }),
    ...Array.from({ length: 3000 }, (_, n) => encodeEvent({ n, text: "\u0000".repeat(n % 50) })),
  ];
  equal(linesOf(...events), simpleLinesOf(...events));
});

Deno.test("NdjsonWriter writes containers at every depth", () => {
  const nested = (depth: number) => eventWith(concat(new Uint8Array(depth).fill(0x91), hex("01")));
  const maps = (depth: number) => {
    return concat(...Array.from({ length: depth }, () => hex("81 a1 61")), hex("80"));
  };
  const events = [1, 2, 254, 255, 256, 257, 300, 9000].flatMap((n) => [nested(n), maps(n)]);
  equal(linesOf(...events), simpleLinesOf(...events));
});
