/** Bytes per read: Deno takes 0.1 ms for each, of any size. */
const READ_SIZE = 1 << 18;

/**
 * Reads a file or standard input; while the caller uses one piece, the next is read.
 *
 * @returns Its bytes; a piece is valid until the one after the next is requested.
 */
export async function* readAhead(file: Pick<Deno.FsFile, "read">): AsyncGenerator<Uint8Array> {
  let [here, ahead] = [new Uint8Array(READ_SIZE), new Uint8Array(READ_SIZE)];
  let reading = file.read(here);
  for (;;) {
    const size = await reading;
    if (size === null) return;
    reading = file.read(ahead);
    reading.catch(() => {}); // thrown when it is awaited
    yield here.subarray(0, size);
    [here, ahead] = [ahead, here];
  }
}
