/**
 * The layout of a `.tri` archive, byte by byte.
 *
 * A file is in the Snappy framing format
 * (https://github.com/google/snappy/blob/main/framing_format.txt). The data of its chunks of type
 * 0x00 and 0x01, concatenated, are MessagePack maps, one per event, with nothing in between. Files
 * of other writers guarantee no more than this: their events span chunks, and stream identifiers,
 * padding and skippable chunks can be anywhere.
 *
 * A file written by this library consists of these parts, in this order:
 *
 * 1. *The stream identifier*, 10 bytes: `ff 06 00 00 73 4e 61 50 70 59`. A file of these alone is
 *    an empty archive.
 * 2. *The opening*, 13 bytes: `80 09 00 00 81 a6 74 72 69 74 6f 6e 01`, a chunk of type 0x80 that
 *    contains the map `{"triton": 1}`, where 1 is the version of this layout. It promises that the
 *    file ends with a manifest. So truncation is detected anywhere after these 23 bytes.
 * 3. *Events*: any number of groups, each a stream identifier and a data chunk that starts with the
 *    first byte of an event. The chunk contains complete events of one shard, at most 65,536 bytes.
 *    A longer event has its own group: its remaining bytes are in the data chunks directly after,
 *    with nothing in between. Groups of one shard are in the order of its records; groups of
 *    different shards are in any order. A chunk is stored (0x01) unless compression (0x00) saves an
 *    eighth.
 * 4. *Quarantine*: chunks of type 0x81. Their bodies, concatenated, are MessagePack maps, one for
 *    each record that is not an event: `shardId`, `sequenceNumber`, `partitionKey`, `reason`
 *    (strings), `arrivedAt` (timestamp) and `data` (binary), and, if it is one of several in an
 *    aggregated Kinesis record, `subSequenceNumber` (its index there, from 0).
 * 5. *The manifest*: chunks of type 0x80, last in the file. Their bodies, concatenated, are a map
 *    and the trailer. The keys of the map are
 *    `format` (1), `program` (name and version of the writer), `stream`, `client` (strings),
 *    `createdAt` (timestamp), `events` (count), `bytes` (size of all events, uncompressed),
 *    `sha256` (of all events, uncompressed, in the order of the file; hexadecimal), `quarantined`
 *    (count), `quarantineBytes` (size of the quarantine's maps), `quarantineCrc32c` (of their
 *    bytes), `intent` (string, may be absent), and `shards`, a map from shard to `previous` (the
 *    last sequence number archived before this file, nil if none was), `first`, `last` (sequence
 *    numbers as decimal strings), `events`, `quarantined` (counts), `firstArrival`, `lastArrival`
 *    (timestamps). Readers ignore unknown keys.
 * 6. *The trailer*: the last 18 bytes of the file and of the last chunk, a MessagePack extension
 *    of type 84 and 16 bytes: `d8 54`, the ASCII letters `TRITON`, 0, 1; the size of part 5 in
 *    bytes, from the header of its first chunk to the end of the file (32 bits, big-endian); and
 *    the CRC-32C of part 5 without these last four bytes (32 bits, big-endian, not masked).
 *
 * Stream identifiers cost 10 bytes per group and mark where reading can continue after damage, as in
 * the files of go-triton, which has one before every flush. Bodies of skippable chunks have at most
 * 65,535 bytes, because some decoders reject longer ones.
 *
 * @module
 */

import { encodeChunk, encodeHeader, STREAM_IDENTIFIER } from "../snappy/chunks.ts";

/** Type of the opening and manifest chunks. */
export const MANIFEST = 0x80;
/** Type of the quarantine chunks. */
export const QUARANTINE = 0x81;
/** The longest body of a manifest or quarantine chunk, in bytes. */
export const MAX_SKIPPABLE_BODY = 65_535;
/** Version of the layout. */
export const FORMAT_VERSION = 1;

