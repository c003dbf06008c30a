/**
 * Where bytes come from.
 *
 * @module
 */

/**
 * Bytes to read: all at once, or in pieces of any size, as a file's or a response's body is.
 *
 * A piece may be overwritten once the next one has been asked for.
 */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Makes one kind of iterable of every kind of source.
 *
 * @param source The bytes.
 * @returns Its pieces.
 */
export function piecesOf(source: ByteSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return source instanceof Uint8Array ? [source] : source;
}

/**
 * Joins arrays.
 *
 * @param parts What to join, in order.
 * @returns One new array.
 */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
