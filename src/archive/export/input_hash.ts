import type { ObjectStore } from "../../objects/object_store.ts";

/**
 * Name of the SHA-256 of the input, in hexadecimal, in the metadata of an output, and in the footer of
 * a Parquet file.
 */
export const INPUT_HASH = "triton-input-sha256";

/** Size of the footer's length and of the magic number, at the end of a Parquet file. */
const TRAILER_BYTES = 8;

/**
 * Reads of which input an output was made.
 *
 * @returns The SHA-256 in hexadecimal; undefined if there is no such output, or it does not say: a
 * directory keeps no metadata, and only the footer of Parquet has it, too.
 */
export async function readInputHash(store: ObjectStore, key: string): Promise<string | undefined> {
  const info = await store.head(key);
  const hash = info?.metadata?.[INPUT_HASH];
  if (hash !== undefined || info === undefined || !key.endsWith(".parquet")) return hash;
  const trailer = await read(store, key, TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES) return undefined;
  const length = new DataView(trailer.buffer, trailer.byteOffset).getUint32(0, true);
  const footer = await read(store, key, length + TRAILER_BYTES);
  // As the footer has it in Thrift's compact protocol: the key, then field 2, a text of 64 bytes.
  const text = new TextDecoder("latin1").decode(footer);
  return FOOTER_HASH.exec(text)?.[1];
}

const FOOTER_HASH = new RegExp(`${INPUT_HASH}\\x18\\x40([0-9a-f]{64})`);

async function read(store: ObjectStore, key: string, suffix: number): Promise<Uint8Array> {
  return await (await store.get(key, { range: { suffix } })).bytes();
}
