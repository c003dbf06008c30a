import { deepStrictEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { matchesAny, namePattern } from "../../../src/cli/options/name_pattern.ts";

Deno.test("namePattern() matches whole names, with * and ? as in shells", () => {
  const names = ["test", "test_a", "test_ab", "a_test", "tes.", "TEST", ""];
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["test", ["test"]],
    ["test_*", ["test_a", "test_ab"]],
    ["test*", ["test", "test_a", "test_ab"]],
    ["*test", ["test", "a_test"]],
    ["test_?", ["test_a"]],
    ["tes?", ["test", "tes."]],
    ["tes.", ["tes."]],
    ["**", names],
    ["[t]est", []],
    ["", [""]],
  ];
  for (const [pattern, expected] of cases) {
    deepStrictEqual(names.filter(namePattern(pattern)), expected, pattern);
  }
});

Deno.test("namePattern() of any text without * and ? matches that text alone", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (text, other) => {
    fc.pre(!/[*?]/.test(text) && text !== other);
    equal(namePattern(text)(text), true);
    equal(namePattern(text)(other), false);
  }));
});

Deno.test("matchesAny() is false without patterns", () => {
  equal(matchesAny([], "a"), false);
  equal(matchesAny(["b*", "a*"], "ab"), true);
});
