import fc from "fast-check";
import { ArchiveBuilder, type ArchiveHeader } from "../../src/codec/archive_builder.ts";
import type { ReadArchiveOptions } from "../../src/codec/archive_decoder.ts";
import { readArchiveEvents } from "../../src/codec/archive_reader.ts";
import { type ByteSource, concatBytes } from "../../src/codec/byte_source.ts";
import { encodeEvent } from "../../src/codec/msgpack_encode.ts";
import { crc32c, maskCrc32c } from "../../src/codec/crc32c.ts";
import type { SequenceNumber, ShardId } from "../../src/record.ts";

/** The stream identifier, written out. */
export const ID = Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59);

export const HEADER: ArchiveHeader = {
  stream: "clicks_prod",
  client: "store",
  createdAt: new Date("2015-07-10T18:39:41Z"),
  program: "triton test",
  previous: new Map(),
};

/** A chunk of any type and body, put together without the code under test. */
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

/** The masked checksum of data, as a chunk holds it. */
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

/** An archive of events, each of the shard with its number. */
export function archiveOf(events: readonly (readonly [shard: number, Uint8Array])[]): Uint8Array {
  const builder = new ArchiveBuilder();
  events.forEach(([number, event], i) => builder.add(shard(number), position(i), event));
  return builder.finish(HEADER);
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

/** Pieces of bytes, cut at any places, which are overwritten after use as a reader's buffer is. */
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

/** What an event is made of: its content, or the size of one that does not compress. */
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
