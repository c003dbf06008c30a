import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { compress } from "snappyjs";
import type { ByteSource } from "../../../src/codec/byte_source.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { decodeSnappyFrames, encodeSnappyFrames } from "../../../src/codec/snappy/frames.ts";
import { checksum, chunk, cut, eventOf, ID, pieceSizes, stored } from "../tri/archive_samples.ts";

const text = new TextEncoder().encode("to be or not to be, that is the question ".repeat(40));

async function decoded(source: ByteSource): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const data of decodeSnappyFrames(source)) parts.push(data);
  return concatBytes(parts);
}

async function encoded(source: ByteSource): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const part of encodeSnappyFrames(source)) chunks.push(part);
  return chunks;
}

function compressed(data: Uint8Array): Uint8Array {
  return chunk(0, concatBytes([checksum(data), compress(data)]));
}

/** What a reader must accept, by section of framing_format.txt. */
const ACCEPTED: readonly (readonly [what: string, parts: readonly Uint8Array[]])[] = [
  ["4.1: a stream identifier again in mid-stream", [ID, compressed(text), ID, stored(text)]],
  ["4.1: two stream identifiers in a row", [ID, ID, compressed(text), stored(text), ID]],
  ["4.2 and 4.3: compressed and stored chunks", [ID, compressed(text), stored(text)]],
  ["4.3: a stored chunk of no data", [ID, stored(text), stored(new Uint8Array(0)), stored(text)]],
  ["4.4: padding", [
    ID,
    chunk(0xfe, new Uint8Array(9)),
    stored(text),
    chunk(0xfe, []),
    stored(text),
  ]],
  ["4.4: padding that is not zero", [ID, stored(text), chunk(0xfe, text), stored(text)]],
  ["4.6: skippable chunks", [ID, chunk(0x80, text), stored(text), chunk(0xfd, []), stored(text)]],
  [
    "4.6: a skippable chunk of the greatest length",
    [ID, stored(text), chunk(0x99, new Uint8Array(0xffffff)), stored(text)],
  ],
];

for (const [what, parts] of ACCEPTED) {
  Deno.test(`decodeSnappyFrames() accepts ${what}`, async () => {
    deepEqual(await decoded(concatBytes(parts)), concatBytes([text, text]));
  });
}

Deno.test("decodeSnappyFrames() accepts an empty input, and only an identifier", async () => {
  equal((await decoded(new Uint8Array(0))).length, 0);
  equal((await decoded([])).length, 0);
  equal((await decoded(ID)).length, 0);
});

Deno.test("decodeSnappyFrames() accepts a block of the least efficient encoding", async () => {
  const tags: number[] = [];
  for (const byte of text) tags.push(62 << 2, 0, 0, 0, byte);
  const block = [text.length & 0x7f | 0x80, text.length >> 7, ...tags];
  const body = Uint8Array.from([...checksum(text), ...block]);
  deepEqual(await decoded(concatBytes([ID, chunk(0, body)])), text);
});

const prefix = concatBytes([ID, stored(text)]);
const flipped = stored(text);
flipped[20]! ^= 1;
const tooLong = new Uint8Array(65_537);
const shortStored = [1, 2, 3];
const claims = (length: readonly number[]) => [...checksum(text), ...length, 0, 0x61];

/** What a reader must reject after a good chunk. */
const REFUSED: readonly (readonly [what: string, bytes: Uint8Array, why: RegExp])[] = [
  ["4.5: type 0x02", chunk(0x02, []), /type 0x02 is reserved/],
  ["4.5: type 0x7f", chunk(0x7f, text), /type 0x7f is reserved/],
  ["4.1: an identifier of 5 bytes", chunk(0xff, ID.subarray(4, 9)), /6 bytes, not 5/],
  ["4.1: an identifier of other bytes", chunk(0xff, text.subarray(0, 6)), /sNaPpY/],
  ["3: data that does not match its checksum", flipped, /does not match its checksum/],
  ["a body without room for a checksum", chunk(1, shortStored), /no room for a checksum/],
  ["4.3: a stored chunk of 65,537 bytes", stored(tooLong), /more than 65,536 bytes/],
  ["4.2: a block of 65,537 bytes", compressed(tooLong), /claims 65537 bytes/],
  ["a block that claims 4 GiB", chunk(0, claims([255, 255, 255, 255, 15])), /block is damaged/],
  ["a block that claims 1 GiB", chunk(0, claims([128, 128, 128, 128, 4])), /block is damaged/],
  ["a block whose length never ends", chunk(0, claims([255, 255, 255, 255, 255])), /damaged/],
  ["a block that copies what is not there", chunk(0, claims([9, 1, 9])), /block is damaged/],
  ["a block shorter than it says", chunk(0, claims([100])), /has 1 bytes but claims 100/],
  ["an empty block", chunk(0, checksum(text)), /block is damaged/],
  ["a body no block can need", chunk(0, new Uint8Array(400_000)), /more than 65,536 bytes/],
  ["a chunk that is cut off", stored(text).subarray(0, 50), /ends after 50 of its 1648 bytes/],
  ["a header that is cut off", Uint8Array.of(0, 4), /ends after 2 bytes of its header/],
];

