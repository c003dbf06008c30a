import * as zlib from "node:zlib";
import { TritonError } from "../../../base/errors.ts";
import { compressBlock, MAX_BLOCK_DATA } from "../../../codec/snappy/compress.ts";

/** How Parquet files are compressed. */
export type ParquetCodec = "snappy" | "zstd" | "gzip" | "none";

/** A codec as Parquet names it, and what compresses. */
export interface Compression {
  readonly name: "SNAPPY" | "ZSTD" | "GZIP" | "UNCOMPRESSED";
  /** Returns compressed bytes, valid until the next call. */
  readonly compress: (data: Uint8Array) => Uint8Array;
}

/**
 * Looks up a codec.
 *
 * @throws {TritonError} If the runtime does not have it: `zstd` needs `node:zlib` of Deno 2.5 or later.
 */
export function compressionOf(codec: ParquetCodec): Compression {
  switch (codec) {
    case "snappy":
      return { name: "SNAPPY", compress: compressSnappy };
    case "gzip":
      return { name: "GZIP", compress: (data) => zlib.gzipSync(data, { level: 6 }) };
    case "none":
      return { name: "UNCOMPRESSED", compress: (data) => data };
    case "zstd": {
      const compress = (zlib as { zstdCompressSync?: (data: Uint8Array) => Uint8Array })
        .zstdCompressSync;
      if (compress !== undefined) return { name: "ZSTD", compress };
      throw new TritonError(
        `Cannot compress with zstd: Deno ${Deno.version.deno} does not have it; use snappy or gzip`,
      );
    }
  }
}

let output = new Uint8Array(1 << 16);

/**
 * Compresses any number of bytes to one Snappy block: the size of the data, then the contents of blocks
 * of 64 KiB, which refer to nothing outside of themselves.
 */
function compressSnappy(data: Uint8Array): Uint8Array {
  const worst = 5 + Math.ceil(data.length / MAX_BLOCK_DATA) * (MAX_BLOCK_DATA / 6 + 32) +
    data.length;
  if (output.length < worst) output = new Uint8Array(Math.ceil(worst));
  let length = writeVarint(data.length);
  for (let at = 0; at < data.length; at += MAX_BLOCK_DATA) {
    const block = compressBlock(data.subarray(at, at + MAX_BLOCK_DATA));
    let start = 0;
    while (block[start]! >= 0x80) start++;
    const contents = block.subarray(start + 1);
    output.set(contents, length);
    length += contents.length;
  }
  return output.subarray(0, length);
}

function writeVarint(value: number): number {
  let at = 0;
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 128)) output[at++] = (left & 0x7f) | 0x80;
  output[at++] = left;
  return at;
}
