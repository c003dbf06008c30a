/**
 * Encodes and decodes MessagePack, JSON, the Snappy framing format, and `.tri` archives, which
 * combine them. Nothing here reads files or uses the network.
 *
 * An archive is in the Snappy framing format, and its data are MessagePack maps, one per event.
 * {@linkcode ArchiveBuilder} builds one, {@linkcode readArchiveBlocks} and
 * {@linkcode readArchiveEvents} read its events, {@linkcode readManifest} reads the manifest from
 * its last bytes, and {@linkcode readQuarantine} reads its records that are not events. The layout of
 * a file, byte by byte, is at the top of `src/codec/tri/archive_format.ts`.
 *
 * @example Print the events of a file as JSON lines
 * ```ts
 * import { encodeEvent, NdjsonWriter, readArchiveBlocks } from "@triton/triton/codec";
 * import { ArchiveBuilder, type SequenceNumber, type ShardId } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 *
 * const builder = new ArchiveBuilder();
 * const position = { sequenceNumber: "1" as SequenceNumber, arrivedAt: new Date() };
 * builder.add("shardId-000000000000" as ShardId, position, encodeEvent({ type: "click", x: 3 }));
 * const file = builder.finish({
 *   stream: "clicks_prod",
 *   client: "store",
 *   createdAt: new Date(),
 *   program: "example",
 *   previous: new Map(),
 * });
 *
 * const writer = new NdjsonWriter();
 * let lines = "";
 * for await (const block of readArchiveBlocks(file)) {
 *   lines += new TextDecoder().decode(writer.write(block.events));
 * }
 * equal(lines, '{"type":"click","x":3}\n');
 * ```
 *
 * @module
 */

export { ArchiveFormatError, TritonError } from "../base/errors.ts";
export type { EventData, SequenceNumber, ShardId } from "../base/record.ts";
export { skipEvent, skipMsgpack, validateEvent } from "./msgpack/scan.ts";
export { parseJsonEvent, type ParseJsonEventOptions } from "./json/parse.ts";
export { JsonEventError } from "./json/parse_simply.ts";
export type { BigIntegers } from "./json/fault.ts";
export { msgpackToJson, NdjsonWriter } from "./json/write.ts";
export { decodeEvent, decodeMsgpack, decodeMsgpackSequence } from "./msgpack/decode.ts";
export { encodeEvent, encodeMsgpack } from "./msgpack/encode.ts";
export { Extension, Timestamp } from "./msgpack/values.ts";
export { ArchiveBuilder, type ArchiveHeader, type RecordPosition } from "./tri/archive_builder.ts";
export type { EventRun } from "./event_run.ts";
export { ArchiveDecoder } from "./tri/archive_decoder.ts";
export type { ArchiveDamage, ReadArchiveOptions } from "./tri/archive_options.ts";
export { type ArchiveBlock, eventsIn } from "./tri/archive_events.ts";
export {
  EMPTY_ARCHIVE,
  isEmptyArchive,
  MAX_EVENT_BYTES,
  promisesManifest,
} from "./tri/archive_format.ts";
export {
  archiveDay,
  type ArchiveKey,
  formatArchiveKey,
  parseArchiveKey,
} from "./tri/archive_key.ts";
export type { ArchiveManifest, ManifestShard, ShardRange } from "./tri/archive_manifest.ts";
export { type QuarantinedRecord, readQuarantine } from "./tri/archive_quarantine.ts";
export { readArchiveBlocks, readArchiveEvents } from "./tri/archive_reader.ts";
export { type ManifestSearch, readManifest } from "./tri/archive_tail.ts";
export type { ByteSource } from "./byte_source.ts";
export { crc32c } from "./snappy/crc32c.ts";
export { Aggregate, type AggregatedRecord, decodeAggregate } from "./kpl/aggregate.ts";
export { decodeSnappyFrames, encodeSnappyFrames } from "./snappy/frames.ts";
