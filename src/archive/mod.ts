/**
 * Reading archived records, from S3, a directory or memory.
 *
 * {@linkcode openArchive} yields the records of a stream over a range of days. Beneath it,
 * {@linkcode listArchives} lists the files, {@linkcode readManifests} tells what each says of itself,
 * {@linkcode listQuarantine} finds the records that are not events, and {@linkcode verifyArchive}
 * proves that nothing is missing. {@linkcode openObjectStore} opens a bucket or a directory by its
 * URL, and {@linkcode MemoryObjectStore} is there for tests.
 *
 * This entry point never loads the Kinesis client, and the S3 client only when S3 is read.
 *
 * @module
 */

export { openArchive, type OpenArchiveOptions } from "./open_archive.ts";
export {
  type ArchiveFileDamage,
  ArchiveReader,
  type ArchiveReaderOptions,
  type KeyedArchiveBlock,
} from "./archive_reader.ts";
export { type EventCheckOptions, InvalidArchiveRecordError } from "./archive_record.ts";
export { InvalidRecordError, type OnInvalid, type RecordFault } from "../invalid_record.ts";
export type { RecordIssue, RecordSchema, RecordSchemaResult } from "../schema.ts";
export {
  getArray,
  getBigInt,
  getBoolean,
  getBytes,
  getDate,
  getMap,
  getNumber,
  getString,
  getValue,
  type ValuePath,
} from "../values.ts";
export type { ArchiveEntry } from "./archive_entry.ts";
export { type ArchiveSelection, listArchives, type ListArchivesOptions } from "./list_archives.ts";
export {
  listAllArchives,
  type ListAllArchivesOptions,
  type WholeArchiveSelection,
} from "./list_all_archives.ts";
export { type InspectedArchive, readManifests, type ReadManifestsOptions } from "./manifests.ts";
export { type ArchiveKnowledge, verifyArchive, type VerifyArchiveOptions } from "./verify.ts";
export type { ArchivedShard, ArchiveReport } from "./verify_report.ts";
export type { ArchiveProblem } from "./chains.ts";
export type { RecordedGap } from "./recorded_gaps.ts";
export type { RecordedMove } from "./recorded_moves.ts";
export type { KnownCheckpoint } from "./survey.ts";
export { type ArchiveEnd, newestArchived, type NewestArchivedOptions } from "./newest_archived.ts";
export {
  type ArchivedQuarantine,
  listQuarantine,
  type ListQuarantineOptions,
} from "./quarantined.ts";
export type { ArchiveDate } from "./days.ts";
export type { ArchiveManifest, ManifestShard, ShardRange } from "../codec/archive_manifest.ts";
export type { QuarantinedRecord } from "../codec/archive_quarantine.ts";
export type { ArchiveBlock } from "../codec/archive_events.ts";
export type { ArchiveDamage } from "../codec/archive_decoder.ts";
export type { ArchiveKey } from "../codec/archive_key.ts";
export type { Clock } from "../clock.ts";
export type { ArchiveRecord, EventData, SequenceNumber, ShardId, TritonRecord } from "../record.ts";
export {
  ArchiveFormatError,
  ObjectStoreError,
  ServiceError,
  type ServiceErrorOptions,
  TritonError,
} from "../errors.ts";
export * from "../objects/mod.ts";
