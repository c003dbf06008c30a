/**
 * Triton archives Kinesis streams to S3 and reads both back.
 *
 * Start with one of these functions:
 *
 * - {@linkcode openGroup} reads a live stream as one of several processes that share it, at least once
 *   or, with effects in a database, exactly once.
 * - {@linkcode openStream} reads a live stream, {@linkcode openCheckpointer} saves its positions, and
 *   {@linkcode openWriter} puts records into a stream.
 * - {@linkcode openArchive} reads an archive, including files of go-triton and triton-python.
 * - {@linkcode openHistory} starts at a time in the past: it reads the archive first and then continues
 *   with the live stream, each record once.
 *
 * All three readers accept a `schema` of zod, valibot, arktype or any other Standard Schema, which
 * validates and types `data`. Without a schema, {@linkcode getString} and similar functions read
 * nested values. Streams have their names in Kinesis, or names from a configuration:
 * {@linkcode loadConfig}.
 *
 * {@linkcode Archiver} archives a stream, and {@linkcode ArchiverHost}, which `triton store` runs, any
 * number of streams. {@linkcode verifyArchive} proves that an archive is whole, and
 * {@linkcode setPositions} moves saved positions.
 *
 * The AWS SDK and the database drivers are loaded on first use. A program that needs only one of these
 * parts can import just that: `@triton/triton/config`, `/kinesis`, `/archive` and `/checkpoint`, which
 * also export lower-level functions, such as polling one shard. `/codec` encodes and decodes events.
 * `/testing` is for testing programs that use Triton: in-memory services, virtual time, and fault
 * injection.
 *
 * @example Archive a stream and read it back
 * ```ts
 * import { Archiver, MemoryKinesis, MemoryLedger, MemoryObjectStore } from "@triton/triton";
 * import { openArchive, systemClock } from "@triton/triton";
 * import { encodeEvent } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 *
 * const kinesis = new MemoryKinesis(); // or: await openKinesis({ region: "us-west-1" })
 * kinesis.createStream("clicks_prod");
 * await kinesis.putRecords("clicks_prod", [
 *   { partitionKey: "ada", data: encodeEvent({ user: "ada", page: "/" }) },
 * ]);
 *
 * const store = new MemoryObjectStore(); // or: await openObjectStore("s3://triton-prod")
 * const ledger = new MemoryLedger("clicks_prod"); // or: await openLedger("postgres://...", ...)
 * const stop = new AbortController();
 * const archiver = new Archiver({ kinesis, store, ledger, clock: systemClock }, {
 *   rotateMs: 100,
 *   onFile: () => stop.abort(), // here after the first file; in a program, at SIGTERM
 * });
 * await archiver.run(stop.signal);
 *
 * await using archive = openArchive(store, { stream: "clicks_prod", from: new Date() });
 * for await (const { data } of archive) deepEqual(data, { user: "ada", page: "/" });
 * ```
 *
 * @module
 */

export {
  ArchiveFormatError,
  CheckpointError,
  ConfigError,
  type ConfigErrorOptions,
  KinesisError,
  ObjectStoreError,
  ServiceError,
  type ServiceErrorOptions,
  TritonError,
} from "./src/base/errors.ts";
export {
  type ArchiveRecord,
  compareSequenceNumbers,
  type EventData,
  type SequenceNumber,
  type ShardId,
  type StartPosition,
  type StreamRecord,
  type TritonRecord,
} from "./src/base/record.ts";
export { InvalidRecordError, type OnInvalid, type RecordFault } from "./src/base/invalid_record.ts";
export type { RecordIssue, RecordSchema, RecordSchemaResult } from "./src/base/schema.ts";
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
} from "./src/base/values.ts";
export { type Clock, systemClock, VirtualClock } from "./src/base/clock.ts";
export { VERSION } from "./src/base/version.ts";

export {
  type ArchiveSettings,
  Config,
  type FirstPosition,
  loadConfig,
  type LoadConfigOptions,
  parseConfig,
  type ParseConfigOptions,
  type StreamConfig,
} from "./src/config/mod.ts";

