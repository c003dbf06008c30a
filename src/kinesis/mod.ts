/**
 * Kinesis behind an interface, {@linkcode KinesisApi}: {@linkcode openKinesis} opens the service
 * through the AWS SDK, and {@linkcode MemoryKinesis} is its twin for tests.
 *
 * Besides, what reading a stream takes: {@linkcode pollShard} reads one shard,
 * {@linkcode listAllShards} lists them, {@linkcode ShardTree} knows their order,
 * {@linkcode findPositions} finds what stands for a time, and {@linkcode deaggregate} takes apart what
 * the Kinesis Producer Library has aggregated. `openStream` of `@triton/triton` does all of that.
 *
 * @module
 */

export type { Clock } from "../base/clock.ts";
export { ConfigError, KinesisError, ServiceError, TritonError } from "../base/errors.ts";
export type { SequenceNumber, ShardId } from "../base/record.ts";
export type {
  GetRecordsOptions,
  KinesisApi,
  KinesisRecord,
  PutEntry,
  PutResult,
  RecordBatch,
  RecordPiece,
  RequestOptions,
  Shard,
  StartPosition,
  StreamDescription,
  TimedResponse,
} from "./kinesis_api.ts";
export {
  type KinesisOperation,
  MemoryKinesis,
  type MemoryKinesisOptions,
} from "./memory/memory_kinesis.ts";
export { findPositions, type FindPositionsOptions } from "./find_positions.ts";
export {
  type KinesisCredentials,
  openKinesis,
  type OpenKinesisOptions,
} from "./sdk/open_kinesis.ts";
export { SdkKinesis } from "./sdk/sdk_kinesis.ts";
export { pollShard, type PollShardOptions, type TrimmedPosition } from "./poll_shard.ts";
export { ReadBudget, type ReadShare } from "./read_budget.ts";
export type { RetryEvent, RetryingOptions } from "../base/retry.ts";
export { ServiceTime } from "./service_time.ts";
export { listAllShards } from "./shard_list.ts";
export { planShards, type PlanShardsOptions, ShardTree } from "./shard_tree.ts";
export { Turns } from "./turns.ts";
export { parseStartPosition } from "./start_position.ts";
export { deaggregate, type UserRecord, UserRecords } from "./user_records.ts";
