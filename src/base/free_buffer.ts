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
