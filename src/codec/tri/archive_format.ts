/**
 * The layout of a `.tri` archive: what a file is made of, byte by byte.
 *
 * A file is a stream of the Snappy framing format
 * (https://github.com/google/snappy/blob/main/framing_format.txt). The data of its chunks of type
 * 0x00 and 0x01, joined in order, are MessagePack maps, one an event, with nothing in between.
 * That is all that may be taken for granted of files by other writers: there events span chunks,
 * and stream identifiers, padding and chunks that may be skipped stand anywhere.
 *
 * A file of this library stands like this, in this order:
 *
 * 1. *The stream identifier*, 10 bytes: `ff 06 00 00 73 4e 61 50 70 59`. A file of these alone is
 *    an empty archive.
 * 2. *The opening*, 13 bytes: `80 09 00 00 81 a6 74 72 69 74 6f 6e 01`, a chunk of type 0x80 that
 *    holds the map `{"triton": 1}`, 1 being the version of this layout. It promises that the file
 *    ends with a manifest, so that a file which was cut off is noticed, wherever it was cut after
 *    these 23 bytes.
 * 3. *Events*: any number of groups, each a stream identifier and a data chunk that begins with
 *    the first byte of an event. The chunk holds whole events of one shard, at most 65,536 bytes
 *    of them. An event that is longer fills its group alone: its further bytes are in the data
 *    chunks right after, with nothing in between. Groups of one shard stand in the order of its
 *    records; those of different shards come in any order. A chunk is stored (0x01) unless
 *    compression (0x00) saves an eighth.
 * 4. *Quarantine*: chunks of type 0x81. Their bodies, joined, are MessagePack maps, one for each
 *    record that is not an event: `shardId`, `sequenceNumber`, `partitionKey`, `reason` (strings),
 *    `arrivedAt` (timestamp) and `data` (binary), and, if it is one of several in an aggregated
 *    Kinesis record, `subSequenceNumber` (its place there, from 0).
 * 5. *The manifest*: chunks of type 0x80, last in the file. Their bodies, joined, are a map and
 *    the trailer. The map's keys are
 *    `format` (1), `program` (name and version of the writer), `stream`, `client` (strings),
 *    `createdAt` (timestamp), `events` (count), `bytes` (size of all events, uncompressed),
 *    `sha256` (of all events, uncompressed, in the order of the file; hexadecimal), `quarantined`
 *    (count), `quarantineBytes` (size of the quarantine's maps), `quarantineCrc32c` (of their
 *    bytes), `intent` (string, may be absent), and `shards`, a map from shard to `previous` (the
 *    last sequence number archived before this file, nil if none was), `first`, `last` (sequence
 *    numbers as decimal strings), `events`, `quarantined` (counts), `firstArrival`, `lastArrival`
 *    (timestamps). Readers pass over keys that they do not know.
 * 6. *The trailer*: the last 18 bytes of the file and of the last chunk, a MessagePack extension
 *    of type 84 and 16 bytes: `d8 54`, the ASCII letters `TRITON`, 0, 1; the size of part 5 in
 *    bytes, from the header of its first chunk to the end of the file (32 bits, big-endian); and
 *    the CRC-32C of part 5 without these last four bytes (32 bits, big-endian, not masked).
 *
 * Stream identifiers cost 10 bytes a group and say where reading can begin again after damage, as
 * they do in the files of go-triton, where one stands before every flush. Bodies of chunks that may
 * be skipped have at most 65,535 bytes, because some decoders refuse longer ones.
 *
 * @module
 */

import { encodeChunk, encodeHeader, STREAM_IDENTIFIER } from "../snappy/chunks.ts";

/** Type of the chunks of opening and manifest. */
export const MANIFEST = 0x80;
/** Type of the chunks of quarantine. */
export const QUARANTINE = 0x81;
/** The longest body of a manifest or quarantine chunk, in bytes. */
export const MAX_SKIPPABLE_BODY = 65_535;
/** Version of the layout. */
export const FORMAT_VERSION = 1;

/** Size of the trailer in bytes. */
export const TRAILER_SIZE = 18;
/** What the trailer begins with: extension of 16 bytes and type 84, `TRITON`, 0, 1. */
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
 * The archive without events: a stream identifier, 10 bytes.
 *
 * One under a key says that no archive can be written there any more. Readers pass over it.
 */
export const EMPTY_ARCHIVE: Uint8Array = STREAM_IDENTIFIER.slice();

/**
 * The most bytes that one event may have for readers: 64 MiB. Kinesis takes records of up to 10
 * MiB.
 */
export const MAX_EVENT_BYTES: number = 64 * 1024 * 1024;

/**
 * Refuses what readers would refuse.
 *
 * @param what What the bytes are, for the error.
 * @throws {RangeError} If there are more than {@linkcode MAX_EVENT_BYTES}.
 */
export function checkEventSize(what: string, { length }: Uint8Array): void {
  if (length <= MAX_EVENT_BYTES) return;
  throw new RangeError(`Cannot add ${what}: it has ${length} bytes, more than ${MAX_EVENT_BYTES}`);
}

/**
 * Tells whether a file is an empty archive: a stream identifier alone.
 *
 * A file of no bytes is none: readers find no event in it, but nobody writes one, so that it shows an
 * upload that failed, or somebody who cut it off.
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
 * Tells whether a file promises, by its first 23 bytes, to end with a manifest.
 *
 * Archives of this library do. Where one has no manifest at its end, it was cut off.
 *
 * @param head The first 23 bytes of the file, or more of it.
 * @returns Whether it promises a manifest.
 */
export function promisesManifest(head: Uint8Array): boolean {
  return startsWith(head, STREAM_IDENTIFIER) &&
    startsWith(head.subarray(STREAM_IDENTIFIER.length), OPENING);
}

/** Whether `bytes` begin with `beginning`. */
export function startsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return bytes.length >= beginning.length && beginning.every((byte, i) => byte === bytes[i]);
}

/**
 * Makes chunks that may be skipped.
 *
 * @param type Their type.
 * @param payload What they hold together.
 * @param size The longest body in bytes.
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
 * Makes chunks that may be skipped, without a copy of what they hold.
 *
 * @param type Their type.
 * @param payload What they hold together, in parts of any size.
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
