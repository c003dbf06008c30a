/**
 * Converts MessagePack events to JSON lines, in AssemblyScript, for the types that most events have.
 *
 * ../../json/writer.ts writes rare values, such as binaries and extensions, and complete events that
 * are malformed, have keys that are not short strings, or are nested more than 256 deep.
 */

import { writeDouble } from "./double";
import { writeSigned, writeUnsigned } from "./integer";
import { writeQuoted } from "./text";

/** Writes a value in JavaScript; returns where it ends, or 0 if there is no room for it. */
@external("env", "writeOther")
declare function writeOther(at: usize, end: usize, out: usize, limit: usize): usize;

/** The most that is written between two checks of the remaining room: an escaped key and value. */
const MARGIN: usize = 4096;

/** For each enclosing container, its remaining entries times two, plus 1 for a map. */
const MAX_DEPTH: usize = 256;
const STACK: usize = memory.data(2048, 16);

/** Where the first event starts that was not written; the end if all were written. */
export let stoppedAt: usize = 0;
/** Number of events that were written. */
export let lineCount: u32 = 0;

/**
 * Writes at most `most` of the events from `at` to `end` into the room up to `limit`; returns where
 * the output ends.
 */
export function writeLines(at: usize, end: usize, out: usize, limit: usize, most: u32): usize {
  let o = out;
  stoppedAt = at;
  for (lineCount = 0; stoppedAt < end && lineCount < most; lineCount++) {
    const next = writeEvent(stoppedAt, end, o, limit - MARGIN);
    if (next == 0) return o;
    store<u8>(next, 0x0a);
    o = next + 1;
  }
  return o;
}

