import { concatBytes } from "../../../base/bytes.ts";

export interface Line {
  /** Its number, from 1. */
  readonly number: number;
  /** The line without its `\n` or `\r\n`; undefined if it is too long. */
  readonly bytes: Uint8Array | undefined;
}

/** The longest line, in bytes: more than the largest Kinesis record needs as JSON. */
export const MAX_LINE_BYTES: number = 16 * 1024 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Splits bytes into lines; the last line may lack its newline.
 *
 * Uses memory for one piece and one line: a line longer than `maxBytes` is not kept.
 */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Line> {
  let rest: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const take = (end: Uint8Array): Line => {
    const bytes = size + end.length > maxBytes ? undefined : toLine([...rest, end]);
    [rest, size] = [[], 0];
    return { number: number++, bytes };
  };
  for await (const bytes of source) {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield take(bytes.subarray(start, end));
      start = end + 1;
    }
    size += bytes.length - start;
    if (size > maxBytes) rest = [];
    // A copy, because the source may reuse the memory.
    else if (start < bytes.length) rest.push(bytes.slice(start));
  }
  if (size > 0) yield take(new Uint8Array(0));
}

function toLine(parts: readonly Uint8Array[]): Uint8Array {
  const line = parts.length === 1 ? parts[0]! : concatBytes(parts);
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

/** Yields pieces until a signal is aborted, without waiting for a pending one. */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<undefined>();
  const abort = () => aborted.resolve(undefined);
  signal.addEventListener("abort", abort);
  try {
    while (!signal.aborted) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    iterator.return?.()?.catch(() => {});
  }
}
