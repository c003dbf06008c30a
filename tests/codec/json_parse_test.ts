import fc from "fast-check";
import { deepEqual, equal, throws } from "node:assert/strict";
import { decodeEvent, msgpackToJson, parseJsonEvent } from "../../src/codec/mod.ts";

/** The JSON that an event prints, after it was read from JSON. */
function roundTrip(text: string): string {
  return new TextDecoder().decode(msgpackToJson(parseJsonEvent(text)));
}

Deno.test("parseJsonEvent() keeps integers of 64 bits exactly, near numbers of any kind", () => {
  const integers = [
    "0",
    "-1",
    "9007199254740991",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
  ];
  for (const integer of integers) {
    equal(roundTrip(`{"a":${integer}}`), `{"a":${integer}}`);
    equal(roundTrip(`{"b":[{"a":${integer},"c":0.5}]}`), `{"b":[{"a":${integer},"c":0.5}]}`);
  }
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (integer) => {
    equal(roundTrip(`{"a":${integer}}`), `{"a":${integer}}`);
  }));
});

Deno.test("parseJsonEvent() reads other numbers as JSON.parse does", () => {
  equal(roundTrip('{"a":18446744073709551616}'), '{"a":18446744073709552000}');
  equal(roundTrip('{"a":-9223372036854775809}'), '{"a":-9223372036854776000}');
  equal(roundTrip('{"a":9007199254740993.0}'), '{"a":9007199254740992}');
  equal(roundTrip('{"a":1.5e300,"b":-0,"c":1e2}'), '{"a":1.5e+300,"b":-0,"c":100}');
  equal(roundTrip('{"a":"12345678901234567890"}'), '{"a":"12345678901234567890"}');
});

Deno.test("parseJsonEvent() agrees with JSON.parse", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), (it) => {
      const text = JSON.stringify(it).replaceAll("__proto__", "_proto_");
      deepEqual(JSON.parse(roundTrip(` ${text}\r\n`)), JSON.parse(text));
    }),
  );
  equal(
    roundTrip('{"__proto__":12345678901234567,"a":1}'),
    '{"__proto__":12345678901234567,"a":1}',
  );
  equal(roundTrip('{"a":1,"a":2}'), '{"a":2}');
});

Deno.test("parseJsonEvent() tells the column of a mistake and what JSON would have there", () => {
  const mistakes: readonly (readonly [text: string, column: number, expected: RegExp])[] = [
    ["", 1, /a value/],
    ["  x", 3, /a value/],
    ['{"a":1', 7, /"," or a closing bracket/],
    ['{"a" 1}', 6, /":"/],
    ["{a:1}", 2, /a key in double quotes or "}"/],
    ['{"a":1,}', 8, /a key in double quotes/],
    ['{"a":[1,]}', 9, /a value/],
    ['{"a":[', 7, /a value or "]"/],
    ['{"a":01}', 7, /"," or/],
    ['{"a":+1}', 6, /a value/],
    ['{"a":tru}', 6, /a value/],
    ['{"a":1} x', 9, /the end of the line/],
    ['{"a":1}}', 8, /the end of the line/],
    ['{"a":[1}', 8, /"," or a closing bracket/],
    ['{"a":"b', 8, /the rest of a string/],
    ['{"a":"\\x"}', 7, /the rest of a string/],
    ['{"a":"b\nc"}', 8, /the rest of a string/],
    ['{"ü😀":}', 8, /a value/],
    ['{"a":12345678901234567890,}', 27, /a key/],
  ];
  for (const [text, column, expected] of mistakes) {
    throws(() => parseJsonEvent(text), { name: "JsonEventError", column, message: expected }, text);
  }
});

Deno.test("parseJsonEvent() finds a mistake wherever JSON.parse does, and nowhere else", () => {
  const good = '{"a":[1,-2.5e3,"x\\u00fc\\n",{"b":null}],"c":true,"d":{},"e":[]}';
  const tries = fc.tuple(fc.nat(good.length), fc.nat(2), fc.constantFrom(...'{}[],:"\\ 0-.eun\n'));
  fc.assert(
    fc.property(tries, ([at, cut, char]) => {
      const text = good.slice(0, at) + char + good.slice(at + cut);
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        throws(() => parseJsonEvent(text), (error: { name: string; column: number }) => {
          return error.name === "JsonEventError" && error.column >= 1 &&
            error.column <= text.length + 1 && !isCompleteBefore(text, error.column - 1);
        }, text);
        return;
      }
      const isEvent = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isEvent) deepEqual(decodeEvent(parseJsonEvent(text)), value);
      else throws(() => parseJsonEvent(text), { name: "JsonEventError", column: 1 });
    }),
    { numRuns: 2000 },
  );
});

/** Whether a mistake said to be at `index` cannot be right: the text up to there is one value. */
function isCompleteBefore(text: string, index: number): boolean {
  try {
    JSON.parse(text.slice(0, index));
    return text.slice(index).trim() === "";
  } catch {
    return false;
  }
}

Deno.test("parseJsonEvent() wants an object", () => {
  for (const text of ["[1]", "5", '"a"', "null", "true", "12345678901234567"]) {
    throws(() => parseJsonEvent(text), { name: "JsonEventError", message: /not a JSON object/ });
  }
});

Deno.test("parseJsonEvent() refuses nesting that cannot be read", () => {
  for (const leaf of ["1", "12345678901234567"]) {
    const text = '{"a":'.repeat(100_000) + leaf + "}".repeat(100_000);
    throws(() => parseJsonEvent(text), { name: "JsonEventError", message: /nested too deeply/ });
  }
  throws(() => parseJsonEvent("[".repeat(1_000_000)), {
    name: "JsonEventError",
    column: 1_000_001,
  });
});
