import fc from "fast-check";
import { deepEqual, equal } from "node:assert/strict";
import { hasEscapedKey, readJson } from "../../../src/codec/json/read.ts";
import { decodeEvent, msgpackToJson, parseJsonEvent } from "../../../src/codec/mod.ts";

/** Texts with everything that JSON escapes, and some other characters. */
const escaped = fc.string({
  unit: fc.constantFrom("\\", '"', "\n", "\t", "/", "a", "\u0001", ":"),
});

Deno.test("parseJsonEvent() reads a key with an escape also after another one at the same place", () => {
  for (const [first, second] of [["\\", '"'], ["\\", "\n"], ["x\\", "x\t"], ["\\\\", '\\"']]) {
    for (const key of [first!, second!]) {
      const event = { a: 1, [key]: 2 };
      deepEqual(decodeEvent(parseJsonEvent(JSON.stringify(event))), event);
    }
  }
});

/** A value as text with objects as lists, so that comparing it needs no JSON.parse. */
function entriesOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, of]) => `${JSON.stringify(key)}=${entriesOf(of)}`)}}`;
}

Deno.test("parseJsonEvent() reads any keys and texts with escapes, whatever was read before", () => {
  const { tie } = fc.letrec((tie) => ({
    tie: fc.oneof({ maxDepth: 3 }, escaped, fc.integer(), fc.dictionary(escaped, tie("tie"))),
  }));
  fc.assert(
    fc.property(fc.array(fc.dictionary(escaped, tie), { minLength: 2 }), (events) => {
      for (const event of events) {
        equal(entriesOf(decodeEvent(parseJsonEvent(JSON.stringify(event)))), entriesOf(event));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseJsonEvent() keeps large integers beside keys with escapes, and refuses what it must", () => {
  const text = '{"\\"":18446744073709551615,"b":[1.5,null,true,{"\\\\":-9223372036854775808}]}';
  equal(new TextDecoder().decode(msgpackToJson(parseJsonEvent(text))), text);
  const big = parseJsonEvent('{"\\"":18446744073709551616}', { bigIntegers: "text" });
  deepEqual(decodeEvent(big), { '"': "18446744073709551616" });
  for (const bad of ['{"\\"":1,"\\u0022":2}', '{"\\"":1e400}', '{"\\"":"\\ud800"}', '{"\\"":1']) {
    let message = "";
    try {
      parseJsonEvent(bad);
    } catch (error) {
      message = (error as Error).message;
    }
    equal(message.startsWith("Cannot read event at column "), true, `${bad}: ${message}`);
  }
});

Deno.test("hasEscapedKey() finds an escape in a key, and in no other text", () => {
  for (const text of ['{"\\n":1}', '{"a\\"" \t: 1}', '{"a":"\\\\","b\\u0041":1}', '{"\\\\":1}']) {
    equal(hasEscapedKey(text), true, text);
  }
  for (
    const text of ['{"a":1}', '{"a":"\\":"}', '{"a":"\\"}:","b":["\\\\"]}', '{"a":"\\', '"\\"']
  ) {
    equal(hasEscapedKey(text), false, text);
  }
});

Deno.test("readJson() reads what JSON.stringify writes", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = JSON.stringify(value);
    equal(JSON.stringify(readJson(` ${text} `, Number)), text);
  }));
});
