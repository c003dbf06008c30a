import fc from "fast-check";
import { ok } from "node:assert/strict";
import { encodeEvent, validateEvent } from "../../../src/codec/mod.ts";
import { kernels, place } from "../../../src/codec/wasm/kernels.ts";
import { anyMsgpack, anyMsgpackMap, concat, hex, toHex } from "../msgpack/samples.ts";

/** An event with every type in it, but for lengths of 32 bits. */
const EVENT = hex(
  "8f a161 01 a162 e0 a163 cd0100 a164 cf0020000000000001 a165 cb3ff199999999999a " +
    "a166 ca3dcccccd a167 c0 a168 93c2c390 a169 c403010203 a16a d6ff55a0116d " +
    "a16b c70c05000000000000000100000002 a16c d4072a a16d d903e29883 da00016e 82a080d9017801 " +
    "a16f de0002a178dc00020a0ba179c8000107ff",
);

/** Whether the program is certain that bytes are an event. */
function isCertain(bytes: Uint8Array): boolean {
  // What is behind them must make no difference.
  const results = [0x00, 0xa0, 0xff].map((byte) => {
    const at = place(concat(bytes, new Uint8Array(100).fill(byte)));
    return kernels.isEvent(at, at + bytes.length) !== 0;
  });
  ok(results.every((result) => result === results[0]), toHex(bytes));
  return results[0]!;
}

function isValid(bytes: Uint8Array): boolean {
  try {
    validateEvent(bytes);
    return true;
  } catch {
    return false;
  }
}

/** First bytes of values with a length of 32 bits, about which the program is not certain. */
const LONG = [0xc6, 0xc9, 0xdb, 0xdd, 0xdf];

/** Checks the program with bytes; returns whether it is certain. */
function agree(bytes: Uint8Array): boolean {
  const [certain, valid] = [isCertain(bytes), isValid(bytes)];
  if (certain) ok(valid, toHex(bytes));
  else if (valid) ok(bytes.some((byte) => LONG.includes(byte)), toHex(bytes));
  return certain;
}

Deno.test("isEvent() is certain of what validateEvent() accepts, but for lengths of 32 bits", () => {
  let certain = 0;
  const anyBytes = fc.oneof(
    anyMsgpackMap,
    anyMsgpack,
    fc.uint8Array(),
    fc.tuple(anyMsgpackMap, fc.uint8Array({ maxLength: 3 })).map((parts) => concat(...parts)),
  );
  fc.assert(fc.property(anyBytes, (bytes) => void (certain += agree(bytes) ? 1 : 0)), {
    numRuns: 5_000,
  });
  ok(certain > 100, `${certain}`);
});

Deno.test("isEvent() agrees with validateEvent() on every prefix and every changed byte", () => {
  let certain = 0;
  for (let length = 0; length <= EVENT.length; length++) agree(EVENT.subarray(0, length));
  for (let at = 0; at < EVENT.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = EVENT.slice();
      changed[at] = byte;
      certain += agree(changed) ? 1 : 0;
    }
  }
  ok(certain > 1_000, `${certain}`);
});

Deno.test("isEvent() is certain of events of every common size and depth", () => {
  for (const size of [0, 1, 15, 16, 31, 32, 255, 256, 65_535]) {
    const events = [
      encodeEvent({ text: "x".repeat(size), more: 1 }),
      encodeEvent({ ["k".repeat(size)]: null }),
      encodeEvent({ bytes: new Uint8Array(size), more: 1 }),
      encodeEvent({ list: new Array(size).fill(-1), more: 1 }),
      encodeEvent(Object.fromEntries(Array.from({ length: size }, (_, n) => [`${n}`, { n }]))),
    ];
    for (const event of events) ok(isCertain(event), `${size} ${toHex(event.subarray(0, 20))}`);
  }
  const nested = (depth: number) => concat(new Uint8Array(depth).fill(0x91), Uint8Array.of(0x80));
  const deep = (depth: number) => concat(Uint8Array.of(0x81, 0xa0), nested(depth - 1));
  ok(isCertain(deep(256)));
  ok(!isCertain(deep(257)) && isValid(deep(257)));
});
