/**
 * Texts of events, good and bad, for comparing the reader in WebAssembly with `parseSimply()`.
 *
 * @module
 */

import fc from "fast-check";
import { JsonEventError } from "../../../src/codec/mod.ts";
import type { BigIntegers } from "../../../src/codec/json/fault.ts";
import { parseSimply } from "../../../src/codec/json/parse_simply.ts";

/** Numbers at the edges of what is exact, and of what has a double. */
const GOOD_NUMBERS: readonly string[] = [
  ...[
    "0",
    "-0",
    "-0.0",
    "0e5",
    "-0E-5",
    "0.0000",
    "1e2",
    "1E+2",
    "1e-0",
    "-1.0",
    "31",
    "-32",
    "-33",
  ],
  ...[
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "-128",
    "-129",
    "-32768",
    "-32769",
    "2147483648",
  ],
  ...["-2147483648", "-2147483649", "4294967295", "4294967296", "9007199254740991", "1e15", "1e16"],
  ...["9007199254740992", "9007199254740993", "-9007199254740992", "9007199254740993.0", "1e22"],
  ...["9007199254740992.5", "9007199254740993.1", "9223372036854775807", "-9223372036854775808"],
  ...["18446744073709551615", "1e23", "8.5e22", "18446744073709551616.0", "18446744073709551615e0"],
  ...["1e19", "1e-400", "5e-324", "2e-324", "3e-324", "2.2250738585072011e-308", "1e308", "1e-292"],
  ...["2.2250738585072014e-308", "1.7976931348623157e308", "1e-293", "0e999999999999", "1e21"],
  ...["0.1", "0.30000000000000004", "7.2057594037927933e16", "9.5e-7", "0.12345678901234567890"],
  ...["1234567890123456789", "12345678901234567890", "1234567890123456789.5", "1.00000000"],
  ...["12345678", "123456781", "0.12345678", "100000000000000000000e0"],
];
/** Numbers that an event cannot contain, or that are none. */
const BAD_NUMBERS: readonly string[] = [
  ...["-9223372036854775809", "18446744073709551616", "184467440737095516150", "1e400", "-1e400"],
  ...["1e309", "1.7976931348623159e308", "1e324", "1e999999999999", "100000000000000000000", "1."],
  ...["123456789012345678901234567890", ".5", "+1", "01", "-01", "00", "-", "1e", "1e+", "1e+-1"],
  ...[
    "0x10",
    "1_0",
    "NaN",
    "1.e5",
    "Infinity",
    "--1",
    "1..2",
    "1.5.2",
    "1e5.5",
    "-9999999999999999999",
  ],
];
/** Numbers of both kinds. */
export const EDGE_NUMBERS: readonly string[] = [...GOOD_NUMBERS, ...BAD_NUMBERS];

const digits = (max: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: max });

/** Doubles, as texts that most readers of JSON find hard. */
const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
/** Numbers of every shape; most are good, and not left to JavaScript. */
const numbers = fc.oneof(
  ...[
    fc.double({ min: 0, max: 1, noNaN: true }).map((value) => String(value * 1000)),
    fc.tuple(fc.integer(), digits(9)).map(([whole, part]) => `${whole}.${part}0`),
    fc.tuple(fc.nat(), fc.integer({ min: -290, max: 290 })).map((parts) => parts.join("e")),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
    fc.integer().map(String),
  ].map((arbitrary) => ({ weight: 50, arbitrary })),
  ...[
    fc.constantFrom(...GOOD_NUMBERS),
    doubles.map(String),
    fc.tuple(doubles, fc.nat(20)).map(([value, count]) => value.toExponential(count)),
    fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 19n }), digits(20)).map(([whole, part]) => {
      return `-${whole}.${part}0`;
    }),
  ].map((arbitrary) => ({ weight: 5, arbitrary })),
  { weight: 1, arbitrary: fc.constantFrom(...BAD_NUMBERS) },
);

