/**
 * Reading archived records, from S3, a directory or memory.
 *
 * {@linkcode openArchive} yields the records of a stream over a range of days. Beneath it,
 * {@linkcode listArchives} lists the files, {@linkcode findArchives} finds them by their keys,
 * {@linkcode readManifests} reads their manifests,
 * {@linkcode listQuarantine} finds the records that are not events, {@linkcode verifyArchive} proves
 * that nothing is missing, and {@linkcode mapArchive} shows what is archived of each shard over time. {@linkcode openObjectStore} opens a bucket or a directory by its
 * URL, and {@linkcode MemoryObjectStore} is there for tests.
 *
 * This entry point never loads the Kinesis client, and the S3 client only when S3 is read.
 *
 * @module
 */

export { openArchive, type OpenArchiveOptions } from "./open_archive.ts";
export { ArchiveReader, type ArchiveReaderOptions } from "./archive_reader.ts";
export type { ArchiveFileDamage, KeyedArchiveBlock } from "./file_blocks.ts";
export { type EventCheckOptions, InvalidArchiveRecordError } from "./archive_record.ts";
export type { RetryEvent } from "../base/retry.ts";
export { InvalidRecordError, type OnInvalid, type RecordFault } from "../base/invalid_record.ts";
export type { RecordIssue, RecordSchema, RecordSchemaResult } from "../base/schema.ts";
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
} from "../base/values.ts";
export type { ArchiveEntry } from "./archive_entry.ts";
export { exportArchives, type ExportArchivesOptions } from "./export_archives.ts";
export type { ExportReport } from "./export/export_table.ts";
export type { TableFormat } from "./export/table_writer.ts";
export type { ParquetCodec } from "./tables/parquet/parquet_codec.ts";
export { TableSchemaError } from "./tables/column_types.ts";
export {
  type ArchiveSelection,
  listArchives,
  type ListArchivesOptions,
} from "./listing/list_archives.ts";
export {
  listAllArchives,
  type ListAllArchivesOptions,
  type WholeArchiveSelection,
} from "./listing/list_all_archives.ts";
export { type ArchivePart, parsePart } from "./listing/part.ts";
export { isInPart } from "./listing/in_part.ts";
export {
  findArchives,
  type FindArchivesOptions,
  type KeyList,
  type NamedKey,
} from "./listing/find_archives.ts";
export { readKeyLines } from "./listing/key_lines.ts";
export {
  type InspectedArchive,
  readManifests,
  type ReadManifestsOptions,
} from "./verify/manifests.ts";
export { verifyArchive, type VerifyArchiveOptions } from "./verify/verify.ts";
export type { ArchiveKnowledge, JudgedArchiveOptions } from "./verify/judge_archive.ts";
export type { AcceptedGap, ReportedGap } from "./verify/accepted_gaps.ts";
export type { GapAcceptance } from "./verify/gap_id.ts";
export { mapArchive, type MapArchiveOptions, type MapKnowledge } from "./map/map_archive.ts";
export type {
  ArchiveMap,
  MapAmounts,
  MapCell,
  MapFinding,
  MapMark,
  MapRow,
  Reshard,
} from "./map/archive_map.ts";
export type { Lineage } from "./map/resharding.ts";
export type { GridLimits } from "./map/cell_grid.ts";
export type { ArchivedShard, ArchiveReport } from "./verify/verify_report.ts";
export type { ArchiveProblem } from "./verify/chains.ts";
export type { RecordedGap } from "./verify/recorded_gaps.ts";
export type { RecordedMove } from "./verify/recorded_moves.ts";
export type { KnownCheckpoint } from "./verify/survey.ts";
export {
  type ArchiveEnd,
  newestArchived,
  type NewestArchivedOptions,
} from "./listing/newest_archived.ts";
export {
  type ArchivedQuarantine,
  listQuarantine,
  type ListQuarantineOptions,
} from "./quarantined.ts";
export type { ArchiveDate } from "./listing/days.ts";
export type { ArchiveManifest, ManifestShard, ShardRange } from "../codec/tri/archive_manifest.ts";
export type { QuarantinedRecord } from "../codec/tri/archive_quarantine.ts";
export type { ArchiveBlock } from "../codec/tri/archive_events.ts";
export type { ArchiveDamage } from "../codec/tri/archive_decoder.ts";
export type { ArchiveKey } from "../codec/tri/archive_key.ts";
export type { Clock } from "../base/clock.ts";
export type {
  ArchiveRecord,
  EventData,
  SequenceNumber,
  ShardId,
  TritonRecord,
} from "../base/record.ts";
export {
  ArchiveFormatError,
  ObjectStoreError,
  ServiceError,
  type ServiceErrorOptions,
  TritonError,
} from "../base/errors.ts";
export * from "../objects/mod.ts";