for (const [what, bytes, message] of REFUSED) {
  Deno.test(`decodeSnappyFrames() rejects ${what}, with the offset`, async () => {
    const error = { name: "ArchiveFormatError", offset: prefix.length, message };
    await rejects(decoded(concatBytes([prefix, bytes])), error);
    await rejects(decoded(cut(concatBytes([prefix, bytes]), [1])), error);
  });
}

Deno.test("decodeSnappyFrames() rejects input that does not start with an identifier", async () => {
  for (const bytes of [stored(text), chunk(0xfe, []), text, Uint8Array.of(0xff, 6, 0, 0, 0x73)]) {
    await rejects(decoded(bytes), { name: "ArchiveFormatError", offset: 0 });
  }
});

Deno.test("decodeSnappyFrames() keeps no view of pieces or of its own buffers", async () => {
  const stream = concatBytes([ID, stored(text), compressed(text), stored(text)]);
  for (const size of [1, 7, 1000, 1653, 5000]) {
    deepEqual(await decoded(cut(stream, [size])), concatBytes([text, text, text]));
  }
});

Deno.test("decodeSnappyFrames() reads Buffers, which are overwritten too, and views", async () => {
  const stream = concatBytes([new Uint8Array(3), ID, stored(text), compressed(text)]);
  const buffers = function* () {
    for (const piece of cut(stream.subarray(3), [3000, 50])) yield Buffer.from(piece.buffer);
  };
  deepEqual(await decoded(buffers()), concatBytes([text, text]));
  deepEqual(await decoded(Buffer.from(stream).subarray(3)), concatBytes([text, text]));
  deepEqual(await decoded(stream.subarray(3)), concatBytes([text, text]));
});

Deno.test("encodeSnappyFrames() writes one chunk per 65,536 bytes, whatever the pieces", async () => {
  const bytes = eventOf(200_000);
  const sizes = (await encoded(cut(bytes, [999]))).map((part) => part.length);
  deepEqual(sizes, [10, 65_544, 65_544, 65_544, 200_000 - 3 * 65_536 + 8]);
  deepEqual(await encoded(bytes), await encoded(cut(bytes, [70_000])));
});

Deno.test("encodeSnappyFrames() of an empty input is an identifier", async () => {
  deepEqual(await encoded(new Uint8Array(0)), [ID]);
});

Deno.test("encodeSnappyFrames() stores what does not shrink by an eighth", async () => {
  const noise = eventOf(8192).subarray(10, 8010);
  const types = async (zeros: number) => {
    const data = concatBytes([noise, new Uint8Array(zeros)]);
    return (await encoded(data)).map((part) => part[0]);
  };
  deepEqual(await types(800), [0xff, 1]);
  deepEqual(await types(1600), [0xff, 0]);
});

Deno.test("decodeSnappyFrames() returns the input of encodeSnappyFrames()", async () => {
  const words = fc.array(fc.constantFrom("to", "be", "or", "not", " "), { maxLength: 40_000 });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 5000 }),
    words.map((list) => new TextEncoder().encode(list.join(""))),
    fc.integer({ min: 8, max: 200_000 }).map((size) => eventOf(size)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, pieceSizes, pieceSizes, async (data, sizesIn, sizesOut) => {
      const stream = concatBytes(await encoded(cut(data, sizesIn)));
      ok(Buffer.from(await decoded(cut(stream, sizesOut))).equals(data));
    }),
    { numRuns: 60 },
  );
});
