/**
 * Single chunks of the Snappy framing format
 * (https://github.com/google/snappy/blob/main/framing_format.txt).
 *
 * A chunk is one byte of type, three bytes of length (little-endian, without the header) and the body.
 * The body of a data chunk is the masked CRC-32C of the data (four bytes, little-endian) and the data,
 * either as one Snappy block or uncompressed.
 *
 * @module
 */

import { ArchiveFormatError } from "../../base/errors.ts";
import { crc32c, maskCrc32c } from "./crc32c.ts";
import type { Slabs } from "../slabs.ts";
import { compressBlock, MAX_BLOCK_DATA } from "./compress.ts";
import { uncompressBlock } from "./uncompress.ts";
import { placeData } from "../wasm/kernels.ts";

/** Type of a chunk with a Snappy block. */
export const COMPRESSED = 0x00;
/** Type of a chunk with uncompressed data. */
export const STORED = 0x01;
/** The first type that a reader may skip; it must reject the types from 0x02 up to this one. */
export const FIRST_SKIPPABLE = 0x80;
/** Type of padding. */
export const PADDING = 0xfe;
/** Type of the stream identifier. */
export const IDENTIFIER = 0xff;

/** Size of a chunk header, in bytes. */
export const HEADER_SIZE = 4;
/** Size of the checksum before the data, in bytes. */
export const CHECKSUM_SIZE = 4;
/** The most data in one chunk, uncompressed, in bytes. */
export const MAX_CHUNK_DATA: number = MAX_BLOCK_DATA;

/** The first chunk of every stream: type 0xff, length 6, `sNaPpY`. */
export const STREAM_IDENTIFIER: Uint8Array = Uint8Array.of(
  ...[IDENTIFIER, 6, 0, 0],
  ...new TextEncoder().encode("sNaPpY"),
);

/**
 * The longest legal bodies. A Snappy block has at most 5 bytes of preamble, and at most 6 bytes (a
 * literal with a length of 4 bytes) for each byte of data.
 */
const MAX_BODY: Readonly<Record<number, number>> = {
  [COMPRESSED]: CHECKSUM_SIZE + 5 + 6 * MAX_CHUNK_DATA,
  [STORED]: CHECKSUM_SIZE + MAX_CHUNK_DATA,
};

/** One chunk in a stream. */
export interface SnappyChunk {
  /** One of the types above. */
  readonly type: number;
  /** Where its header starts, in bytes from the start of the stream. */
  readonly offset: number;
  /** Header and body; overwritten when more of the stream is read. */
  readonly bytes: Uint8Array;
}

/**
 * Reads the length of a chunk from its header.
 *
 * @param bytes Contains the header.
 * @param at Where the header starts.
 * @returns The length of the body in bytes.
 */
export function bodyLength(bytes: Uint8Array, at: number): number {
  return bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16);
}

/**
 * Checks the header of a chunk, before its body is available.
 *
 * @param length The length of its body in bytes.
 * @returns Why the header is invalid; undefined if it is valid.
 */
export function headerFault(type: number, length: number): string | undefined {
  const max = MAX_BODY[type];
  if (max !== undefined) {
    if (length < CHECKSUM_SIZE) return `its body of ${length} bytes has no room for a checksum`;
    if (length > max) return `its body of ${length} bytes has more than 65,536 bytes of data`;
  } else if (type < FIRST_SKIPPABLE) {
    return `its type 0x${hex(type)} is reserved and not skippable`;
  } else if (type === IDENTIFIER && length !== STREAM_IDENTIFIER.length - HEADER_SIZE) {
    return `a stream identifier has 6 bytes, not ${length}`;
  }
  return undefined;
}

function hex(type: number): string {
  return type.toString(16).padStart(2, "0");
}

/**
 * Encodes a chunk.
 *
 * @param parts Its body, in parts; less than 2^24 bytes in total.
 * @returns Header and body.
 */
