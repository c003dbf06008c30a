/**
 * Kinesis behind an interface, {@linkcode KinesisApi}: {@linkcode openKinesis} opens the service
 * through the AWS SDK, and {@linkcode MemoryKinesis} is an in-memory implementation for tests.
 *
 * It also has the parts for reading a stream: {@linkcode pollShard} reads one shard,
 * {@linkcode listAllShards} lists the shards, {@linkcode ShardTree} knows their order,
 * {@linkcode findPositions} finds the positions for a time, and {@linkcode deaggregate} splits records
 * that the Kinesis Producer Library has aggregated. `openStream` of `@triton/triton` does all of that.
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
