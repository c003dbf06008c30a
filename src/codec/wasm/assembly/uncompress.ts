/** Uncompresses a Snappy block, in AssemblyScript: see ../../snappy/uncompress.ts. */

/** Results of `uncompress`. */
const GOOD: i32 = 0;
const CUT_OFF: i32 = 1;
const TOO_LONG: i32 = 2;
const BAD_OFFSET: i32 = 3;
const TOO_SHORT: i32 = 4;

/** The offset of the invalid copy. */
export let badOffset: u32 = 0;
/** Number of bytes that were uncompressed before the error. */
export let doneBytes: u32 = 0;

/**
 * Uncompresses the elements from `at` to `end`, which must have `length` bytes in total.
 *
 * Runs are copied 16 bytes at a time, also past their end, where the next element overwrites them.
 */
export function uncompress(at: usize, end: usize, out: usize, length: usize): i32 {
  const stop = out + length;
  let o = out;
  while (at < end) {
    const tag = <u32>load<u8>(at++);
    const kind = tag & 3;
    if (kind == 0) {
      let size = <usize>(tag >> 2) + 1;
      if (size <= 16) {
        if (at + size > end) return CUT_OFF;
        if (o + size > stop) return TOO_LONG;
        v128.store(o, v128.load(at));
      } else {
        if (size > 60) {
          const width = size - 60;
          if (at + width > end) return CUT_OFF;
          const last = <usize>(load<u32>(at) & (0xffffffff >> (32 - (<u32>width << 3))));
          at += width;
          if (last >= end - at) return CUT_OFF;
          size = last + 1;
        }
        if (size > end - at) return CUT_OFF;
        if (size > stop - o) return TOO_LONG;
        memory.copy(o, at, size);
      }
      at += size;
      o += size;
      continue;
    }
    const width: usize = kind == 3 ? 4 : kind;
    if (at + width > end) return CUT_OFF;
    let size = <usize>(tag >> 2) + 1;
    let offset: usize;
    if (kind == 1) {
      size = ((tag >> 2) & 7) + 4;
      offset = ((tag >> 5) << 8) | load<u8>(at);
    } else if (kind == 2) offset = load<u16>(at);
    else offset = load<u32>(at);
    at += width;
    if (offset == 0 || offset > o - out) {
      badOffset = <u32>offset;
      doneBytes = <u32>(o - out);
      return BAD_OFFSET;
    }
    if (size > stop - o) return TOO_LONG;
    const next = o + size;
    let from = o - offset;
    if (offset >= 16) {
      for (; o < next; o += 16, from += 16) v128.store(o, v128.load(from));
    } else if (offset >= 8) {
      for (; o < next; o += 8, from += 8) store<u64>(o, load<u64>(from));
    } else {
      // The copy overlaps its source: byte by byte, or the wrong bytes would be repeated.
      while (o < next) store<u8>(o++, load<u8>(from++));
    }
    o = next;
  }
  doneBytes = <u32>(o - out);
  return o == stop ? GOOD : TOO_SHORT;
}