const characters = fc.oneof(
  fc.constantFrom(
    ...[
      "a",
      "b",
      " ",
      ":",
      '\\"',
      "\\\\",
      "\\/",
      "\\n",
      "\\u0000",
      "\\u0061",
      "\\u00fc",
      "\\u5927",
    ],
    ...["\\ud83d\\ude00", "ü", "大", "😀", "\u007f", "\uffff", "0", "9", "}", ",", "\\b\\f\\r\\t"],
    ...["a plain run of 27 characters", "sechzehn Zeichen"],
  ),
  fc.string({ unit: "grapheme", maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
);
const badCharacters = fc.constantFrom(
  ...[
    "\\ud83d",
    "\\ude00",
    "\\ude00\\ud83d",
    "\\ud83dx",
    "\\x",
    "\\u12g4",
    "\\u12",
    "\n",
    "\u0000",
  ],
  ...["\\ud83d\\u0041", "\\", "\t", '"'],
);
const strings = fc.array(
  fc.oneof({ weight: 1500, arbitrary: characters }, { weight: 1, arbitrary: badCharacters }),
  { maxLength: 6 },
).map((parts) => `"${parts.join("")}"`);

/** Keys of which some are equal, some have the same ends and size, and some are ordered as integers. */
const keys = fc.oneof(
  { weight: 9, arbitrary: strings },
  ...[
    fc.constantFrom(
      ...["a", "b", "c", "\\u0061", "__proto__", "", "constructor", "toString", "id", "a\\u0000"],
      ...["same ends 1 same ends", "same ends 2 same ends", "same ends 3 same ends", "1a"],
    ),
    fc.nat(50).map((n) => `key ${n}`),
  ].map((texts) => ({ weight: 9, arbitrary: texts.map((key) => `"${key}"`) })),
  {
    weight: 1,
    arbitrary: fc.constantFrom("0", "1", "2", "10", "007", "4294967294", "4294967295", "9999999999")
      .map((key) => `"${key}"`),
  },
);

const spaces = fc.oneof(
  { weight: 9, arbitrary: fc.constant("") },
  fc.constantFrom(" ", "\t", "\r", "\n", "  \r\n "),
);

/** Elements of an array; a few have so many that its head is longer. */
const elements = (value: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.array(value, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(value, { maxLength: 20 }) },
  );

/** Members of an object; a few have equal keys. */
const members = (value: fc.Arbitrary<string>) => {
  const member = fc.tuple(keys, value);
  return fc.oneof(
    { weight: 60, arbitrary: fc.uniqueArray(member, { selector: keyOf, maxLength: 4 }) },
    { weight: 3, arbitrary: fc.uniqueArray(member, { selector: keyOf, maxLength: 20 }) },
    { weight: 1, arbitrary: fc.array(member, { maxLength: 4 }) },
  );
};

/** The name of a key, unless it is bad. */
function keyOf([key]: readonly string[]): string {
  try {
    return JSON.parse(key!);
  } catch {
    return key!;
  }
}

/** JSON values, nested. */
const { object } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    ...[numbers, strings, fc.constantFrom("true", "false", "null", "{}", "[]", "{ }", "[ ]")],
    ...[tie("array"), tie("object"), tie("object")],
  ),
  array: fc.tuple(spaces, spaces, elements(tie("value"))).map(
    ([before, after, values]) => `[${before}${values.join(`${after},${before}`)}${after}]`,
  ),
  object: fc.tuple(spaces, spaces, members(tie("value"))).map(
    ([before, after, entries]) => {
      const texts = entries.map(([key, value]) => `${key}${after}:${before}${value}`);
      return `{${before}${texts.join(`${after},${before}`)}${after}}`;
    },
  ),
}));

/** Texts of objects; most are events. */
export const objectTexts: fc.Arbitrary<string> = fc.tuple(spaces, object, spaces)
  .map((parts) => parts.join(""));

/** Texts with a few characters inserted, replaced or left out. */
export const damagedTexts: fc.Arbitrary<string> = fc.tuple(
  objectTexts,
  fc.array(
    fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom("", ...'{}[],:"\\ 0-.eu\n\u0000x\ud83d\ude00')),
    { minLength: 1, maxLength: 3 },
  ),
).map(([text, edits]) =>
  edits.reduce((edited, [place, cut, char]) => {
    const at = place % (edited.length + 1);
    return edited.slice(0, at) + char + edited.slice(at + cut);
  }, text)
);

/** What a parser makes of a text: the event's bytes in hexadecimal, or its error. */
export function outcomeOf(parse: () => Uint8Array): string {
  try {
    return parse().toHex();
  } catch (error) {
    if (!(error instanceof JsonEventError)) throw error;
    return `${error.column}: ${error.message}`;
  }
}

/** What `parseSimply()` makes of a text. */
export function simpleOutcome(text: string, bigIntegers: BigIntegers = "refuse"): string {
  return outcomeOf(() => parseSimply(text, bigIntegers));
}
