/**
 * Writes JSON strings as bytes.
 *
 * Each function writes into `out` at `to`, where the caller has reserved room, and returns where the
 * written bytes end.
 *
 * @module
 */

import { utf8SequenceLength } from "../msgpack/text.ts";

/** The most bytes that one byte of text becomes: `\u0000`. */
export const MAX_EXPANSION = 6;

/** 1 for bytes that need no escape in a JSON string: ASCII except controls, `"` and `\`. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
PLAIN[0x22] = PLAIN[0x5c] = 0;

/** The second characters of short escapes; 0 for bytes without one. */
const SHORT_ESCAPES = new Uint8Array(256);
for (const [byte, letter] of [[8, "b"], [9, "t"], [10, "n"], [12, "f"], [13, "r"]] as const) {
  SHORT_ESCAPES[byte] = letter.charCodeAt(0);
}
SHORT_ESCAPES[0x22] = 0x22;
SHORT_ESCAPES[0x5c] = 0x5c;

const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");
const BASE64_DIGITS = new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);

/**
 * Writes the text from `at` to `end` as the contents of a JSON string, without the quotes. A byte that
 * is not UTF-8 becomes U+FFFD.
 */
export function writeText(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  let o = to;
  for (let i = at; i < end;) {
    const byte = bytes[i]!;
    if (PLAIN[byte] === 1) {
      out[o++] = byte;
      i++;
    } else if (byte < 0x80) {
      o = writeEscape(byte, out, o);
      i++;
    } else {
      const length = utf8SequenceLength(bytes, i, end);
      if (length === 0) {
        out[o++] = 0xef;
        out[o++] = 0xbf;
        out[o++] = 0xbd;
        i++;
      } else for (const next = i + length; i < next; i++) out[o++] = bytes[i]!;
    }
  }
  return o;
}

function writeEscape(byte: number, out: Uint8Array, to: number): number {
  out[to] = 0x5c;
  const short = SHORT_ESCAPES[byte]!;
  if (short !== 0) {
    out[to + 1] = short;
    return to + 2;
  }
  out[to + 1] = 0x75; // u
  out[to + 2] = out[to + 3] = 0x30;
  out[to + 4] = HEX_DIGITS[byte >> 4]!;
  out[to + 5] = HEX_DIGITS[byte & 15]!;
  return to + 6;
}

/** Size of the base64 of `size` bytes. */
export function base64Size(size: number): number {
  return Math.ceil(size / 3) * 4;
}

/** Writes the base64 of the bytes from `at` to `end`, padded. */
export function writeBase64(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  let o = to;
  for (let i = at; i < end; i += 3) {
    const left = end - i;
    const second = left > 1 ? bytes[i + 1]! : 0;
    const group = (bytes[i]! << 16) | (second << 8) | (left > 2 ? bytes[i + 2]! : 0);
    out[o++] = BASE64_DIGITS[group >> 18]!;
    out[o++] = BASE64_DIGITS[(group >> 12) & 63]!;
    out[o++] = left > 1 ? BASE64_DIGITS[(group >> 6) & 63]! : 0x3d;
    out[o++] = left > 2 ? BASE64_DIGITS[group & 63]! : 0x3d;
  }
  return o;
}
