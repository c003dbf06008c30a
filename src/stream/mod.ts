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
export type { ShardStarts, StreamStart } from "../shards/stream_start.ts";
export type { ShardFetcherOptions } from "./shard_fetcher.ts";
export type { StreamFetcherOptions } from "./stream_fetcher.ts";
export { PutRecordError } from "./writer/batch_sender.ts";
export { openWriter, type OpenWriterOptions, type WriterAddress } from "./writer/open_writer.ts";
export { PartitionKeyError, partitionKeyOf } from "../kinesis/partition_key.ts";
export { StreamWriter, type StreamWriterOptions } from "./writer/stream_writer.ts";
export { readStreamState, type StreamState } from "./stream_state.ts";
export { descendantsOf } from "../kinesis/shard_list.ts";
export { learnTime } from "../kinesis/learn_time.ts";
export { ServiceTime } from "../kinesis/mod.ts";
