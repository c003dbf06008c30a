/** Writes JSON strings, in AssemblyScript: see ../../json/text.ts. */

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/** A bit for each of the 16 bytes from `at` on that needs an escape, or is not ASCII. */
@inline
function marksAt(at: usize, bytes: v128): u32 {
  const special = v128.or(
    i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)),
    i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH)),
  );
  // As signed numbers, bytes from 0x80 on are below 0x20 too.
  return <u32>i8x16.bitmask(v128.or(special, i8x16.lt_s(bytes, i8x16.splat(0x20))));
}

/**
 * Writes the text from `at` to `end` in quotes, and returns where the output ends. Copies up to 16
 * bytes past that, which the caller must overwrite.
 */
@inline
export function writeQuoted(at: usize, end: usize, out: usize): usize {
  store<u8>(out, <u8>QUOTE);
  let i = at;
  let o = out + 1;
  let bytes = v128.load(i);
  let marks = marksAt(i, bytes);
  v128.store(o, bytes);
  // Most texts are plain: whole blocks of 16 bytes, and the rest.
  while (i + 16 < end && marks == 0) {
    i += 16;
    o += 16;
    bytes = v128.load(i);
    marks = marksAt(i, bytes);
    v128.store(o, bytes);
  }
  const left = <u32>min<usize>(end - i, 16);
  o = (marks & ((1 << left) - 1)) == 0 ? o + left : writeText(i, end, o);
  store<u8>(o, <u8>QUOTE);
  return o + 1;
}

function writeText(at: usize, end: usize, out: usize): usize {
  let i = at;
  let o = out;
  while (i < end) {
    const left = end - i;
    const bytes = v128.load(i);
    v128.store(o, bytes);
    let marks = marksAt(i, bytes);
    if (left < 16) marks &= (1 << <u32>left) - 1;
    const plain = marks == 0 ? min<usize>(left, 16) : <usize>ctz(marks);
    i += plain;
    o += plain;
    if (marks == 0) continue;
    const byte = <u32>load<u8>(i);
    if (byte < 0x80) {
      o = writeEscape(byte, o);
      i++;
      continue;
    }
    const size = sequenceLength(i, end);
    store<u32>(o, size == 0 ? 0xbdbfef : load<u32>(i)); // U+FFFD for a byte that is not UTF-8
    o += size == 0 ? 3 : size;
    i += size == 0 ? 1 : size;
  }
  return o;
}

function writeEscape(byte: u32, out: usize): usize {
  const short = shortEscape(byte);
  if (short != 0) {
    store<u16>(out, <u16>(BACKSLASH | (short << 8)));
    return out + 2;
  }
  store<u32>(out, 0x3030755c); // \u00
  store<u16>(out + 4, <u16>(hexDigit(byte >> 4) | (hexDigit(byte & 15) << 8)));
  return out + 6;
}

/** The second character of the short escape; 0 if there is none. */
function shortEscape(byte: u32): u32 {
  switch (byte) {
    case 8:
      return 0x62; // b
    case 9:
      return 0x74; // t
    case 10:
      return 0x6e; // n
    case 12:
      return 0x66; // f
    case 13:
      return 0x72; // r
    case QUOTE:
    case BACKSLASH:
      return byte;
    default:
      return 0;
  }
}

function hexDigit(n: u32): u32 {
  return n < 10 ? 0x30 + n : 0x57 + n;
}

/** The length of the UTF-8 sequence of several bytes at `at`; 0 if there is none. */
function sequenceLength(at: usize, end: usize): usize {
  const lead = <u32>load<u8>(at);
  const second = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
  if (lead < 0xc2 || (second & 0xc0) != 0x80) return 0;
  if (lead < 0xe0) return 2;
  if (!continuesAt(at + 2, end)) return 0;
  if (lead < 0xf0) {
    // Rejects overlong forms (0xe0) and surrogates (0xed).
    return (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ? 0 : 3;
  }
  if (lead > 0xf4 || !continuesAt(at + 3, end)) return 0;
  return (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f) ? 0 : 4;
}

@inline
function continuesAt(at: usize, end: usize): bool {
  return at < end && (load<u8>(at) & 0xc0) == 0x80;
}
