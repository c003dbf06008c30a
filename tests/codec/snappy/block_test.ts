import { deepEqual, match, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { compress, uncompress } from "snappyjs";
import { compressBlock } from "../../../src/codec/snappy/compress.ts";
import { uncompressBlock } from "../../../src/codec/snappy/uncompress.ts";
import { eventOf } from "../tri/archive_samples.ts";

const MAX = 65_536;

/** Any data of a chunk: noise, text, runs, and mixtures of them, at any alignment. */
const part = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.tuple(fc.nat(255), fc.nat(300)).map(([byte, size]) => new Uint8Array(size).fill(byte)),
  fc.integer({ min: 9, max: 3000 }).map((size) => eventOf(size, 1)),
  fc.array(fc.constantFrom("to", "be", "or", "not", " "), { maxLength: 300 })
    .map((words) => new Uint8Array(Buffer.from(words.join("")))),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 7 }), fc.nat(99))
    .map(([unit, times]) => new Uint8Array(Buffer.concat(new Array(times).fill(unit)))),
);
const data = fc.tuple(fc.array(part, { maxLength: 30 }), fc.nat(7)).map(([parts, from]) =>
  new Uint8Array(Buffer.concat(parts)).subarray(from).subarray(0, MAX)
);

Deno.test("compressBlock() output is read by snappyjs, and is no larger than that of snappyjs", () => {
  fc.assert(
    fc.property(data, (bytes) => {
      const block = compressBlock(bytes).slice();
      ok(Buffer.from(uncompress(block, MAX)).equals(bytes));
      ok(block.length <= 6 + bytes.length + bytes.length / 6);
    }),
    { numRuns: 500 },
  );
});

Deno.test("uncompressBlock() reads the output of snappyjs and our own", () => {
  fc.assert(
    fc.property(data, (bytes) => {
      ok(Buffer.from(uncompressBlock(compress(bytes.slice()))).equals(bytes));
      ok(Buffer.from(uncompressBlock(compressBlock(bytes))).equals(bytes));
    }),
    { numRuns: 500 },
  );
});

Deno.test("compressBlock() compresses as well as snappyjs", () => {
  const text = new TextEncoder().encode("to be or not to be, that is the question ".repeat(1500));
  const size = compress(text).length;
  ok(compressBlock(text).length <= size);
  const noise = eventOf(MAX);
  ok(compressBlock(noise).length <= MAX + 10);
});

Deno.test("compressBlock() accepts at most 65,536 bytes", () => {
  for (const bytes of [new Uint8Array(MAX), eventOf(MAX)]) {
    ok(Buffer.from(uncompressBlock(compressBlock(bytes))).equals(bytes));
  }
  throws(() => compressBlock(new Uint8Array(MAX + 1)), RangeError);
});

/** Single elements from format_description.txt; each block is "abcd" and one of them. */
const ELEMENTS: readonly (readonly [what: string, block: readonly number[], text: string])[] = [
  ["an empty block", [0], ""],
  ["a literal", [4, 0x0c, 97, 98, 99, 100], "abcd"],
  ["a literal with a length of 1 byte", [4, 60 << 2, 3, 97, 98, 99, 100], "abcd"],
  ["a literal with a length of 2 bytes", [4, 61 << 2, 3, 0, 97, 98, 99, 100], "abcd"],
  ["a literal with a length of 3 bytes", [4, 62 << 2, 3, 0, 0, 97, 98, 99, 100], "abcd"],
  ["a literal with a length of 4 bytes", [4, 63 << 2, 3, 0, 0, 0, 97, 98, 99, 100], "abcd"],
  ["a copy with 11 bits of offset", [8, 0x0c, 97, 98, 99, 100, 0x01, 4], "abcdabcd"],
  ["a copy with 16 bits of offset", [7, 0x0c, 97, 98, 99, 100, 0x0a, 3, 0], "abcdbcd"],
  ["a copy with 32 bits of offset", [6, 0x0c, 97, 98, 99, 100, 0x07, 2, 0, 0, 0], "abcdcd"],
  ["a copy that repeats one byte", [9, 0x0c, 97, 98, 99, 100, 0x05, 1], "abcdddddd"],
  ["a copy that repeats three bytes", [11, 0x0c, 97, 98, 99, 100, 0x0d, 3], "abcdbcdbcdb"],
  ["a copy that repeats five bytes", [12, 0x10, 97, 98, 99, 100, 101, 0x0d, 5], "abcdeabcdeab"],
  ["a length of more bytes than it needs", [132, 128, 0, 0x0c, 97, 98, 99, 100], "abcd"],
];

