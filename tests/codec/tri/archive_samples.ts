import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { uncompress } from "snappyjs";
import { ArchiveBuilder, type ArchiveHeader } from "../../../src/codec/tri/archive_builder.ts";
import type { ReadArchiveOptions } from "../../../src/codec/tri/archive_options.ts";
import type { ArchiveManifest } from "../../../src/codec/tri/archive_manifest.ts";
import {
  type QuarantinedRecord,
  readQuarantine,
} from "../../../src/codec/tri/archive_quarantine.ts";
import { readArchiveEvents } from "../../../src/codec/tri/archive_reader.ts";
import { readManifest } from "../../../src/codec/tri/archive_tail.ts";
import type { ByteSource } from "../../../src/codec/byte_source.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { crc32c, maskCrc32c } from "../../../src/codec/snappy/crc32c.ts";
import { encodeEvent } from "../../../src/codec/msgpack/encode.ts";
import type { SequenceNumber, ShardId } from "../../../src/base/record.ts";

/** The stream identifier, written out. */
export const ID = Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59);

export const HEADER: ArchiveHeader = {
  stream: "clicks_prod",
  client: "store",
  createdAt: new Date("2015-07-10T18:39:41Z"),
  program: "triton test",
  previous: new Map(),
};

/** A chunk of any type and body, built without the code under test. */
export function chunk(type: number, body: Uint8Array | readonly number[]): Uint8Array {
  return concatBytes([
    Uint8Array.of(type, body.length, body.length >> 8, body.length >> 16),
    Uint8Array.from(body),
  ]);
}

/** A stored chunk. */
export function stored(data: Uint8Array): Uint8Array {
  return chunk(1, concatBytes([checksum(data), data]));
}

/** The masked checksum of data, as in a chunk. */
export function checksum(data: Uint8Array): Uint8Array {
  const crc = maskCrc32c(crc32c(data));
  return Uint8Array.of(crc, crc >>> 8, crc >>> 16, crc >>> 24);
}

export function shard(number: number): ShardId {
  return `shardId-${String(number).padStart(12, "0")}` as ShardId;
}

export function position(number: number): { sequenceNumber: SequenceNumber; arrivedAt: Date } {
  return {
    sequenceNumber: String(number) as SequenceNumber,
    arrivedAt: new Date(Date.UTC(2015, 6, 10) + number),
  };
}

/** An event of exactly `size` bytes, at least 8, that does not compress. */
export function eventOf(size: number, seed: number = size): Uint8Array {
  // Longer keys fill the gaps where the length of binary takes more bytes.
  for (const key of ["d", "dd", "ddd"]) {
    for (const overhead of [5, 6, 8]) {
      const event = encodeEvent({ [key]: noise(size - key.length - overhead + 1, seed) });
      if (event.length === size) return event;
    }
  }
  throw new Error(`no event has ${size} bytes`);
}

function noise(size: number, seed: number): Uint8Array {
  const data = new Uint8Array(size);
  for (let i = 0, x = seed + 1; i < data.length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    data[i] = x >>> 16;
  }
  return data;
}

/** An archive of events, each with the number of its shard. */
export function archiveOf(events: readonly (readonly [shard: number, Uint8Array])[]): Uint8Array {
  const builder = new ArchiveBuilder();
  events.forEach(([number, event], i) => builder.add(shard(number), position(i), event));
  return builder.finish(HEADER);
}

/** A file like those of other programs: the bytes of the events are split into chunks anywhere. */
export function foreign(events: readonly Uint8Array[], sizes: readonly number[]): Uint8Array {
  const chunks = Array.from(cut(concatBytes(events), sizes), (piece) => stored(piece));
  return concatBytes([ID, ...chunks]);
}

/** All events of a source. */
export async function eventsOf(
  source: ByteSource,
  options?: ReadArchiveOptions,
): Promise<Uint8Array[]> {
  const events: Uint8Array[] = [];
  for await (const event of readArchiveEvents(source, options)) events.push(event);
  return events;
}

/** The events of a source up to the first error, and that error. */
export async function readUntilError(
  source: ByteSource,
): Promise<{ events: Uint8Array[]; error: unknown }> {
  const events: Uint8Array[] = [];
  try {
    for await (const event of readArchiveEvents(source)) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

/** Pieces of bytes, split anywhere and overwritten after use, like the buffer of a reader. */
export function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : sizes[i % sizes.length]!;
    const piece = bytes.slice(at, at + size);
    yield piece;
    piece.fill(0xee);
    at += size;
  }
}

/** Sizes of pieces, at least one of them positive. */
export const pieceSizes: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 100_000 }));

/** The chunks of a file, split without the code under test. */
export function chunksOf(file: Uint8Array): { type: number; body: Uint8Array; data: Uint8Array }[] {
  const chunks = [];
  for (let at = 0; at < file.length;) {
    const size = file[at + 1]! | (file[at + 2]! << 8) | (file[at + 3]! << 16);
    const [type, body] = [file[at]!, file.subarray(at + 4, at + 4 + size)];
    equal(body.length, size);
    const data = type === 0
      ? uncompress(body.slice(4))
      : type === 1
      ? body.subarray(4)
      : new Uint8Array(0);
    chunks.push({ type, body, data });
    at += 4 + size;
  }
  return chunks;
}

export function manifestOf(file: Uint8Array): ArchiveManifest {
  const search = readManifest(file, file.length);
  ok(search.type === "found");
  return search.manifest;
}

export function badRecord(number: number, data: Uint8Array): QuarantinedRecord {
  return {
    shardId: shard(number % 3),
    ...position(number),
    partitionKey: `key ${number}`,
    reason: "it begins with 0x7b, not as a map",
    data,
  };
}

export async function quarantineOf(
  file: Uint8Array,
  sizes: number[] = [],
): Promise<QuarantinedRecord[]> {
  const records: QuarantinedRecord[] = [];
  for await (const record of readQuarantine(cut(file, sizes))) records.push(record);
  return records;
}

/** The contents of an event, or the size of one that does not compress. */
export type EventSpec = number | Record<string, unknown>;

export function eventFrom(spec: EventSpec): Uint8Array {
  return typeof spec === "number" ? eventOf(spec) : encodeEvent(spec);
}

/** Any event: some small, some around the size of a chunk, some of several chunks. */
export const anyEvent: fc.Arbitrary<EventSpec> = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(fc.string(), fc.jsonValue()) },
  { weight: 3, arbitrary: fc.integer({ min: 9, max: 40_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_550 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_536, max: 300_000 }) },
);
