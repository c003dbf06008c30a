import { doesNotThrow, equal, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { checkKey, compareKeys } from "../../src/objects/keys.ts";

const keys = fc.string({
  unit: fc.oneof(
    fc.constantFrom("a", "b", "/", "\uffff", "\ue000"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});

Deno.test("compareKeys() orders by UTF-8 bytes", () => {
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 2000 },
  );
  equal(compareKeys("\u{1f600}", "\ufffd") > 0, true);
});

Deno.test("checkKey() says what is wrong", () => {
  throws(() => checkKey("a//b"), {
    name: "TypeError",
    message: 'Cannot use "a//b" as a key: it has an empty part',
  });
  throws(() => checkKey("a\ud800"), /not well-formed Unicode$/);
  throws(() => checkKey("é".repeat(513)), /longer than 1,024 bytes$/);
  doesNotThrow(() => checkKey("é".repeat(512)));
  doesNotThrow(() => checkKey("20150710/..a/.b/c..-store-1.tri"));
});
