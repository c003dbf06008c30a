import fc from "fast-check";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  decodeEvent,
  JsonEventError,
  msgpackToJson,
  parseJsonEvent,
  type ParseJsonEventOptions,
} from "../../../src/codec/mod.ts";
import { readJson } from "../../../src/codec/json/read.ts";

/** The JSON of an event that was parsed from JSON. */
function roundTrip(text: string): string {
  return new TextDecoder().decode(msgpackToJson(parseJsonEvent(text)));
}

/** The value of a JSON text, without `JSON.parse`, which confuses keys with escapes in V8. */
function valueOf(text: string): unknown {
  return readJson(text, Number);
}

Deno.test("parseJsonEvent() keeps 64-bit integers exact, next to numbers of any kind", () => {
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
  equal(roundTrip('{"a":1e20}'), '{"a":100000000000000000000}');
  equal(roundTrip('{"a":18446744073709551616.0,"b":1e-400}'), '{"a":18446744073709552000,"b":0}');
  equal(roundTrip('{"a":9007199254740993.0}'), '{"a":9007199254740992}');
  equal(roundTrip('{"a":1.5e300,"b":-0,"c":1e2}'), '{"a":1.5e+300,"b":-0,"c":100}');
  equal(roundTrip('{"a":"12345678901234567890"}'), '{"a":"12345678901234567890"}');
});

Deno.test("parseJsonEvent() agrees with JSON.parse", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), (it) => {
      // JSON.stringify writes doubles up to 1e21 as integers that do not fit in 64 bits.
      const fit = (_: string, value: unknown) =>
        typeof value === "number" && Math.abs(value) >= 2 ** 63 ? Math.sign(value) : value;
      const text = JSON.stringify(it, fit).replaceAll("__proto__", "_proto_");
      deepEqual(valueOf(roundTrip(` ${text}\r\n`)), valueOf(text));
    }),
  );
  equal(
    roundTrip('{"__proto__":12345678901234567,"a":1}'),
    '{"__proto__":12345678901234567,"a":1}',
  );
});

Deno.test("parseJsonEvent() reports the column of a mistake, and what was expected there", () => {
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
      if (isEvent && /already/.test(faultOf(text)?.message ?? "")) return; // the key of another
      if (isEvent) deepEqual(decodeEvent(parseJsonEvent(text)), value);
      else throws(() => parseJsonEvent(text), { name: "JsonEventError", column: 1 });
    }),
    { numRuns: 2000 },
  );
});

/** The error that parseJsonEvent() throws, if any. */
function faultOf(text: string, options?: ParseJsonEventOptions): JsonEventError | undefined {
  try {
    parseJsonEvent(text, options);
  } catch (error) {
    ok(error instanceof JsonEventError);
    return error;
  }
  return undefined;
}

Deno.test("parseJsonEvent() rejects what an event cannot contain, with its place", () => {
  const refused: readonly (readonly [text: string, column: number, why: string])[] = [
    ['{"a":1e400}', 6, "the number 1e400 is beyond the range of a double"],
    ['{"a":[0,{"b":-1E+309}]}', 14, "the number -1E+309 is beyond the range of a double"],
    [`{"a":0.${"0".repeat(99_999)}1e1000000}`, 6, "is beyond the range of a double"],
    [`{"a":${"9".repeat(400)}.5}`, 6, `the number ${"9".repeat(40)}… is beyond the range`],
    ['{"a":18446744073709551616}', 6, "the integer 18446744073709551616 does not fit in 64 bits"],
    ['{"a":-9223372036854775809}', 6, "the integer -9223372036854775809 does not fit in 64 bits"],
    [`{"a":${"1".repeat(2_000_000)}}`, 6, "does not fit in 64 bits"],
    ['{"a":"\\ud800"}', 6, "half of a surrogate pair"],
    ['{"a":"x\\uDFFF\\ud800"}', 6, "half of a surrogate pair"],
    ['{"a":1,"\\ud83d":2}', 8, "half of a surrogate pair"],
    ['{"a":"\ud83d"}', 6, "half of a surrogate pair"],
    ['{"a":1,"a":2}', 8, 'the object already has the key "a"'],
    ['{"a":1,"b":[{"c":{"d":1,"\\u0064":2}}]}', 25, 'the object already has the key "\\u0064"'],
    ['{"a" :1,"a": 2}', 9, "already"],
    ['{"a":1, "a" \t: 2}', 9, "already"],
    ['{"\\\\":1,"b":2,"b":3}', 15, "already"],
    ['{"\\"":1,"\\"":":"}', 9, "already"],
    ['{"__proto__":1,"__proto__":12345678901234567}', 16, "already"],
    ['{"a":1,"a":1e400}', 8, "already"],
  ];
  for (const [text, column, why] of refused) {
    const error = faultOf(text);
    equal(error?.column, column, text.slice(0, 60));
    ok(error.message.startsWith(`Cannot read event at column ${column}: `), error.message);
    ok(error.message.includes(why), error.message);
    ok(error.message.length < 200);
  }
  for (
    const text of ['{"a":"\\ud83d\\ude00","b":"\ud83d\ude00","c":{"a":{"a":1},"b":[{"a":2}]}}']
  ) {
    deepEqual(valueOf(roundTrip(text)), valueOf(text));
  }
});

