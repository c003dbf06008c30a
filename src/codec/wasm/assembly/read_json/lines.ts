/** Converts JSON to events, in AssemblyScript. */

import { INPUT, LINES, MAX_LINES, OUTPUT } from "./memory";
import { readEvent, stoppedAt } from "./value";

const SPACE: u32 = 0x20;
const LINE_FEED: u32 = 0x0a;

/**
 * Converts the lines from `INPUT` to `end`, each with its line feed. Writes two integers for each:
 * where it ends in the input, and where its event ends in the output; if it is refused, the
 * complement of where the event before it ends. Returns the number of lines.
 */
export function readLines(end: usize): u32 {
  let count: u32 = 0;
  let o = OUTPUT;
  for (let at = INPUT; at < end && count < MAX_LINES; count++) {
    const eventEnd = readEvent(at, SPACE, o);
    const isGood = eventEnd != 0 && <u32>load<u8>(stoppedAt) == LINE_FEED;
    const lineEnd = isGood ? stoppedAt : endOfLine(at);
    if (isGood) o = eventEnd;
    const line = LINES + (<usize>count << 3);
    store<i32>(line, <i32>(lineEnd - INPUT));
    const size = <i32>(o - OUTPUT);
    store<i32>(line + 4, isGood ? size : ~size);
    at = lineEnd + 1;
  }
  return count;
}

/**
 * Converts the text from `INPUT` to `end`; returns where the output ends, or 0 if it is refused.
 */
export function readText(end: usize): usize {
  store<u8>(end, 0);
  const eventEnd = readEvent(INPUT, LINE_FEED, OUTPUT);
  return stoppedAt == end ? eventEnd : 0;
}

function endOfLine(at: usize): usize {
  let p = at;
  while (marksOf(p) == 0) p += 16;
  return p + <usize>ctz(marksOf(p));
}

/** A bit for each of 16 bytes that is a line feed. */
@inline
function marksOf(at: usize): u32 {
  return <u32>i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(<i8>LINE_FEED)));
}
