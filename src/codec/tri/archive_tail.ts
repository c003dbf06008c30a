import { ArchiveFormatError } from "../../base/errors.ts";
import { MANIFEST, startsWith, TRAILER_MAGIC, TRAILER_SIZE } from "./archive_format.ts";
import { type ArchiveManifest, toManifest } from "./archive_manifest.ts";
import { concatBytes } from "../../base/bytes.ts";
import { crc32c } from "../snappy/crc32c.ts";
import { decodeMsgpack } from "../msgpack/decode.ts";
import { bodyLength, HEADER_SIZE } from "../snappy/chunks.ts";

/** The largest manifest that is read: 64 MiB, about 200,000 shards. */
export const MAX_MANIFEST_BYTES: number = 64 * 1024 * 1024;

/** The result of searching the manifest in the last bytes of a file. */
export type ManifestSearch =
  /** The manifest is complete. It is the last `size` bytes of the file. */
  | { readonly type: "found"; readonly manifest: ArchiveManifest; readonly size: number }
  /** More of the file is needed: its last `bytes` bytes. */
  | { readonly type: "more"; readonly bytes: number }
  /** There is none: another program's file, an empty archive, or a truncated one. */
  | { readonly type: "none" };

/**
 * Reads the manifest from the last bytes of a file.
 *
 * A manifest with one shard has about 600 bytes, plus 350 for each further shard, so the last 8 KiB
 * are a good first attempt.
 *
 * @example Usage
 * ```ts
 * import { ArchiveBuilder, readManifest } from "@triton/triton/codec";
 * import { deepEqual, equal } from "node:assert/strict";
 * const file = new ArchiveBuilder().finish({
 *   stream: "clicks_prod",
 *   client: "store",
 *   createdAt: new Date("2015-07-10T18:39:41Z"),
 *   program: "triton 0.1.0",
 *   previous: new Map(),
 * });
 * const search = readManifest(file.subarray(-100), file.length);
 * deepEqual(search, { type: "more", bytes: file.length - 23 });
 * const again = readManifest(file.subarray(23), file.length);
 * equal(again.type === "found" && again.manifest.stream, "clicks_prod");
 * ```
 * @param tail The last bytes of the file, any number.
 * @param fileSize Size of the whole file in bytes.
 * @returns The manifest, how much more is needed, or that there is none.
 * @throws {ArchiveFormatError} With the offset in the file, if the manifest is damaged.
 */
export function readManifest(tail: Uint8Array, fileSize: number): ManifestSearch {
  const least = Math.min(fileSize, HEADER_SIZE + TRAILER_SIZE);
  if (tail.length < least) return { type: "more", bytes: least };
  const trailer = tail.subarray(-TRAILER_SIZE);
  if (!startsWith(trailer, TRAILER_MAGIC)) return { type: "none" };
  const view = new DataView(trailer.buffer, trailer.byteOffset + TRAILER_MAGIC.length);
  const size = view.getUint32(0);
  if (size > Math.min(fileSize, MAX_MANIFEST_BYTES) || size < HEADER_SIZE + TRAILER_SIZE) {
    throw tailError(fileSize - TRAILER_SIZE, `its trailer claims a size of ${size} bytes`);
  }
  if (tail.length < size) return { type: "more", bytes: size };
  const chunks = tail.subarray(tail.length - size);
  const offset = fileSize - size;
  if (crc32c(chunks.subarray(0, -4)) !== view.getUint32(4)) {
    throw tailError(offset, "it does not match its checksum");
  }
  return { type: "found", manifest: decodeManifest(chunks, offset), size };
}

function decodeManifest(chunks: Uint8Array, offset: number): ArchiveManifest {
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < chunks.length;) {
    const end = at + HEADER_SIZE + bodyLength(chunks, at);
    if (chunks[at] !== MANIFEST || !(end <= chunks.length)) {
      throw tailError(offset + at, "it does not consist of chunks of type 0x80");
    }
    bodies.push(chunks.subarray(at + HEADER_SIZE, end));
    at = end;
  }
  const map = concatBytes(bodies).subarray(0, -TRAILER_SIZE);
  try {
    return toManifest(decodeMsgpack(map), offset);
  } catch (cause) {
    throw tailError(offset, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function tailError(offset: number, why: string, cause?: unknown): ArchiveFormatError {
  return new ArchiveFormatError(`Cannot read manifest at offset ${offset}: ${why}`, {
    offset,
    cause,
  });
}
