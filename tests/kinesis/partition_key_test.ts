import { deepStrictEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { decodeEvent, encodeEvent } from "../../src/codec/mod.ts";
import { partitionKeyOf, putEntryOf } from "../../src/kinesis/partition_key.ts";
import { anyMsgpack, concat, hex } from "../codec/msgpack/samples.ts";

/** The result of a call, or the class and message of its error. */
function outcome(run: () => string): string {
  try {
    return run();
  } catch (error) {
    const { name, message } = error as Error;
    return name === "ArchiveFormatError" ? name : `${name}: ${message}`;
  }
}

/** Keys of maps, which repeat, and which are not all strings. */
const keyToken = fc.oneof(
  fc.constantFrom("a161", "a162", "d90161", "c40161", "01", "a0", "a1ff", "a3efbfbd").map(hex),
  fc.constant(concat(hex("a9"), new TextEncoder().encode("__proto__"))),
  anyMsgpack,
);
const valueToken = fc.oneof(
  fc.constantFrom("01", "a161", "c3", "c0", "cb3fb999999999999a").map(hex),
  anyMsgpack,
);
const entries = fc.array(fc.tuple(keyToken, valueToken), { maxLength: 15 });
const field = fc.constantFrom("a", "b", "1", "", "\ufffd", "__proto__", "toString");

Deno.test("partitionKeyOf() of bytes is that of the decoded event, whatever the bytes", () => {
  fc.assert(
    fc.property(entries, field, fc.nat(3), fc.boolean(), (entries, field, cut, isShort) => {
      const whole = concat(Uint8Array.of(0x80 | entries.length), ...entries.flat());
      const bytes = isShort ? whole.subarray(0, Math.max(0, whole.length - cut)) : whole;
      equal(
        outcome(() => partitionKeyOf(bytes, field)),
        outcome(() => partitionKeyOf(decodeEvent(bytes), field)),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("partitionKeyOf() refuses bytes that are not an event", () => {
  const nested = (depth: number) =>
    concat(hex("82 a161 01 a162"), new Uint8Array(depth).fill(0x91), hex("c0"));
  equal(partitionKeyOf(nested(9_999), "a"), "1");
  for (const bytes of [hex(""), hex("01"), hex("80c0"), hex("81a161"), nested(10_000)]) {
    throws(() => partitionKeyOf(bytes, "a"), { name: "ArchiveFormatError" });
    throws(() => decodeEvent(bytes), { name: "ArchiveFormatError" });
  }
});

Deno.test("putEntryOf() takes an event or its bytes, a field or a function", () => {
  const event = { user: 17, page: "/" };
  const data = encodeEvent(event);
  deepStrictEqual(putEntryOf(event, "user"), { partitionKey: "17", data });
  deepStrictEqual(putEntryOf(data, "user"), { partitionKey: "17", data });
  deepStrictEqual(putEntryOf(event, ({ page }) => String(page)), { partitionKey: "/", data });
  throws(() => putEntryOf(data, "id"), { name: "PartitionKeyError", field: "id" });
});
