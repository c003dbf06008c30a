import { concatBytes } from "../../../base/bytes.ts";
import { TritonError } from "../../../base/errors.ts";

/** How data of gzip begin. */
const MAGIC = [0x1f, 0x8b];

/**
 * Uncompresses what is compressed with gzip, by how it begins; other bytes are passed on as they are.
 *
 * @param source Bytes; a piece may change when the next one is requested.
 * @param name What they are of, for errors.
 * @throws {TritonError} If the data are damaged or truncated.
 */
export async function* gunzipIfNeeded(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    const start = await startOf(iterator);
    const whole = all(start, iterator);
    if (MAGIC.every((byte, i) => start[i] === byte)) yield* gunzip(whole, name);
    else yield* whole;
  } finally {
    await iterator.return?.();
  }
}

/** Reads until it is known how the bytes begin. */
async function startOf(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < MAGIC.length) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    start = concatBytes([start, value]);
  }
  return start;
}

async function* all(
  start: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    yield next.value;
  }
}

async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const [{ pipeline, Readable }, { createGunzip }] = await Promise.all([
    import("node:stream"),
    import("node:zlib"),
  ]);
  const copies = (async function* () {
    for await (const piece of source) yield piece.slice();
  })();
  let failure: unknown;
  // Errors of the source end the iteration below, too.
  const output = pipeline(Readable.from(copies), createGunzip(), (error) => failure = error);
  try {
    yield* output as AsyncIterable<Uint8Array>;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith("Z_") !== true) throw failure ?? error;
    throw new TritonError(`Cannot uncompress ${name}: ${message}`, { cause: error });
  }
}
