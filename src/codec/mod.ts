/**
 * Bytes to values and back: MessagePack, JSON, the Snappy framing format, and the `.tri` archives
 * made of them. Nothing here reads files or speaks to a network.
 *
 * An archive is a stream of the Snappy framing format whose data are MessagePack maps, one an
 * event. {@linkcode ArchiveBuilder} makes one, {@linkcode readArchiveBlocks} and
 * {@linkcode readArchiveEvents} read it, {@linkcode readManifest} reads what it says of itself from
 * its last bytes alone, {@linkcode readQuarantine} the records in it that are not events. The layout
 * of a file, byte by byte, stands at the beginning of `src/codec/archive_format.ts`.
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

export { ArchiveFormatError, TritonError } from "../errors.ts";
export type { EventData, SequenceNumber, ShardId } from "../record.ts";
export { skipEvent, skipMsgpack, validateEvent } from "./msgpack_scan.ts";
export { JsonEventError, parseJsonEvent, type ParseJsonEventOptions } from "./json_parse.ts";
export type { BigIntegers } from "./json_fault.ts";
export { msgpackToJson, NdjsonWriter } from "./json_write.ts";
export { decodeEvent, decodeMsgpack, decodeMsgpackSequence } from "./msgpack_decode.ts";
export { encodeEvent, encodeMsgpack } from "./msgpack_encode.ts";
export { Extension, Timestamp } from "./msgpack_values.ts";
export { ArchiveBuilder, type ArchiveHeader, type RecordPosition } from "./archive_builder.ts";
export { ArchiveDecoder } from "./archive_decoder.ts";
export type { ArchiveDamage, ReadArchiveOptions } from "./archive_options.ts";
export { type ArchiveBlock, eventsIn } from "./archive_events.ts";
export {
  EMPTY_ARCHIVE,
  isEmptyArchive,
  MAX_EVENT_BYTES,
  promisesManifest,
} from "./archive_format.ts";
export { archiveDay, type ArchiveKey, formatArchiveKey, parseArchiveKey } from "./archive_key.ts";
export type { ArchiveManifest, ManifestShard, ShardRange } from "./archive_manifest.ts";
export { type QuarantinedRecord, readQuarantine } from "./archive_quarantine.ts";
export { readArchiveBlocks, readArchiveEvents } from "./archive_reader.ts";
export { type ManifestSearch, readManifest } from "./archive_tail.ts";
export type { ByteSource } from "./byte_source.ts";
export { crc32c } from "./crc32c.ts";
export { Aggregate, type AggregatedRecord, decodeAggregate } from "./kpl_aggregate.ts";
export { decodeSnappyFrames, encodeSnappyFrames } from "./snappy_frames.ts";
