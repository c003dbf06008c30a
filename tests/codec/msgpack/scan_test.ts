import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { doesNotThrow, equal, throws } from "node:assert/strict";
import { skipEvent, skipMsgpack, validateEvent } from "../../../src/codec/mod.ts";
import { formatError, hex } from "./samples.ts";

/** Nested arrays around nil. */
function nestedArrays(depth: number): Uint8Array {
  const bytes = new Uint8Array(depth + 1).fill(0x91);
  bytes[depth] = 0xc0;
  return bytes;
}

/** Sizes of values by their first bytes, from the specification; the rest are zeros. */
const SPECIFICATION: readonly (readonly [head: string, size: number])[] = [
  ...Array.from({ length: 0x80 }, (_, n) => [n.toString(16).padStart(2, "0"), 1] as const),
  ...Array.from({ length: 16 }, (_, n) => [(0x80 + n).toString(16), 1 + 2 * n] as const),
  ...Array.from({ length: 16 }, (_, n) => [(0x90 + n).toString(16), 1 + n] as const),
  ...Array.from({ length: 32 }, (_, n) => [(0xa0 + n).toString(16), 1 + n] as const),
  ["c0", 1],
  ["c2", 1],
  ["c3", 1],
  ["c400", 2],
  ["c4ff", 257],
  ["c50000", 3],
  ["c5ffff", 65538],
  ["c600010000", 65541],
  ["c700", 3],
  ["c7ff", 258],
  ["c80000", 4],
  ["c8ffff", 65539],
  ["c900010000", 65542],
  ["ca", 5],
  ["cb", 9],
  ["cc", 2],
  ["cd", 3],
  ["ce", 5],
  ["cf", 9],
  ["d0", 2],
  ["d1", 3],
  ["d2", 5],
  ["d3", 9],
  ["d4", 3],
  ["d5", 4],
  ["d6", 6],
  ["d7", 10],
  ["d8", 18],
  ["d900", 2],
  ["d9ff", 257],
  ["da0000", 3],
  ["daffff", 65538],
  ["db00010000", 65541],
  ["dc0000", 3],
  ["dcffff", 65538],
  ["dd00010000", 65541],
  ["de0000", 3],
  ["deffff", 131073],
  ["df00010000", 131077],
  ...Array.from({ length: 32 }, (_, n) => [(0xe0 + n).toString(16), 1] as const),
];

Deno.test("skipMsgpack() knows the size of every type of the specification", () => {
  const leads = new Set<number>();
  for (const [head, size] of SPECIFICATION) {
    const bytes = new Uint8Array(size + 1);
    bytes.set(hex(head));
    leads.add(bytes[0]!);
    equal(skipMsgpack(bytes, 0), size, head);
    equal(skipMsgpack(bytes, 0, size), size, head);
    equal(skipMsgpack(bytes, 0, size - 1), -1, `${head} cut short`);
    equal(skipMsgpack(bytes.subarray(0, size - 1), 0), -1, `${head} cut short`);
  }
  equal(leads.size, 255); // all but 0xc1
});

Deno.test("skipMsgpack() refuses 0xc1 and says where it is", () => {
  throws(() => skipMsgpack(hex("c1"), 0), formatError(0, /0xc1/));
  throws(() => skipMsgpack(hex("ff 92 01 c1"), 1), formatError(3));
});

Deno.test("skipMsgpack() answers -1 for every prefix, and for an offset at the end", () => {
  const bytes = encode({ a: [1, "two", { b: null }], c: new Uint8Array(300), d: "x".repeat(40) });
  for (let end = 0; end < bytes.length; end++) equal(skipMsgpack(bytes, 0, end), -1);
  equal(skipMsgpack(bytes, 0), bytes.length);
  equal(skipMsgpack(bytes, bytes.length), -1);
});

Deno.test("skipMsgpack() walks no entry that is only claimed", () => {
  for (const claim of ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff"]) {
    equal(skipMsgpack(hex(claim), 0), -1, claim);
  }
});

Deno.test("skipMsgpack() takes nesting of 10,000 and refuses more", () => {
  equal(skipMsgpack(nestedArrays(10_000), 0), 10_001);
  throws(() => skipMsgpack(nestedArrays(10_001), 0), formatError(10_000, /more than 10000 deep/));
  throws(() => skipMsgpack(nestedArrays(100_000), 0), formatError(10_000, /more than 10000 deep/));
  const maps = new Uint8Array(300_000);
  for (let at = 0; at < maps.length; at += 3) maps.set([0x81, 0xa1, 0x61], at);
  throws(() => validateEvent(maps), formatError(30_000, /more than 10000 deep/));
});

Deno.test("skipMsgpack() finds the same end as the oracle's encoder", () => {
  fc.assert(fc.property(fc.anything(), fc.nat(9), (value, offset) => {
    const encoded = encode(JSON.parse(JSON.stringify({ value })));
    const bytes = new Uint8Array(offset + encoded.length + 1);
    bytes.set(encoded, offset);
    equal(skipMsgpack(bytes, offset), offset + encoded.length);
    equal(skipEvent(bytes, offset), offset + encoded.length);
    doesNotThrow(() => validateEvent(encoded));
  }));
});

Deno.test("skipEvent() takes maps only", () => {
  equal(skipEvent(hex("80"), 0), 1);
  equal(skipEvent(hex("de 0001 a161 01"), 0), 6);
  equal(skipEvent(hex("df 00000001 a161 01"), 0), 8);
  equal(skipEvent(hex(""), 0), -1);
  for (const other of ["01", "91 80", "c0", "a161", "dc 0001 80", "c1"]) {
    throws(() => skipEvent(hex(`80 ${other}`), 1), formatError(1, /not as a map/), other);
  }
});

Deno.test("skipEvent() passes over the keys of old archives, validateEvent() does not", () => {
  const keys: readonly (readonly [key: string, offset: number])[] = [
    ["c401 61", 1],
    ["01", 1],
    ["c0", 1],
    ["80", 1],
    ["d401ff", 1],
  ];
  for (const [key, offset] of keys) {
    const bytes = hex(`81 ${key} 05`);
    equal(skipEvent(bytes, 0), bytes.length, key);
    throws(() => validateEvent(bytes), formatError(offset, /map key/), key);
    const deep = hex(`82 a161 91 81 ${key} 05 a162 06`);
    equal(skipEvent(deep, 0), deep.length, key);
    throws(() => validateEvent(deep), formatError(offset + 4, /map key/), key);
  }
});

Deno.test("validateEvent() takes string keys of every width, UTF-8 or not", () => {
  for (const key of ["a0", "a1ff", "d901ff", "da000161", "db0000000161"]) {
    doesNotThrow(() => validateEvent(hex(`82 ${key} 01 a161 81 ${key} 02`)), key);
  }
});

Deno.test("validateEvent() wants one event and nothing else", () => {
  throws(() => validateEvent(hex("")), formatError(0, /end before/));
  throws(() => validateEvent(hex("81 a161")), formatError(0, /end before/));
  throws(() => validateEvent(hex("81 d9")), formatError(0, /end before/));
  throws(() => validateEvent(hex("81 a161 01 80")), formatError(4, /more bytes follow/));
});
