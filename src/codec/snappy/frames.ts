import { type ByteSource, piecesOf } from "../byte_source.ts";
import {
  chunkError,
  COMPRESSED,
  decodeDataChunk,
  encodeDataChunk,
  IDENTIFIER,
  MAX_CHUNK_DATA,
  type SnappyChunk,
  STORED,
  STREAM_IDENTIFIER,
} from "./chunks.ts";
import { SnappySplitter } from "./splitter.ts";

/**
 * Compresses bytes into the Snappy framing format
 * (https://github.com/google/snappy/blob/main/framing_format.txt).
 *
 * @example Usage
 * ```ts
 * import { decodeSnappyFrames, encodeSnappyFrames } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const text = new TextEncoder().encode("to be or not to be, ".repeat(10_000));
 * let size = 0;
 * for await (const data of decodeSnappyFrames(encodeSnappyFrames(text))) size += data.length;
 * equal(size, text.length);
 * ```
 * @param source The bytes, in pieces of any size.
 * @returns The stream identifier, then one chunk per 65,536 bytes; chunks that would not shrink by an
 * eighth are stored.
 */
export async function* encodeSnappyFrames(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield STREAM_IDENTIFIER.slice();
  const open = new Uint8Array(MAX_CHUNK_DATA);
  let used = 0;
  for await (const piece of piecesOf(source)) {
    for (let at = 0; at < piece.length;) {
      if (used === 0 && piece.length - at >= MAX_CHUNK_DATA) {
        yield encodeDataChunk(piece.subarray(at, at + MAX_CHUNK_DATA));
        at += MAX_CHUNK_DATA;
        continue;
      }
      const part = piece.subarray(at, at + MAX_CHUNK_DATA - used);
      open.set(part, used);
      used += part.length;
      at += part.length;
      if (used === MAX_CHUNK_DATA) {
        yield encodeDataChunk(open);
        used = 0;
      }
    }
  }
  if (used > 0) yield encodeDataChunk(open.subarray(0, used));
}

/**
 * Uncompresses the Snappy framing format.
 *
 * Accepts everything that the format allows: stream identifiers inside the stream, stored chunks,
 * padding and other skippable chunks, chunks of any legal size, and an empty input. Uses memory for
 * one chunk and one piece of the source.
 *
 * @param source The compressed bytes, in pieces of any size.
 * @returns The data of each chunk, at most 65,536 bytes each, in new arrays.
 * @throws {ArchiveFormatError} With the offset of the chunk, if one is damaged or truncated, or has an
 * unknown type that is not skippable.
 */
export async function* decodeSnappyFrames(source: ByteSource): AsyncGenerator<Uint8Array> {
  const splitter = new SnappySplitter();
  for await (const piece of piecesOf(source)) {
    splitter.push(piece);
    yield* dataOf(splitter);
  }
  splitter.end();
  yield* dataOf(splitter);
}

function* dataOf(splitter: SnappySplitter): Generator<Uint8Array> {
  for (let chunk = splitter.next(); chunk !== undefined; chunk = splitter.next()) {
    const data = readChunk(chunk);
    if (data !== undefined) yield data.slice();
  }
}

/**
 * Reads one chunk of a stream.
 *
 * @returns Its data, as {@linkcode decodeDataChunk} does; undefined if it is not a data chunk.
 * @throws {ArchiveFormatError} With the offset of the chunk, if it is damaged, or if it is the first
 * one but not a stream identifier.
 */
export function readChunk(chunk: SnappyChunk): Uint8Array | undefined {
  if (chunk.type === IDENTIFIER) {
    checkIdentifier(chunk);
  } else if (chunk.offset === 0) {
    throw chunkError(0, "the input does not start with a Snappy stream identifier");
  } else if (chunk.type === COMPRESSED || chunk.type === STORED) {
    return decodeDataChunk(chunk);
  }
  return undefined;
}

function checkIdentifier(chunk: SnappyChunk): void {
  const right = chunk.bytes.every((byte, i) => byte === STREAM_IDENTIFIER[i]);
  if (!right) {
    throw chunkError(chunk.offset, 'a stream identifier must contain "sNaPpY"');
  }
}