@inline
function read16(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

@inline
function read32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

@inline
function read64(at: usize): u64 {
  return bswap<u64>(load<u64>(at));
}

/** The kind of a value: map, array or neither. */
@inline
function isContainer(lead: u32): bool {
  return (lead >= 0x80 && lead < 0xa0) || (lead >= 0xdc && lead < 0xe0);
}

/** Writes one event, and moves `stoppedAt` past it; returns 0 if JavaScript must write it. */
function writeEvent(at: usize, end: usize, out: usize, limit: usize): usize {
  const first = <u32>load<u8>(at);
  if (!isContainer(first) || (first >= 0x90 && first < 0xde)) return 0;
  let pos = at;
  let o = out;
  let depth: usize = 0;
  let entries: u32 = 1;
  let isMap: u32 = 0;
  for (;;) {
    while (entries == 0) {
      // Every value is followed by a comma; the bracket replaces the last one.
      store<u8>(o - 1, isMap ? 0x7d : 0x5d);
      const outer = load<u64>(STACK + (--depth << 3));
      entries = <u32>(outer >> 1);
      isMap = <u32>outer & 1;
      if (depth == 0) {
        stoppedAt = pos;
        return o;
      }
      store<u8>(o++, 0x2c);
    }
    entries--;
    if (pos >= end || o > limit) return 0;
    let lead = <u32>load<u8>(pos);
    if (isMap) {
      const isShort = (lead & 0xe0) == 0xa0;
      if (!isShort && (lead != 0xd9 || pos + 2 > end)) return 0;
      const start = isShort ? pos + 1 : pos + 2;
      pos = start + (isShort ? lead & 31 : <u32>load<u8>(pos + 1));
      if (pos >= end) return 0;
      o = writeQuoted(start, pos, o);
      store<u8>(o++, 0x3a);
      lead = <u32>load<u8>(pos);
    }
    if ((lead & 0xe0) == 0xa0) {
      const start = pos + 1;
      pos = start + (lead & 31);
      if (pos > end) return 0;
      o = writeQuoted(start, pos, o);
    } else if (lead < 0x80) {
      o = writeUnsigned(lead, o);
      pos++;
    } else if (isContainer(lead)) {
      const head: usize = lead < 0xa0 ? 1 : lead & 1 ? 5 : 3;
      if (pos + head > end) return 0;
      const count = head == 1 ? lead & 15 : head == 3 ? read16(pos + 1) : read32(pos + 1);
      const opensMap: u32 = lead < 0x90 || lead >= 0xde ? 1 : 0;
      pos += head;
      if (count == 0) {
        store<u16>(o, opensMap ? 0x7d7b : 0x5d5b);
        o += 2;
        if (depth == 0) {
          stoppedAt = pos;
          return o;
        }
      } else {
        // Each value has at least one byte, so a count above the remaining bytes is truncated.
        if (<usize>count > end - pos || depth == MAX_DEPTH) return 0;
        store<u8>(o++, opensMap ? 0x7b : 0x5b);
        store<u64>(STACK + (depth++ << 3), (<u64>entries << 1) | isMap);
        entries = count;
        isMap = opensMap;
        continue;
      }
    } else if (lead == 0xd9 || lead == 0xda) {
      const start = pos + (lead == 0xd9 ? 2 : 3);
      if (start > end) return 0;
      pos = start + (lead == 0xd9 ? <u32>load<u8>(pos + 1) : read16(pos + 1));
      if (pos > end || o + (pos - start) * 6 > limit) return 0;
      o = writeQuoted(start, pos, o);
    } else {
      const size = sizeOf(lead);
      const next = size == 0 ? endOfOther(lead, pos, end) : pos + size;
      if (next == 0 || next > end) return 0;
      o = size == 0 ? writeOther(pos, next, o, limit) : writeFixed(lead, pos + 1, o);
      if (o == 0) return 0;
      pos = next;
    }
    store<u8>(o++, 0x2c);
  }
  return 0;
}

/** Size of a number, a boolean or nil, in bytes; 0 for all other values. */
@inline
function sizeOf(lead: u32): usize {
  if (lead == 0xcb || lead == 0xcf || lead == 0xd3) return 9;
  if (lead == 0xce || lead == 0xd2) return 5;
  if (lead == 0xcd || lead == 0xd1) return 3;
  if (lead == 0xcc || lead == 0xd0) return 2;
  return lead >= 0xe0 || lead == 0xc0 || lead == 0xc2 || lead == 0xc3 ? 1 : 0;
}

/** Where any other value ends; 0 if it is invalid, or its length is incomplete. */
function endOfOther(lead: u32, at: usize, end: usize): usize {
  if (lead == 0xca) return at + 5;
  if (lead >= 0xd4 && lead <= 0xd8) return at + 2 + (<usize>1 << (lead - 0xd4));
  if (lead == 0xc1 || at + 5 > end) return 0;
  const isText = lead == 0xdb;
  const step: u32 = isText ? 2 : (lead - 0xc4) % 3;
  const length = step == 0 ? <u32>load<u8>(at + 1) : step == 1 ? read16(at + 1) : read32(at + 1);
  // The length may be false, and must not overflow.
  if (<usize>length > end - at) return 0;
  return at + 1 + (<usize>1 << step) + (lead >= 0xc7 && !isText ? 1 : 0) + <usize>length;
}

/** Writes a value for which `sizeOf` is not 0; its bytes after the first are at `at`. */
@inline
function writeFixed(lead: u32, at: usize, o: usize): usize {
  switch (lead) {
    case 0xc0:
      store<u32>(o, 0x6c6c756e); // null
      return o + 4;
    case 0xc2:
      store<u64>(o, 0x65736c6166); // false
      return o + 5;
    case 0xc3:
      store<u32>(o, 0x65757274); // true
      return o + 4;
    case 0xcb:
      return writeDouble(reinterpret<f64>(read64(at)), o);
    case 0xcc:
      return writeUnsigned(load<u8>(at), o);
    case 0xcd:
      return writeUnsigned(read16(at), o);
    case 0xce:
      return writeUnsigned(read32(at), o);
    case 0xcf:
      return writeUnsigned(read64(at), o);
    case 0xd0:
      return writeSigned(load<i8>(at), o);
    case 0xd1:
      return writeSigned(<i16>read16(at), o);
    case 0xd2:
      return writeSigned(<i32>read32(at), o);
    case 0xd3:
      return writeSigned(<i64>read64(at), o);
    default:
      return writeSigned(<i8>lead, o);
  }
}