/** Size of the trailer in bytes. */
export const TRAILER_SIZE = 18;
/** The start of the trailer: extension of 16 bytes and type 84, `TRITON`, 0, 1. */
export const TRAILER_MAGIC: Uint8Array = Uint8Array.of(
  ...[0xd8, 0x54],
  ...new TextEncoder().encode("TRITON"),
  ...[0, FORMAT_VERSION],
);

/** The chunk that promises a manifest: the map `{"triton": 1}`. */
export const OPENING: Uint8Array = encodeChunk(
  MANIFEST,
  Uint8Array.of(0x81, 0xa6, ...new TextEncoder().encode("triton"), FORMAT_VERSION),
);

/**
 * The empty archive: a stream identifier, 10 bytes.
 *
 * It blocks its key: no other archive can be written there. Readers skip it.
 */
export const EMPTY_ARCHIVE: Uint8Array = STREAM_IDENTIFIER.slice();

/**
 * The largest event that readers accept: 64 MiB. Kinesis accepts records of up to 10 MiB.
 */
export const MAX_EVENT_BYTES: number = 64 * 1024 * 1024;

/**
 * Rejects bytes that readers would reject.
 *
 * @param what What the bytes are, for the error.
 * @throws {RangeError} If there are more than {@linkcode MAX_EVENT_BYTES}.
 */
export function checkEventSize(what: string, { length }: Uint8Array): void {
  if (length <= MAX_EVENT_BYTES) return;
  throw new RangeError(`Cannot add ${what}: it has ${length} bytes, more than ${MAX_EVENT_BYTES}`);
}

/**
 * Whether a file is an empty archive: only a stream identifier.
 *
 * A file without any bytes is not an empty archive: readers find no events in it, but no program
 * writes it, so it is the result of a failed upload or of truncation.
 *
 * @example Usage
 * ```ts
 * import { EMPTY_ARCHIVE, isEmptyArchive } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(isEmptyArchive(EMPTY_ARCHIVE), true);
 * ```
 * @param file The whole file.
 * @returns Whether it is empty.
 */
export function isEmptyArchive(file: Uint8Array): boolean {
  return file.length === EMPTY_ARCHIVE.length && startsWith(file, EMPTY_ARCHIVE);
}

/**
 * Whether a file promises, in its first 23 bytes, to end with a manifest.
 *
 * Archives written by this library do. If such a file does not end with a manifest, it was truncated.
 *
 * @param head The first 23 bytes of the file, or more.
 * @returns Whether it promises a manifest.
 */
export function promisesManifest(head: Uint8Array): boolean {
  return startsWith(head, STREAM_IDENTIFIER) &&
    startsWith(head.subarray(STREAM_IDENTIFIER.length), OPENING);
}

/** Whether `bytes` start with `beginning`. */
export function startsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return bytes.length >= beginning.length && beginning.every((byte, i) => byte === bytes[i]);
}

/**
 * Encodes skippable chunks.
 *
 * @param size The longest body, in bytes.
 * @returns The chunks, headers included.
 */
export function encodeSkippable(
  type: number,
  payload: Uint8Array,
  size: number = MAX_SKIPPABLE_BODY,
): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) {
    chunks.push(encodeChunk(type, payload.subarray(at, at + size)));
  }
  return chunks;
}

/**
 * Encodes skippable chunks without copying their contents.
 *
 * @param payload Their contents, in parts of any size.
 * @returns Headers, and views of the payload, in order.
 */
export function skippableParts(type: number, payload: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let left = payload.reduce((sum, { length }) => sum + length, 0);
  let room = 0;
  for (let rest of payload) {
    while (rest.length > 0) {
      if (room === 0) parts.push(encodeHeader(type, room = Math.min(left, MAX_SKIPPABLE_BODY)));
      const part = rest.subarray(0, room);
      parts.push(part);
      rest = rest.subarray(part.length);
      room -= part.length;
      left -= part.length;
    }
  }
  return parts;
}
