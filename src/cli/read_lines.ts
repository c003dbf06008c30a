import { concatBytes } from "../codec/byte_source.ts";

/** One line of input. */
export interface Line {
  /** Its number, from 1. */
  readonly number: number;
  /** The line without its end, which may be `\n` or `\r\n`. */
  readonly bytes: Uint8Array;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Cuts bytes into lines; a missing line end at the very end is no matter. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let rest: Uint8Array[] = [];
  let number = 1;
  for await (const bytes of source) {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield { number: number++, bytes: toLine([...rest, bytes.subarray(start, end)]) };
      rest = [];
      start = end + 1;
    }
    // A copy, because whoever reads may use the memory again.
    if (start < bytes.length) rest.push(bytes.slice(start));
  }
  if (rest.length > 0) yield { number, bytes: toLine(rest) };
}

function toLine(parts: readonly Uint8Array[]): Uint8Array {
  const line = parts.length === 1 ? parts[0]! : concatBytes(parts);
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}
