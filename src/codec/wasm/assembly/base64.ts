/** Decodes base64, in AssemblyScript. */

/** Returned instead of a position: there are not enough bytes. */
export const CUT_OFF: usize = 0;
/** Returned instead of a position: the bytes are invalid. The greater of the two. */
export const BAD: usize = 1;

const QUOTE: u32 = 0x22;
const PADDING: u32 = 0x3d;

/** The six bits of each base64 character; above 63 for all other bytes. */
const BITS: usize = memory.data(256, 16);
memory.fill(BITS, 0xff, 256);
for (let n: u32 = 0; n < 26; n++) {
  store<u8>(BITS + 0x41 + n, <u8>n);
  store<u8>(BITS + 0x61 + n, <u8>(n + 26));
}
for (let n: u32 = 0; n < 10; n++) store<u8>(BITS + 0x30 + n, <u8>(n + 52));
store<u8>(BITS + 0x2b, 62);
store<u8>(BITS + 0x2f, 63);

@inline
function bits(at: usize): u32 {
  return load<u8>(BITS + load<u8>(at));
}

/** Where the output of the last call ends. */
export let decodedEnd: usize = 0;

/**
 * Decodes the base64 from `at` to a quote; returns where that is, or `BAD` or `CUT_OFF`. Writes up to
 * 4 bytes past the end.
 */
export function decodeBase64(at: usize, end: usize, out: usize): usize {
  let p = at;
  let o = out;
  while (p + 16 <= end) {
    const bytes = v128.load(p);
    const upper = i8x16.shr_u(bytes, 4);
    if (v128.any_true(faultsOf(bytes, upper))) break;
    v128.store(o, join(translate(bytes, upper)));
    p += 16;
    o += 12;
  }
  for (; p + 4 <= end; p += 4) {
    const first = load<u8>(p);
    if (first == QUOTE) {
      decodedEnd = o;
      return p;
    }
    const second = bits(p + 1);
    const third = bits(p + 2);
    const fourth = bits(p + 3);
    if ((bits(p) | second) > 63) return BAD;
    const high = (bits(p) << 6) | second;
    if ((third | fourth) > 63) return decodeLast(p, end, high, o);
    const low = (third << 6) | fourth;
    store<u8>(o, <u8>(high >> 4));
    store<u8>(o + 1, <u8>((high << 4) | (low >> 8)));
    store<u8>(o + 2, <u8>low);
    o += 3;
  }
  return CUT_OFF;
}

/** Decodes four characters that end with padding, whose first two are known. */
function decodeLast(at: usize, end: usize, high: u32, out: usize): usize {
  const third = bits(at + 2);
  if (load<u8>(at + 3) != PADDING) return BAD;
  if (third > 63 && load<u8>(at + 2) != PADDING) return BAD;
  if (at + 4 == end) return CUT_OFF;
  if (load<u8>(at + 4) != QUOTE) return BAD;
  store<u8>(out, <u8>(high >> 4));
  store<u8>(out + 1, <u8>((high << 4) | (third >> 2)));
  decodedEnd = out + (third > 63 ? 1 : 2);
  return at + 4;
}

/**
 * Sets a bit in each of 16 characters that is not base64, using tables for the lower and the upper
 * half, after Wojciech Muła and Daniel Lemire, https://doi.org/10.1145/3132709.
 */
@inline
function faultsOf(bytes: v128, upper: v128): v128 {
  return v128.and(
    i8x16.swizzle(
      i8x16(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a),
      v128.and(bytes, i8x16.splat(0x0f)),
    ),
    i8x16.swizzle(
      i8x16(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10),
      upper,
    ),
  );
}

/** Converts characters to their six bits; the difference depends on the upper half. */
@inline
function translate(bytes: v128, upper: v128): v128 {
  const isSlash = i8x16.eq(bytes, i8x16.splat(0x2f));
  const shifts = i8x16.swizzle(
    i8x16(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0),
    i8x16.add(upper, isSlash),
  );
  return i8x16.add(bytes, shifts);
}

/** Packs sixteen times six bits into twelve bytes, and four without meaning. */
@inline
function join(sextets: v128): v128 {
  const pairs = v128.or(
    i16x8.shl(v128.and(sextets, i16x8.splat(0xff)), 6),
    i16x8.shr_u(sextets, 8),
  );
  const fours = v128.or(
    i32x4.shl(v128.and(pairs, i32x4.splat(0xffff)), 12),
    i32x4.shr_u(pairs, 16),
  );
  return i8x16.swizzle(fours, i8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 16, 16, 16, 16));
}
