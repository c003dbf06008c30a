import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { hang, shorten, widthOf, wrapCells } from "../../../src/cli/text/fit.ts";

Deno.test("shorten() cuts the middle of a name", () => {
  equal(shorten("prod-user-behaviour_activity", 28), "prod-user-behaviour_activity");
  equal(shorten("prod-user-behaviour_activity", 19), "prod-user…_activity");
  equal(shorten("20260901/clicks-store-1788264000.tri", 12), "202609…0.tri");
});

Deno.test("shorten() cuts the longest word, and the end if that is not enough", () => {
  const owner = "5712f7ae502dcaf2a1c20b07dc203a35 until 12:00";
  equal(shorten(owner, 26), "5712f7a…203a35 until 12:00");
  equal(shorten("no record has been read for an hour", 20), "no record has been …");
});

Deno.test("shorten() never exceeds the width, and changes nothing that fits", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(fc.property(text, fc.integer({ min: 1, max: 40 }), (text, width) => {
    const short = shorten(text, width);
    ok(widthOf(short) <= width, `"${short}"`);
    equal(short === text, widthOf(text) <= width);
  }));
});

Deno.test("widthOf() counts the columns of a terminal", () => {
  deepStrictEqual(["", "abc…", "é", "e\u0301", "日本", "👍a"].map(widthOf), [0, 4, 1, 1, 4, 3]);
});

Deno.test("hang() breaks between words, and indents further lines", () => {
  equal(hang("gap: ", "one two three four five six", 25), "gap: one two three four\n     five six");
  equal(hang("", "one two three four five six", 24, 2), "one two three four\n  five six");
  equal(hang("gap: ", "one  two", undefined), "gap: one  two");
});

Deno.test("wrapCells() breaks between cells, and cuts none", () => {
  const cells = ["shard", "49", "a reason of many words", "key"];
  equal(wrapCells(cells, 80), "shard  49  a reason of many words  key");
  equal(wrapCells(cells, 30), "shard  49\n  a reason of many words  key");
  equal(wrapCells(cells, 22), "shard  49\n  a reason of many\n  words\n  key");
});
