/**
 * Live streams: Kinesis behind an interface, with the AWS SDK behind it and an in-memory twin, and
 * what reading a stream takes: polling a shard, listing shards, the order of shards.
 *
 * @module
 */

export type { Clock } from "../clock.ts";
export { ConfigError, KinesisError, ServiceError, TritonError } from "../errors.ts";
export type { SequenceNumber, ShardId } from "../record.ts";
export type {
  GetRecordsOptions,
  KinesisApi,
  KinesisRecord,
  PutEntry,
  PutResult,
  RecordBatch,
  RequestOptions,
  Shard,
  StartPosition,
  StreamDescription,
} from "./kinesis_api.ts";
export {
  type KinesisOperation,
  MemoryKinesis,
  type MemoryKinesisOptions,
} from "./memory_kinesis.ts";
export { findPositions, type FindPositionsOptions } from "./find_positions.ts";
export { type KinesisCredentials, openKinesis, type OpenKinesisOptions } from "./open_kinesis.ts";
export { SdkKinesis } from "./sdk_kinesis.ts";
export { pollShard, type PollShardOptions } from "./poll_shard.ts";
export { ReadBudget, type ReadShare } from "./read_budget.ts";
export type { RetryEvent, RetryingOptions } from "./retrying.ts";
export { listAllShards } from "./shard_list.ts";
export { planShards, type PlanShardsOptions, ShardTree } from "./shard_tree.ts";
export { parseStartPosition } from "./start_position.ts";
export { deaggregate, type UserRecord, UserRecords } from "./user_records.ts";
