/**
 * Reads JSON strings, in AssemblyScript. Refuses those that are not UTF-8 or have half a surrogate
 * pair.
 */

import { stringHeadSize, writeStringHead } from "./output";
import { isUtf8 } from "./utf8";

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const LETTER_U: u32 = 0x75;
/** `\u`, as it is in memory. */
const ESCAPED_UNIT: u32 = 0x755c;

/** Where the string ends that was read last, with its quote. */
export let stringEnd: usize = 0;
/** Where its text is in the output. */
export let textStart: usize = 0;

/** Reads the string whose quote is at `at`; returns where the output ends, or 0 to refuse. */
@inline
export function readString(at: usize, out: usize): usize {
  const start = at + 1;
  let p = start;
  let seen = i8x16.splat(0);
  let bytes = v128.load(p);
  let marks = marksOf(bytes);
  for (; marks == 0; marks = marksOf(bytes)) {
    seen = v128.or(seen, bytes);
    p += 16;
    bytes = v128.load(p);
  }
  const last = <u32>ctz(marks);
  const high = <u32>i8x16.bitmask(seen) | (<u32>i8x16.bitmask(bytes) & ((1 << last) - 1));
  p += last;
  if (<u32>load<u8>(p) != QUOTE) return readEscaped(start, p, out);
  if (high != 0 && !isUtf8(start, p)) return 0;
  stringEnd = p + 1;
  const size = p - start;
  textStart = writeStringHead(size, out);
  copy(start, textStart, size);
  return textStart + size;
}

/**
 * A bit for each of 16 bytes that ends a plain run: a quote, a backslash or a control character.
 */
@inline
function marksOf(bytes: v128): u32 {
  const special = v128.or(
    i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)),
    i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH)),
  );
  return <u32>i8x16.bitmask(v128.or(special, i8x16.lt_u(bytes, i8x16.splat(0x20))));
}

/** Copies 16 bytes at a time, up to 15 past the end, which the caller must overwrite. */
@inline
function copy(from: usize, to: usize, size: usize): void {
  let i: usize = 0;
  do {
    v128.store(to + i, v128.load(from + i));
    i += 16;
  } while (i < size);
}

/** Reads a string with escapes, of which everything before `special` is plain. */
function readEscaped(start: usize, special: usize, out: usize): usize {
  // The longest head: the text moves when its size is known.
  const body = out + 5;
  let p = special;
  let o = body + (p - start);
  memory.copy(body, start, p - start);
  for (;;) {
    const byte = <u32>load<u8>(p);
    if (byte == QUOTE) break;
    if (byte < 0x20) return 0;
    if (byte == BACKSLASH) {
      o = writeEscaped(p, o);
      if (o == 0) return 0;
      p = stringEnd;
    } else {
      store<u8>(o++, <u8>byte);
      p++;
    }
  }
  if (!isUtf8(start, p)) return 0;
  stringEnd = p + 1;
  const size = o - body;
  textStart = out + stringHeadSize(size);
  memory.copy(textStart, body, size);
  writeStringHead(size, out);
  return textStart + size;
}

/** Writes the character of one escape as UTF-8, and sets `stringEnd` to where the escape ends. */
function writeEscaped(at: usize, o: usize): usize {
  const letter = <u32>load<u8>(at + 1);
  stringEnd = at + 2;
  if (letter != LETTER_U) {
    const character = characterOf(letter);
    store<u8>(o, <u8>character);
    return character == 0 ? 0 : o + 1;
  }
  let code = readUnit(at);
  stringEnd = at + 6;
  if (code < 0x80) {
    store<u8>(o, <u8>code);
    return o + 1;
  }
  if (code < 0x800) {
    store<u16>(o, <u16>(0x80c0 | (code >> 6) | ((code & 63) << 8)));
    return o + 2;
  }
  if ((code & 0xf800) == 0xd800) {
    const low = readUnit(at + 6);
    if (code >= 0xdc00 || (low & 0xfffffc00) != 0xdc00) return 0;
    stringEnd = at + 12;
    code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
  }
  if (code > 0x10ffff) return 0;
  if (code < 0x10000) {
    store<u16>(o, <u16>(0x80e0 | (code >> 12) | (((code >> 6) & 63) << 8)));
    store<u8>(o + 2, <u8>(0x80 | (code & 63)));
    return o + 3;
  }
  store<u16>(o, <u16>(0x80f0 | (code >> 18) | (((code >> 12) & 63) << 8)));
  store<u16>(o + 2, <u16>(0x8080 | ((code >> 6) & 63) | ((code & 63) << 8)));
  return o + 4;
}

/** The character of a short escape; 0 if there is none. */
function characterOf(letter: u32): u32 {
  switch (letter) {
    case 0x62: // b
      return 8;
    case 0x66: // f
      return 12;
    case 0x6e: // n
      return 10;
    case 0x72: // r
      return 13;
    case 0x74: // t
      return 9;
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return letter;
    default:
      return 0;
  }
}

/** The code unit of the escape `\uXXXX` at `at`; more than any code point if there is none. */
function readUnit(at: usize): u32 {
  if (<u32>load<u16>(at) != ESCAPED_UNIT) return u32.MAX_VALUE;
  let unit: u32 = 0;
  for (let i: usize = 2; i < 6; i++) {
    const byte = <u32>load<u8>(at + i);
    const letter = (byte | 0x20) - 0x61;
    if (byte - 0x30 > 9 && letter > 5) return u32.MAX_VALUE;
    unit = (unit << 4) | (byte - 0x30 <= 9 ? byte - 0x30 : letter + 10);
  }
  return unit;
}