for (const [what, block, text] of ELEMENTS) {
  Deno.test(`uncompressBlock() reads ${what}`, () => {
    deepEqual(uncompressBlock(Uint8Array.from(block)), new TextEncoder().encode(text));
  });
}

const BROKEN: readonly (readonly [what: string, block: readonly number[], why: RegExp])[] = [
  ["nothing", [], /truncated/],
  ["half a length", [128], /truncated/],
  ["a length of 6 bytes", [128, 128, 128, 128, 128, 0], /more than 5 bytes/],
  ["a claim of 32 GiB", [255, 255, 255, 255, 127], /claims 34359738367 bytes/],
  ["fewer bytes than claimed", [5, 0x0c, 97, 98, 99, 100], /has 4 bytes but claims 5/],
  ["more bytes than claimed", [3, 0x0c, 97, 98, 99, 100], /more than the 3 bytes/],
  ["more bytes than claimed, by a copy", [7, 0x0c, 97, 98, 99, 100, 0x01, 4], /more than the 7/],
  ["a literal that is cut off", [4, 0x0c, 97, 98], /truncated/],
  ["a literal's length that is cut off", [4, 61 << 2, 3], /truncated/],
  ["a literal of 4 GiB", [4, 63 << 2, 255, 255, 255, 255, 97], /truncated/],
  ["a copy that is cut off", [8, 0x0c, 97, 98, 99, 100, 0x01], /truncated/],
  ["a copy of 16 bits that is cut off", [8, 0x0c, 97, 98, 99, 100, 0x0a, 3], /truncated/],
  ["a copy of 32 bits that is cut off", [8, 0x0c, 97, 98, 99, 100, 0x07, 2, 0, 0], /truncated/],
  ["a copy from before the beginning", [8, 0x0c, 97, 98, 99, 100, 0x01, 5], /5 bytes back/],
  ["a copy from nowhere", [8, 0x0c, 97, 98, 99, 100, 0x01, 0], /0 bytes back/],
];

for (const [what, block, message] of BROKEN) {
  Deno.test(`uncompressBlock() refuses ${what}`, () => {
    match(uncompressBlock(Uint8Array.from(block)) as string, message);
  });
}

/** A literal, or a copy of one of the three kinds; its offset is limited to the existing data. */
const anyElement = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 60 }),
  fc.record({
    kind: fc.constantFrom(1, 2, 3),
    size: fc.integer({ min: 1, max: 64 }),
    back: fc.nat(),
  }),
);

Deno.test("uncompressBlock() reads any sequence of literals and copies", () => {
  const elements = fc.array(anyElement, { minLength: 1, maxLength: 60, size: "max" });
  fc.assert(fc.property(elements, (all) => {
    const data: number[] = [];
    const body: number[] = [];
    for (const element of all) {
      if (element instanceof Uint8Array) {
        body.push((element.length - 1) << 2, ...element);
        data.push(...element);
      } else if (data.length > 0) {
        const { kind } = element;
        const size = kind === 1 ? 4 + element.size % 8 : element.size;
        const reach = Math.min(data.length, kind === 1 ? 2047 : 65535);
        const offset = 1 + element.back % reach;
        if (kind === 1) body.push(1 | ((size - 4) << 2) | ((offset >> 8) << 5), offset & 255);
        else body.push(kind | ((size - 1) << 2), offset & 255, offset >> 8);
        if (kind === 3) body.push(0, 0);
        for (let i = 0; i < size; i++) data.push(data[data.length - offset]!);
      }
    }
    const head = data.length < 128 ? [data.length] : [128 | (data.length & 127), data.length >> 7];
    deepEqual(uncompressBlock(Uint8Array.from([...head, ...body])), Uint8Array.from(data));
  }));
});

Deno.test("uncompressBlock() of damaged blocks ends with data of the stated length or a reason", () => {
  const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(data, damage, (bytes, list) => {
      const block = compressBlock(bytes).slice();
      for (const [at, byte] of list) block[at % block.length] = byte;
      const out = uncompressBlock(block);
      if (typeof out === "string") return;
      ok(out.length <= MAX);
      // snappyjs reads the same as we do, except literals at the very end, which it rejects.
      let theirs: Uint8Array | undefined;
      try {
        theirs = uncompress(block, MAX);
      } catch {
        return;
      }
      ok(Buffer.from(theirs!).equals(out));
    }),
    { numRuns: 500 },
  );
});
