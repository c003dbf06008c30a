/**
 * @module
 */

export { skipEvent, skipMsgpack, validateEvent } from "./msgpack_scan.ts";
export { msgpackToJson, NdjsonWriter } from "./json_write.ts";
export { decodeEvent, decodeMsgpack, decodeMsgpackSequence } from "./msgpack_decode.ts";
export { encodeEvent, encodeMsgpack } from "./msgpack_encode.ts";
export { Extension, Timestamp } from "./msgpack_values.ts";
export { ArchiveBuilder, type ArchiveHeader, type RecordPosition } from "./archive_builder.ts";
export { type ArchiveDamage, ArchiveDecoder, type ReadArchiveOptions } from "./archive_decoder.ts";
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
export { decodeSnappyFrames, encodeSnappyFrames } from "./snappy_frames.ts";
