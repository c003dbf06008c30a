/** Concatenates arrays. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Frees a buffer, whose views have no bytes any more.
 *
 * V8 counts the memory behind buffers late: hundreds of MB of dead ones can wait for its next
 * collection. Does nothing where buffers cannot be detached (Node before 21).
 *
 * @param buffer The buffer; that of a WebAssembly memory, or a shared one, is left as it is.
 */
export function freeBuffer(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer?.(0);
}