Deno.test('parseJsonEvent() converts large integers to text with bigIntegers: "text"', () => {
  const text =
    `{"a":18446744073709551616,"b":[-9223372036854775809,18446744073709551615,1],"c":1e20}`;
  equal(
    new TextDecoder().decode(msgpackToJson(parseJsonEvent(text, { bigIntegers: "text" }))),
    '{"a":"18446744073709551616","b":["-9223372036854775809",18446744073709551615,1],' +
      '"c":100000000000000000000}',
  );
  ok(faultOf('{"a":1e400}', { bigIntegers: "text" }) instanceof JsonEventError);
});

/** Text of a JSON value, and whether an event can contain it. */
interface Part {
  readonly text: string;
  readonly isGood: boolean;
}

const SPACES = fc.constantFrom("", "", "", " ", "\t", " \r\n");
const NUMBERS: fc.Arbitrary<Part> = fc.constantFrom(
  ...[
    "0",
    "-1",
    "1.5",
    "12345678901234567",
    "18446744073709551615",
    "-9223372036854775808",
    "1e308",
  ]
    .map((text) => ({ text, isGood: true })),
  ...["1e309", "18446744073709551616", "-9223372036854775809", "9".repeat(400)]
    .map((text) => ({ text, isGood: false })),
);
const CHARACTERS = fc.constantFrom(
  ...[
    "a",
    "b",
    ":",
    '\\"',
    "\\\\",
    "\\u0061",
    "ü",
    "😀",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\ude00",
    "9",
  ],
);
const STRINGS: fc.Arbitrary<Part> = fc.array(CHARACTERS, { maxLength: 3 }).map((parts) => {
  const text = `"${parts.join("")}"`;
  return { text, isGood: (JSON.parse(text) as string).isWellFormed() };
});

/** Objects with keys from a few strings, so that some are duplicates. */
const { value: VALUES } = fc.letrec<{ value: Part; array: Part; object: Part }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    ...[NUMBERS, STRINGS, tie("array"), tie("object"), tie("object")],
  ),
  array: fc.tuple(SPACES, fc.array(tie("value"), { maxLength: 3 })).map(([space, parts]) => ({
    text: `[${space}${parts.map(({ text }) => text).join(`,${space}`)}]`,
    isGood: parts.every(({ isGood }) => isGood),
  })),
  object: fc.tuple(SPACES, SPACES, fc.array(fc.tuple(STRINGS, tie("value")), { maxLength: 4 })).map(
    ([before, after, entries]) => ({
      text: `{${entries.map(([key, it]) => key.text + before + ":" + after + it.text).join(",")}}`,
      isGood: entries.flat().every(({ isGood }) => isGood) &&
        new Set(entries.map(([{ text }]) => JSON.parse(text))).size === entries.length,
    }),
  ),
}));

Deno.test("parseJsonEvent() rejects exactly what an event cannot contain, at any depth", () => {
  let [good, bad] = [0, 0];
  fc.assert(
    fc.property(fc.array(VALUES, { minLength: 1, maxLength: 3 }), (values) => {
      const text = `{${values.map((value, i) => `"${i}":${value.text}`).join(",")}}`;
      const error = faultOf(text);
      equal(error === undefined, values.every(({ isGood }) => isGood), error?.message ?? text);
      if (error === undefined) good++;
      else bad++;
      if (error === undefined) deepEqual(valueOf(roundTrip(text)), valueOf(text));
    }),
    { numRuns: 4000 },
  );
  ok(good > 500 && bad > 500, `${good} good, ${bad} bad`);
});

/** Whether a mistake reported at `index` is impossible: the text up to there is one value. */
function isCompleteBefore(text: string, index: number): boolean {
  try {
    JSON.parse(text.slice(0, index));
    return text.slice(index).trim() === "";
  } catch {
    return false;
  }
}

Deno.test("parseJsonEvent() needs an object", () => {
  for (const text of ["[1]", "5", '"a"', "null", "true", "12345678901234567"]) {
    throws(() => parseJsonEvent(text), { name: "JsonEventError", message: /not a JSON object/ });
  }
});

Deno.test("parseJsonEvent() rejects nesting that is too deep", () => {
  for (const leaf of ["1", "12345678901234567"]) {
    const text = '{"a":'.repeat(100_000) + leaf + "}".repeat(100_000);
    throws(() => parseJsonEvent(text), { name: "JsonEventError", message: /nested too deeply/ });
  }
  throws(() => parseJsonEvent("[".repeat(1_000_000)), {
    name: "JsonEventError",
    column: 1_000_001,
  });
});