export function encodeChunk(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const chunk = new Uint8Array(HEADER_SIZE + length);
  setHeader(chunk, type, length);
  let at = HEADER_SIZE;
  for (const part of parts) {
    chunk.set(part, at);
    at += part.length;
  }
  return chunk;
}

/** Encodes only the header of a chunk. */
export function encodeHeader(type: number, length: number): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  setHeader(header, type, length);
  return header;
}

function setHeader(chunk: Uint8Array, type: number, length: number): void {
  chunk[0] = type;
  setNumber(chunk, 1, length, 3);
}

/** Writes a little-endian number. */
function setNumber(bytes: Uint8Array, at: number, number: number, width: number): void {
  for (let i = 0; i < width; i++) bytes[at + i] = number >>> (8 * i);
}

/**
 * Encodes a data chunk: compressed if that saves an eighth or more, otherwise stored, as the Snappy
 * implementation in Go does.
 *
 * @param data At most 65,536 bytes.
 * @param slabs Memory for the chunk. Default: a new array.
 * @returns Header, checksum and data.
 */
export function encodeDataChunk(data: Uint8Array, slabs?: Slabs): Uint8Array<ArrayBuffer> {
  const block = compressBlock(data);
  const isStored = block.length >= data.length - (data.length >>> 3);
  const body = isStored ? data : block;
  const length = CHECKSUM_SIZE + body.length;
  const chunk = slabs?.take(HEADER_SIZE + length) ?? new Uint8Array(HEADER_SIZE + length);
  setHeader(chunk, isStored ? STORED : COMPRESSED, length);
  setNumber(chunk, HEADER_SIZE, maskCrc32c(crc32c(data)), CHECKSUM_SIZE);
  chunk.set(body, HEADER_SIZE + CHECKSUM_SIZE);
  return chunk;
}

/**
 * Decodes a data chunk and verifies its checksum.
 *
 * @param chunk A chunk of type 0x00 or 0x01.
 * @returns The data, in the memory of the codec: valid until its next call.
 * @throws {ArchiveFormatError} With the chunk's offset, if the block or the checksum is wrong, or if
 * the block claims more than 65,536 bytes; then nothing is allocated for it.
 */
export function decodeDataChunk(chunk: SnappyChunk): Uint8Array {
  const data = checkedData(chunk);
  if (typeof data === "string") throw chunkError(chunk.offset, data);
  return data;
}

/** The data, in the memory of the codec; or what is wrong with it. */
function checkedData({ type, bytes }: SnappyChunk): Uint8Array | string {
  const body = bytes.subarray(HEADER_SIZE + CHECKSUM_SIZE);
  const data = type === STORED ? placeData(body) : uncompressBlock(body);
  if (typeof data === "string") return `its Snappy block is damaged: ${data}`;
  const isRight = maskCrc32c(crc32c(data)) === storedChecksum(bytes);
  return isRight ? data : "its data does not match its checksum";
}

function storedChecksum(bytes: Uint8Array): number {
  const at = HEADER_SIZE;
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>>
    0;
}

/**
 * Whether a skippable chunk is really a data chunk with a damaged type: its first four bytes are the
 * checksum of the rest. By chance, this holds for one chunk in two billion; but the author of a chunk
 * can also make it hold.
 *
 * @param chunk A chunk of type 0x80 to 0xfe.
 * @returns Whether it contains data.
 */
export function hidesData(chunk: SnappyChunk): boolean {
  const length = chunk.bytes.length - HEADER_SIZE;
  return length > CHECKSUM_SIZE && [COMPRESSED, STORED].some((type) => {
    if (headerFault(type, length) !== undefined) return false;
    const data = checkedData({ ...chunk, type });
    return typeof data !== "string" && data.length > 0;
  });
}

/**
 * Creates the error for a chunk that cannot be read.
 *
 * @param offset Where the chunk starts, in bytes from the start of the stream.
 */
export function chunkError(offset: number, why: string, cause?: unknown): ArchiveFormatError {
  return new ArchiveFormatError(`Cannot read chunk at offset ${offset}: ${why}`, {
    offset,
    ...(cause === undefined ? {} : { cause }),
  });
}
