/**
 * Kinesis behind an interface, over the AWS SDK and in memory, and reading one shard.
 *
 * @module
 */

export { KinesisError } from "../base/errors.ts";
export type { EventRun } from "../codec/event_run.ts";
export type {
  GetRecordsOptions,
  KinesisApi,
  KinesisRecord,
  PackedRun,
  PutEntry,
  PutResult,
  RecordBatch,
  RecordPiece,
  Records,
  RequestOptions,
  Shard,
  StartPosition,
  StreamDescription,
  StreamSummary,
  TimedResponse,
} from "./kinesis_api.ts";
export {
  type KinesisOperation,
  MemoryKinesis,
  type MemoryKinesisOptions,
} from "./memory/memory_kinesis.ts";
export { findPositions, type FindPositionsOptions, heldSince } from "./find_positions.ts";
export {
  type KinesisCredentials,
  openKinesis,
  type OpenKinesisOptions,
} from "./sdk/open_kinesis.ts";
export { SdkKinesis } from "./sdk/sdk_kinesis.ts";
export { pollShard, type PollShardOptions } from "./poll_shard.ts";
export type { TrimmedPosition } from "./shard_iterator.ts";
export { ReadBudget, type ReadShare } from "./read_budget.ts";
export { isAccessCode, isRetryable } from "../aws/error_codes.ts";
export type { RetryEvent, RetryingOptions } from "../base/retry.ts";
export { ServiceTime } from "../aws/service_time.ts";
export { findStreams, type FindStreamsOptions } from "./find_streams.ts";
export { listAllShards } from "./shard_list.ts";
export { type TurnLine, Turns } from "./turns.ts";
export { type FirstPosition, parseStartPosition } from "../base/settings/start_position.ts";
export { deaggregate, type UserRecord, UserRecords } from "./user_records.ts";