export {
  deaggregate,
  findPositions,
  type FindPositionsOptions,
  findStreams,
  type FindStreamsOptions,
  type GetRecordsOptions,
  type KinesisApi,
  type KinesisCredentials,
  type KinesisOperation,
  type KinesisRecord,
  MemoryKinesis,
  type MemoryKinesisOptions,
  openKinesis,
  type OpenKinesisOptions,
  type PollShardOptions,
  type PutEntry,
  type PutResult,
  type RecordBatch,
  type RequestOptions,
  type RetryEvent,
  type RetryingOptions,
  ServiceTime,
  type Shard,
  type StreamDescription,
  type StreamSummary,
  type TimedResponse,
  type TrimmedPosition,
  type UserRecord,
  UserRecords,
} from "./src/kinesis/mod.ts";
export {
  type AutoCheckpointOptions,
  type BatchOptions,
  commitIn,
  Group,
  type GroupBatch,
  type GroupEvent,
  type GroupOptions,
  type GroupPlace,
  type GroupServices,
  type GroupShardStatus,
  type GroupStatus,
  type IdleOptions,
  InvalidStreamRecordError,
  type LossReason,
  type MonitoredOptions,
  type OnPoison,
  openGroup,
  type OpenGroupOptions,
  openStream,
  type OpenStreamOptions,
  openWriter,
  type OpenWriterOptions,
  PartitionKeyError,
  partitionKeyOf,
  type PartStatus,
  type ProgramMonitor,
  PutRecordError,
  type ReadShardStatus,
  type RecordCheckOptions,
  type RecordHandler,
  type RunOptions,
  type ShardFetcherOptions,
  type ShardStarts,
  type StreamAddress,
  type StreamFetcherOptions,
  StreamReader,
  type StreamReaderOptions,
  type StreamStart,
  StreamWriter,
  type StreamWriterOptions,
  type Synchronous,
  type TransactOptions,
  type WriterAddress,
} from "./src/stream/mod.ts";
export {
  type EffectsOutcome,
  type GroupEffects,
  type GroupEnd,
  type GroupFence,
  type GroupMember,
  type GroupMove,
  type GroupPosition,
  type GroupShard,
  type GroupSource,
  type GroupTable,
  type GroupTarget,
  MemoryEffects,
  MemoryGroup,
  type MemoryGroupOptions,
  MemoryTransaction,
  type MovedShard,
  type RunEffectsOptions,
} from "./src/shards/group/mod.ts";
export {
  type ArchiveBlock,
  type ArchiveDamage,
  type ArchiveDate,
  type ArchivedQuarantine,
  type ArchivedShard,
  type ArchiveEnd,
  type ArchiveEntry,
  type ArchiveFileDamage,
  type ArchiveKey,
  type ArchiveKnowledge,
  type ArchiveProblem,
  ArchiveReader,
  type ArchiveReaderOptions,
  type ArchiveReport,
  type ArchiveSelection,
  type EventCheckOptions,
  InvalidArchiveRecordError,
  type KeyedArchiveBlock,
  type KnownCheckpoint,
  listAllArchives,
  type ListAllArchivesOptions,
  listArchives,
  type ListArchivesOptions,
  listQuarantine,
  type ListQuarantineOptions,
  newestArchived,
  type NewestArchivedOptions,
  openArchive,
  type OpenArchiveOptions,
  type QuarantinedRecord,
  type ReadManifestsOptions,
  type RecordedGap,
  type RecordedMove,
  verifyArchive,
  type VerifyArchiveOptions,
  type WholeArchiveSelection,
} from "./src/archive/mod.ts";
export {
  type HistoryGap,
  HistoryGapError,
  HistoryReader,
  type HistoryReaderOptions,
  type HistoryRecord,
  type HistoryServices,
  type OnGap,
  openHistory,
  type OpenHistoryOptions,
} from "./src/history/mod.ts";
export {
  type BucketSettings,
  type ByteRange,
  DirectoryObjectStore,
  type EndpointSettings,
  type FoldersOptions,
  type GetOptions,
  type HeadOptions,
  type ListOptions,
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
  type ObjectBody,
  type ObjectContent,
  type ObjectInfo,
  type ObjectRequest,
  type ObjectStore,
  type OpenedObjectStore,
  openObjectStore,
  type OpenObjectStoreOptions,
  type PutOptions,
  type RequestSettings,
  type S3Options,
  type ServerSideEncryption,
} from "./src/objects/mod.ts";
export {
  type ArchivedPosition,
  type ArchiveIntent,
  type ArchiveLedger,
  type ArchiveMove,
  type Checkpoint,
  type Checkpointer,
  type ClientGap,
  type ClientMove,
  type ClientShard,
  type Gap,
  type IntendedRange,
  type LeaseTable,
  type LeaseTables,
  type LedgerReport,
  type Ledgers,
  type LedgerShard,
  MemoryCheckpointer,
  type MemoryCheckpointerOptions,
  MemoryLedger,
  MemoryLedgers,
  type MovedPosition,
  type MoveStoreOptions,
  type NewShard,
  type NewStart,
  openCheckpointer,
  type OpenCheckpointerOptions,
  openLedger,
  type OpenLedgerOptions,
  openLedgers,
  type OpenLedgersOptions,
  readLedger,
  type ReadLedgerOptions,
  type Renewal,
  setPositions,
  type SetPositionsOptions,
  type ShardPosition,
  type SqliteDatabase,
  type SqliteStatement,
  type TableKey,
  type TableShard,
} from "./src/exports/checkpoint.ts";
export {
  type ArchivedFile,
  Archiver,
  ArchiverHost,
  ArchiverMonitor,
  type ArchiverMonitorOptions,
  type ArchiverOptions,
  type ArchiverServices,
  type ArchiverStatus,
  type CloseReason,
  type DownStream,
  type GaugeName,
  type GaugeResult,
  type HostedFailure,
  type HostedOptions,
  type HostedStatus,
  type HostOptions,
  type HostServices,
  type HostStatus,
  type MemoryUser,
  type MetricAttributes,
  type MetricCounter,
  type MetricGauge,
  type MetricOptions,
  type MetricSink,
  type Observation,
  type OpenFileStatus,
  type RecentError,
  type RecentFile,
  type ServiceName,
  type ServiceStatus,
  type ShardStatus,
  SharedLeases,
  type SharedLeasesOptions,
  type SharedLeasesServices,
  type SharedMemory,
  type SharedMemoryOptions,
  type SharedWork,
  type SharedWorkOptions,
  shareWork,
  StreamsDownError,
  type Unarchived,
  type Upload,
  type UploadSlots,
} from "./src/archiver/mod.ts";
export {
  type Monitor,
  openMonitor,
  type OpenMonitorOptions,
} from "./src/monitor/program/open_monitor.ts";
