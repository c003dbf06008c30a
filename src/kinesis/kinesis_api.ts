import type { TimedResponse } from "../aws/service_time.ts";
import type { EventRun } from "../codec/event_run.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";

export type { StartPosition } from "../base/record.ts";
export type { TimedResponse } from "../aws/service_time.ts";

/** The description of a stream. */
export interface StreamDescription extends TimedResponse {
  /** The stream's name. */
  readonly name: string;
  /** `ACTIVE`, `CREATING`, `UPDATING` or `DELETING`. */
  readonly status: string;
  /** When the stream was created. */
  readonly createdAt: Date;
  /** How long the stream keeps a record, in hours. */
  readonly retentionHours: number;
  /** The KMS key of encrypted records, if the service reports it. */
  readonly encryptionKey?: string | undefined;
  /** Maximum number of bytes of a record, if the service reports it. */
  readonly maxRecordBytes?: number | undefined;
  /** Number of registered enhanced fan-out consumers, if there are any. */
  readonly fanOutConsumers?: number | undefined;
}

/** What a list of streams says of one of them. */
export interface StreamSummary {
  /** The stream's name. */
  readonly name: string;
  /** `ACTIVE`, `CREATING`, `UPDATING` or `DELETING`, if the service reports it. */
  readonly status?: string | undefined;
}

/** One shard of a stream. */
export interface Shard {
  /** The shard's identifier. */
  readonly id: ShardId;
  /** The shards it was split or merged from: none, one or two. */
  readonly parents: readonly ShardId[];
  /** The lowest sequence number the shard can hold. */
  readonly startingSequenceNumber: SequenceNumber;
  /** The highest sequence number the shard can hold; undefined while it is open. */
  readonly endingSequenceNumber: SequenceNumber | undefined;
}

/** One record of Kinesis. */
export interface KinesisRecord {
  /** The record's position in its shard. */
  readonly sequenceNumber: SequenceNumber;
  /** The key that picked the shard. */
  readonly partitionKey: string;
  /** The payload. */
  readonly data: Uint8Array;
  /** When Kinesis received the record, by its own clock. */
  readonly arrivedAt: Date;
}

/** The response to one GetRecords. */
export interface RecordBatch extends TimedResponse {
  /** Records in order; often none, even if more follow. */
  readonly records: readonly KinesisRecord[];
  /** The next iterator; undefined when the shard was closed and is read to its end. */
  readonly nextIterator: string | undefined;
  /** How far the end of this batch is behind the newest record, in milliseconds. */
  readonly millisBehindLatest: number;
}

/** One record to put. */
export interface PutEntry {
  /** The key that picks the shard, of 1 to 256 characters. */
  readonly partitionKey: string;
  /** The payload. */
  readonly data: Uint8Array;
}

/** The result for one record of a PutRecords. */
export type PutResult =
  | { readonly ok: true; readonly shardId: ShardId; readonly sequenceNumber: SequenceNumber }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Options of every request. */
export interface RequestOptions {
  /** Cancels the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Records in order: an array of them, or packed records, which become objects on access. */
export interface Records extends Iterable<KinesisRecord> {
  /** How many there are. */
  readonly length: number;
  /**
   * Gets one of them.
   *
   * @param index Its place, from 0; -1 is the last.
   */
  at(index: number): KinesisRecord | undefined;
  /** The same records without objects; undefined if they are not packed. */
  readonly packed?: PackedRun | undefined;
}

/** Records without objects. */
export interface PackedRun extends EventRun {
  /** Whether each sequence number is higher than the one before it. */
  readonly isAscending: boolean;
}

/** Records of a response that has not been read to its end. */
export interface RecordPiece extends TimedResponse {
  /** The records, in order: at least one. */
  readonly records: Records;
}

/** Options of {@linkcode KinesisApi.getRecords}. */
export interface GetRecordsOptions extends RequestOptions {
  /** Maximum number of records. Default: 10,000, which is also Kinesis' limit. */
  readonly limit?: number;
  /** The shard of the iterator, for error messages. */
  readonly shard?: { readonly stream: string; readonly shardId: ShardId };
  /**
   * Called with records while the response arrives, so that it is never in memory as a whole. Reading
   * waits until the promise resolves; the records and their data are valid until then. An error that it throws
   * ends the request and is passed on. A service may also return records, or all of them, in the batch:
   * they follow the ones passed here. The request may fail after some records were passed.
   */
  readonly onRecords?: ((piece: RecordPiece) => Promise<void>) | undefined;
}

/**
 * The part of the Kinesis API that Triton uses.
 *
 * Each method is one request (those that list are one per page), without retries. A refusal or a lost
 * connection is a `KinesisError` whose `code` is the service's name for it and whose `retryable` says
 * whether it may be retried. An expired iterator has the code `ExpiredIteratorException` and is not
 * retryable: get a new iterator. A request that was aborted rejects with the signal's reason.
 */
export interface KinesisApi {
  /** Lists the streams of the account in the region, by name, to the last page. */
  listStreams(options?: RequestOptions): AsyncGenerator<StreamSummary>;
  /** Lists the tags of a stream; AWS allows five such requests per second and account. */
  listTags(stream: string, options?: RequestOptions): Promise<ReadonlyMap<string, string>>;
  /** Describes a stream. */
  describeStream(stream: string, options?: RequestOptions): Promise<StreamDescription>;
  /** Lists all shards of a stream, closed ones included, to the last page. */
  listShards(stream: string, options?: RequestOptions): AsyncGenerator<Shard>;
  /** Gets an iterator, which is valid for five minutes. */
  getShardIterator(
    shard: { readonly stream: string; readonly shardId: ShardId },
    position: StartPosition,
    options?: RequestOptions,
  ): Promise<string>;
  /** Reads records at an iterator. */
  getRecords(iterator: string, options?: GetRecordsOptions): Promise<RecordBatch>;
  /** Puts up to 500 records; the results are in the order of the entries. */
  putRecords(
    stream: string,
    entries: readonly PutEntry[],
    options?: RequestOptions,
  ): Promise<PutResult[]>;
}
