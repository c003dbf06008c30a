/**
 * Reading what `deno publish` sends: a gzipped tar file of plain files (POSIX ustar).
 *
 * @module
 */

const BLOCK = 512;
const decoder = new TextDecoder();

/** Reads a tarball into its files, by path from `/`. */
export async function readTarball(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Map<string, Uint8Array>> {
  const unzipped = stream.pipeThrough(new DecompressionStream("gzip"));
  const tar = new Uint8Array(await new Response(unzipped).arrayBuffer());
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < tar.length && tar[at] !== 0;) {
    const text = (offset: number, length: number) =>
      decoder.decode(tar.subarray(at + offset, at + offset + length)).replace(/\0.*$/s, "");
    const [name, size, type, prefix] = [text(0, 100), text(124, 12), text(156, 1), text(345, 155)];
    if (type !== "0" && type !== "") {
      throw new Error(`Cannot read tar entry "${name}" of "${type}"`);
    }
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const length = parseInt(size, 8);
    files.set(`/${path.replace(/^\.?\//, "")}`, tar.slice(at + BLOCK, at + BLOCK + length));
    at += BLOCK + Math.ceil(length / BLOCK) * BLOCK;
  }
  return files;
}
