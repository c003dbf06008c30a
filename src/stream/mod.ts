/**
 * Live streams as a program reads and writes them.
 *
 * @module
 */

export type { Checkpointer } from "../checkpoint/checkpointer.ts";
export type { KinesisApi, KinesisCredentials, Shard } from "../kinesis/mod.ts";
export { InvalidStreamRecordError, type RecordCheckOptions } from "./record_checker.ts";
export { openStream, type OpenStreamOptions } from "./open_stream.ts";
export type { StreamAddress } from "./reach_stream.ts";
export type { AutoCheckpointOptions } from "./auto_checkpoint.ts";
export type { IdleOptions } from "./idle.ts";
export { StreamReader, type StreamReaderOptions } from "./stream_reader.ts";
export { commitIn, type GroupBatch } from "./group/batch.ts";
export type { GroupEvent, LossReason } from "./group/events.ts";
export { Group, type Synchronous, type TransactOptions } from "./group/group.ts";
export type {
  BatchOptions,
  GroupOptions,
  GroupServices,
  RunOptions,
} from "./group/group_options.ts";
export type { GroupShardStatus, GroupStatus } from "./group/group_status.ts";
export { type GroupPlace, openGroup, type OpenGroupOptions } from "./group/open_group.ts";
export type { OnPoison } from "./group/poison.ts";
export type { RecordHandler } from "./group/run_in_order.ts";
export type { ShardStarts, StreamStart } from "../shards/stream_start.ts";
export type { ShardFetcherOptions } from "./shard_fetcher.ts";
export type { StreamFetcherOptions } from "./stream_fetcher.ts";
export { PutRecordError } from "./writer/batch_sender.ts";
export { openWriter, type OpenWriterOptions, type WriterAddress } from "./writer/open_writer.ts";
export { PartitionKeyError, partitionKeyOf } from "../kinesis/partition_key.ts";
export { StreamWriter, type StreamWriterOptions } from "./writer/stream_writer.ts";
export { readStreamState, type StreamState } from "./stream_state.ts";
export { descendantsOf } from "../kinesis/descendants.ts";
export { learnTime } from "../kinesis/learn_time.ts";
export { ServiceTime } from "../kinesis/mod.ts";
export { PartWatch } from "./watch/part_watch.ts";
export type {
  MonitoredOptions,
  PartStatus,
  ProgramMonitor,
  ReadShardStatus,
} from "../telemetry/program_monitor.ts";
