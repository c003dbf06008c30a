import { concatBytes } from "../../../base/bytes.ts";

/** The longest line, in bytes: more than the largest Kinesis record needs as JSON. */
export const MAX_LINE_BYTES: number = 16 * 1024 * 1024;

const LINE_FEED = Uint8Array.of(0x0a);

/**
 * Splits bytes into blocks of whole lines, each with its `\n`; the last line may lack it.
 *
 * Uses memory for one piece and one line: a line that several pieces share is a block of its own, and
 * undefined if it is longer than `maxBytes`. A block is valid until the next is requested.
 */
export async function* readBlocks(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Uint8Array | undefined> {
  // The line that the next piece continues.
  let rest: Uint8Array[] = [];
  let size = 0;
  const takeLine = (end: Uint8Array): Uint8Array | undefined => {
    const line = size + end.length - 1 > maxBytes ? undefined : concatBytes([...rest, end]);
    [rest, size] = [[], 0];
    return line;
  };
  for await (const bytes of source) {
    let start = 0;
    if (size > 0) {
      start = bytes.indexOf(LINE_FEED[0]!) + 1;
      if (start > 0) yield takeLine(bytes.subarray(0, start));
    }
    const end = bytes.lastIndexOf(LINE_FEED[0]!) + 1;
    if (end > start) yield bytes.subarray(start, end);
    size += bytes.length - end;
    if (size > maxBytes) rest = [];
    // A copy, because the source may reuse the memory.
    else if (end < bytes.length) rest.push(bytes.slice(end));
  }
  if (size > 0) yield takeLine(LINE_FEED);
}

/** Yields pieces until a signal is aborted, without waiting for a pending one. */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let stop = () => {};
  const abort = () => stop();
  // Not Promise.race() with one promise for all pieces, which would keep every piece.
  const next = () =>
    new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
      stop = () => resolve(undefined);
      iterator.next().then(resolve, reject);
    });
  signal.addEventListener("abort", abort);
  try {
    while (!signal.aborted) {
      const result = await next();
      if (result === undefined || result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    iterator.return?.()?.catch(() => {});
  }
}
