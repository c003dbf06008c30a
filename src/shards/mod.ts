/**
 * What this room and kinesis/ offer.
 *
 * @module
 */

export type { Clock } from "../base/clock.ts";
export { ConfigError, KinesisError, ServiceError, TritonError } from "../base/errors.ts";
export type { SequenceNumber, ShardId } from "../base/record.ts";
export {
  deaggregate,
  type EventRun,
  findPositions,
  type FindPositionsOptions,
  findStreams,
  type FindStreamsOptions,
  type FirstPosition,
  type GetRecordsOptions,
  type KinesisApi,
  type KinesisCredentials,
  type KinesisOperation,
  type KinesisRecord,
  listAllShards,
  MemoryKinesis,
  type MemoryKinesisOptions,
  openKinesis,
  type OpenKinesisOptions,
  type PackedRun,
  parseStartPosition,
  pollShard,
  type PollShardOptions,
  type PutEntry,
  type PutResult,
  ReadBudget,
  type ReadShare,
  type RecordBatch,
  type RecordPiece,
  type Records,
  type RequestOptions,
  type RetryEvent,
  type RetryingOptions,
  SdkKinesis,
  ServiceTime,
  type Shard,
  type StartPosition,
  type StreamDescription,
  type StreamSummary,
  type TimedResponse,
  type TrimmedPosition,
  type TurnLine,
  Turns,
  type UserRecord,
  UserRecords,
} from "../kinesis/mod.ts";
export { planShards, type PlanShardsOptions } from "./plan_shards.ts";
export { ShardTree } from "./shard_tree.ts";
