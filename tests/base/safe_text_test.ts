import { deepStrictEqual, doesNotMatch, equal } from "node:assert/strict";
import fc from "fast-check";
import { printable, printableLines } from "../../src/base/safe_text.ts";

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

Deno.test("printable() escapes what a terminal obeys, and what nobody sees", () => {
  const escaped: Readonly<Record<string, string>> = {
    "\x1b[2J": "\\u001b[2J",
    "\x1b]0;title\x07": "\\u001b]0;title\\u0007",
    "\x9b31m": "\\u009b31m",
    "a\tb\r\nc": "a\\tb\\r\\nc",
    "\x00\x7f\x85": "\\u0000\\u007f\\u0085",
    "gnp.exe\u202e": "gnp.exe\\u202e",
    "\u061c\u200e\u200f\u202a\u2066\u2069": "\\u061c\\u200e\\u200f\\u202a\\u2066\\u2069",
    "\u2028\u2029\ufeff\u200b": "\\u2028\\u2029\\ufeff\\u200b",
    "\u{e0041}": "\\udb40\\udc41",
    "\ud800": "\\ud800",
  };
  for (const [text, expected] of Object.entries(escaped)) equal(printable(text), expected);
});

Deno.test("printable() leaves all other text as it is", () => {
  for (const text of ["", "clicks-store", "naïve 水 \u{1f600}", 'a "b" \\n', "שלום"]) {
    equal(printable(text), text);
  }
});

const anyText = fc.string({ unit: "binary" });

Deno.test("printable() never lets an unsafe character through, and keeps JSON's meaning", () => {
  fc.assert(
    fc.property(anyText, fc.array(fc.constantFrom("\x1b", "\n", "\u009b", "\u202e", "\ud83d")), (
      text,
      more,
    ) => {
      const all = text + more.join(text.slice(0, 1));
      doesNotMatch(printable(all), UNSAFE);
      equal(printable(printable(all)), printable(all));
      equal(printableLines(all).split("\n").length, all.split("\n").length);
      doesNotMatch(printableLines(all).replaceAll("\n", ""), UNSAFE);
      deepStrictEqual(JSON.parse(printable(JSON.stringify({ [all]: all }))), { [all]: all });
    }),
  );
});
