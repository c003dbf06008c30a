/** Helpers for the tests of MessagePack and JSON. */

import fc from "fast-check";

/** Bytes from hexadecimal text. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
}

/** Hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Concatenates arrays. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Matches an ArchiveFormatError at `offset`. */
export function formatError(offset: number, message: RegExp = /./): object {
  return { name: "ArchiveFormatError", offset, message };
}

/** An event with every type in it. */
export const SAMPLE: Uint8Array = hex(
  "8f a161 01 a162 e0 a163 cd0100 a164 cf0020000000000001 a165 cb3ff199999999999a " +
    "a166 ca3dcccccd a167 c0 a168 93c2c390 a169 c403010203 a16a d6ff55a0116d " +
    "a16b c70c05000000000000000100000002 a16c d4072a a16d d903e29883 a16e 8180c2 a16f de0001c40178da0002ff22",
);

function sized(fixed: number, first: number, body: Uint8Array, widths: readonly number[]) {
  const heads = widths.map((width, step) => {
    const head = new Uint8Array(1 + width);
    head[0] = first + step;
    for (let i = 0; i < width; i++) head[1 + i] = body.length / 256 ** (width - 1 - i);
    return head;
  });
  if (fixed >= 0 && body.length < 32) heads.push(Uint8Array.of(fixed | body.length));
  return fc.constantFrom(...heads).map((head) => concat(head, body));
}

const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength });

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }).map((value) => new TextEncoder().encode(value)),
  fc.string({ unit: "grapheme-ascii", maxLength: 100 }).map((it) => new TextEncoder().encode(it)),
  bytesUpTo(12),
);

const stringToken = text.chain((body) => sized(0xa0, 0xd9, body, [1, 2, 4]));

const number = fc.constantFrom(0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3).chain(
  (lead) => {
    const size = lead === 0xca ? 4 : lead === 0xcb ? 8 : 1 << (lead & 3);
    const bits = fc.oneof(
      fc.uint8Array({ minLength: size, maxLength: size }),
      fc.constantFrom(0, 0x7f, 0x80, 0xff).map((byte) => new Uint8Array(size).fill(byte)),
    );
    return bits.map((body) => concat(Uint8Array.of(lead), body));
  },
);

const extension = fc.oneof(
  fc.constantFrom(1, 2, 4, 8, 16).chain((size) =>
    fc.uint8Array({ minLength: size, maxLength: size }).chain((data) =>
      fc.constantFrom(0xff, 5, 0x80, 42).map((type) =>
        concat(Uint8Array.of(0xd4 + Math.log2(size), type), data)
      )
    )
  ),
  bytesUpTo(14).chain((data) =>
    fc.constantFrom(0xff, 5, 0, 127).map((type) =>
      concat(Uint8Array.of(0xc7, data.length, type), data)
    )
  ),
);

const leaf = fc.oneof(
  fc.constantFrom("c0", "c2", "c3", "00", "7f", "e0", "ff").map(hex),
  stringToken,
  number,
  fc.double({ noNaN: true }).map((value) => {
    const bytes = new Uint8Array(9).fill(0xcb);
    new DataView(bytes.buffer).setFloat64(1, value);
    return bytes;
  }),
  bytesUpTo(10).chain((body) => sized(-1, 0xc4, body, [1, 2, 4])),
  extension,
);

function container(
  parts: readonly Uint8Array[],
  entries: number,
  fixed: number,
  first: number,
): fc.Arbitrary<Uint8Array> {
  const heads = [[fixed | entries], [first, 0, entries], [first + 1, 0, 0, 0, entries]];
  return fc.constantFrom(...heads).map((head) => concat(Uint8Array.from(head), ...parts));
}

const tree = fc.letrec<{ value: Uint8Array; array: Uint8Array; map: Uint8Array; key: Uint8Array }>(
  (tie) => ({
    value: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("array"), tie("map")),
    array: fc.array(tie("value"), { maxLength: 5 })
      .chain((parts) => container(parts, parts.length, 0x90, 0xdc)),
    map: fc.array(fc.tuple(tie("key"), tie("value")), { maxLength: 5 })
      .chain((pairs) => container(pairs.flat(), pairs.length, 0x80, 0xde)),
    key: fc.oneof(
      { depthSize: "small" },
      { weight: 18, arbitrary: stringToken },
      { weight: 2, arbitrary: leaf },
      { weight: 1, arbitrary: tie("array") },
      { weight: 1, arbitrary: tie("map") },
    ),
  }),
);

/** Any MessagePack value, in any of its encodings, with any value as a key. */
export const anyMsgpack: fc.Arbitrary<Uint8Array> = tree.value;

/** Any map of {@linkcode anyMsgpack}. */
export const anyMsgpackMap: fc.Arbitrary<Uint8Array> = tree.map;
