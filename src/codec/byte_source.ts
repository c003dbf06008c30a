/**
 * Bytes to read: one array, or pieces of any size, such as the body of a file or a response.
 *
 * A piece may be overwritten when the next one is requested.
 */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Converts a source to an iterable of pieces. */
export function piecesOf(source: ByteSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return source instanceof Uint8Array ? [source] : source;
}
