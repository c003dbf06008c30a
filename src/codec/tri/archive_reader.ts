import { ArchiveDecoder } from "./archive_decoder.ts";
import { type ArchiveBlock, eventsIn } from "./archive_events.ts";
import type { ReadArchiveOptions } from "./archive_options.ts";
import { type ByteSource, piecesOf } from "../byte_source.ts";

/**
 * Reads the events of an archive, many at a time.
 *
 * Reads everything that Triton and other programs have written: events that span chunks, stream
 * identifiers inside the file, stored chunks, padding and skippable chunks, several archives one
 * after the other, and an empty file. Memory is bounded, whatever the file claims: one chunk, one
 * piece of the source, and one event of at most 64 MiB.
 *
 * Truncation of an archive of this library is detected anywhere after its first 10 bytes; that of
 * another program's only inside a chunk or an event.
 *
 * @example Usage
 * ```ts
 * import { ArchiveBuilder, decodeEvent, eventsIn, readArchiveBlocks } from "@triton/triton/codec";
 * import type { SequenceNumber, ShardId } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 * const builder = new ArchiveBuilder();
 * const position = { sequenceNumber: "1" as SequenceNumber, arrivedAt: new Date() };
 * builder.add("shardId-000000000000" as ShardId, position, Uint8Array.of(0x81, 0xa1, 0x61, 1));
 * const file = builder.finish({
 *   stream: "clicks_prod",
 *   client: "store",
 *   createdAt: new Date(),
 *   program: "triton 0.1.0",
 *   previous: new Map(),
 * });
 * for await (const block of readArchiveBlocks(file)) {
 *   for (const event of eventsIn(block)) deepEqual(decodeEvent(event), { a: 1 });
 * }
 * ```
 * @param source The file's bytes, in pieces of any size.
 * @param options How to read.
 * @returns The events in the order of the file, one block per chunk.
 * @throws {ArchiveFormatError} With an offset in the file, after all events before it, if the file
 * is damaged or truncated, or does not match its manifest.
 */
export async function* readArchiveBlocks(
  source: ByteSource,
  options: ReadArchiveOptions = {},
): AsyncGenerator<ArchiveBlock, void, void> {
  const decoder = new ArchiveDecoder(options);
  for await (const piece of piecesOf(source)) yield* decoder.push(piece);
  yield* decoder.end();
}

/**
 * Reads the events of an archive, one at a time.
 *
 * Simpler than {@linkcode readArchiveBlocks}, but slower for small events.
 *
 * @param source The file's bytes, in pieces of any size.
 * @param options How to read.
 * @returns The MessagePack bytes of each event, in the order of the file.
 * @throws {ArchiveFormatError} As {@linkcode readArchiveBlocks} does.
 */
export async function* readArchiveEvents(
  source: ByteSource,
  options: ReadArchiveOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  for await (const block of readArchiveBlocks(source, options)) yield* eventsIn(block);
}
