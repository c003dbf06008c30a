/**
 * Converts JSON to MessagePack, in AssemblyScript.
 *
 * Refuses what is not an event, and what is rare: ../../../json/parse_simply.ts then finds the
 * fault, or converts it.
 */

import { addKey } from "./keys";
import { numberEnd, readNumber } from "./number";
import { closeContainer, writeByte } from "./output";
import { readString, stringEnd, textStart } from "./string";

const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const RETURN: u32 = 0x0d;
const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_ARRAY: u32 = 0x5b;
const OPEN_MAP: u32 = 0x7b;
/** A closing bracket is two more than the one that opens. */
const CLOSE_BY: u32 = 2;

/**
 * For each enclosing container: where its head is, its count times two plus 1 for a map, its keys.
 */
const MAX_DEPTH: usize = 256;
const STACK: usize = memory.data(4096, 16);

/** Where the last event ended, with the white space after it. */
export let stoppedAt: usize = 0;

/**
 * Converts the object at `at`, with the white space around it.
 *
 * @param newline A line feed if that is white space, otherwise a space. The input must end with a
 * control character that is not white space.
 * @returns Where the output ends; 0 if the text is refused.
 */
export function readEvent(at: usize, newline: u32, out: usize): usize {
  let p = skipSpace(at, newline);
  let o = out;
  stoppedAt = 0;
  // The innermost container: where its head is, how many values it has so far.
  let head: usize = 0;
  let count: u32 = 0;
  let isMap = false;
  // How many keys the open maps have, and how many of them are of outer maps.
  let keys: u32 = 0;
  let outerKeys: u32 = 0;
  let depth: usize = 0;
  if (<u32>load<u8>(p) != OPEN_MAP) return 0;
  for (;;) {
    const byte = <u32>load<u8>(p);
    if (byte == QUOTE) {
      o = readString(p, o);
      p = stringEnd;
    } else if (byte == OPEN_MAP || byte == OPEN_ARRAY) {
      p = skipSpace(p + 1, newline);
      if (<u32>load<u8>(p) != byte + CLOSE_BY) {
        if (depth == MAX_DEPTH) return 0;
        const outer = STACK + (depth++ << 4);
        store<u32>(outer, <u32>head);
        store<u32>(outer + 4, (count << 1) | <u32>isMap);
        store<u32>(outer + 8, outerKeys);
        head = o++;
        count = 0;
        isMap = byte == OPEN_MAP;
        outerKeys = keys;
        if (isMap) {
          o = readKey(p, newline, outerKeys, keys++, o);
          if (o == 0) return 0;
          p = stoppedAt;
        }
        continue;
      }
      o = writeByte(byte == OPEN_MAP ? 0x80 : 0x90, o);
      p++;
    } else if (byte - 0x61 <= 25) {
      o = readWord(p, o);
      p = stoppedAt;
    } else {
      o = readNumber(p, o);
      p = numberEnd;
    }
    if (o == 0) return 0;
    for (;;) {
      p = skipSpace(p, newline);
      if (depth == 0) {
        stoppedAt = p;
        return o;
      }
      count++;
      const next = <u32>load<u8>(p);
      if (next == COMMA) {
        p = skipSpace(p + 1, newline);
        if (isMap) {
          o = readKey(p, newline, outerKeys, keys++, o);
          if (o == 0) return 0;
          p = stoppedAt;
        }
        break;
      }
      if (next != <u32>(isMap ? OPEN_MAP : OPEN_ARRAY) + CLOSE_BY) return 0;
      p++;
      o = closeContainer(head, count, isMap, o);
      keys = outerKeys;
      const outer = STACK + (--depth << 4);
      head = load<u32>(outer);
      count = load<u32>(outer + 4);
      isMap = (count & 1) != 0;
      count >>= 1;
      outerKeys = load<u32>(outer + 8);
    }
  }
  return 0;
}

/** Reads a key and its colon, and sets `stoppedAt` to where the value starts. */
@inline
function readKey(at: usize, newline: u32, outerKeys: u32, keys: u32, out: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) return 0;
  const o = readString(at, out);
  if (o == 0 || !addKey(outerKeys, keys, textStart, o - textStart)) return 0;
  const p = skipSpace(stringEnd, newline);
  if (<u32>load<u8>(p) != COLON) return 0;
  stoppedAt = skipSpace(p + 1, newline);
  return o;
}

/** Reads `true`, `false` or `null`, and sets `stoppedAt` to where it ends. */
@inline
function readWord(at: usize, out: usize): usize {
  const start = load<u32>(at);
  const isFalse = start == 0x736c6166 && load<u8>(at + 4) == 0x65;
  stoppedAt = at + (isFalse ? 5 : 4);
  if (isFalse) return writeByte(0xc2, out);
  if (start == 0x65757274) return writeByte(0xc3, out);
  return start == 0x6c6c756e ? writeByte(0xc0, out) : 0;
}

@inline
function skipSpace(at: usize, newline: u32): usize {
  let p = at;
  while (isSpace(<u32>load<u8>(p), newline)) p++;
  return p;
}

@inline
function isSpace(byte: u32, newline: u32): bool {
  return byte <= SPACE && (byte == SPACE || byte == newline || byte == RETURN || byte == TAB);
}
