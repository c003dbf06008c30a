/**
 * What Triton asks of Kinesis.
 *
 * @module
 */

import type { TimedResponse } from "../aws/service_time.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";

export type { StartPosition } from "../base/record.ts";
export type { TimedResponse } from "../aws/service_time.ts";

/** What a stream says of itself. */
export interface StreamDescription extends TimedResponse {
  /** The stream's name. */
  readonly name: string;
  /** `ACTIVE`, `CREATING`, `UPDATING` or `DELETING`. */
  readonly status: string;
  /** When the stream was created. */
  readonly createdAt: Date;
  /** How long the stream keeps a record, in hours. */
  readonly retentionHours: number;
  /** The KMS key that records are encrypted with, where they are and the service says so. */
  readonly encryptionKey?: string | undefined;
  /** The most bytes of one record, where the service says so. */
  readonly maxRecordBytes?: number | undefined;
  /** How many enhanced fan-out consumers are registered, where there are any. */
  readonly fanOutConsumers?: number | undefined;
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

/** One record as Kinesis holds it. */
export interface KinesisRecord {
  /** The record's position in its shard. */
  readonly sequenceNumber: SequenceNumber;
  /** The key that picked the shard. */
  readonly partitionKey: string;
  /** The payload. */
  readonly data: Uint8Array;
  /** When Kinesis took the record in, by its own clock. */
  readonly arrivedAt: Date;
}

/** The response to one GetRecords. */
export interface RecordBatch extends TimedResponse {
  /** Records in order; often none, even where more follow. */
  readonly records: readonly KinesisRecord[];
  /** The iterator to go on with; undefined when the shard was closed and is read to its end. */
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

/** What became of one record of a PutRecords. */
export type PutResult =
  | { readonly ok: true; readonly shardId: ShardId; readonly sequenceNumber: SequenceNumber }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Options of every request. */
export interface RequestOptions {
  /** Gives the request up. */
  readonly signal?: AbortSignal | undefined;
}

/** Records of a response that has not been read to its end. */
export interface RecordPiece extends TimedResponse {
  /** The records, in order: one at least. */
  readonly records: readonly KinesisRecord[];
}

/** Options of {@linkcode KinesisApi.getRecords}. */
export interface GetRecordsOptions extends RequestOptions {
  /** The most records to return: 10,000 unless given, which is also the most there can be. */
  readonly limit?: number;
  /** The shard that the iterator is of, for errors to name: an iterator does not tell. */
  readonly shard?: { readonly stream: string; readonly shardId: ShardId };
  /**
   * Called with records while the response comes, so that it is never in memory as a whole. The response
   * waits until the promise resolves; the records' data is valid until then. What it throws ends the
   * request, and is thrown as it is. A service may return records in the batch as well, or all of
   * them there: those follow the ones that this got. The request may fail after some records were
   * handed over.
   */
  readonly onRecords?: ((piece: RecordPiece) => Promise<void>) | undefined;
}

/**
 * What Triton asks of Kinesis: the part of the service's API that it uses.
 *
 * Each method is one request (`listShards` one a page), without retries of its own. A refusal or a
 * lost connection is a `KinesisError` whose `code` is the service's name for it and whose
 * `retryable` says whether to ask again. An expired iterator has the code
 * `ExpiredIteratorException` and is not retryable: a new iterator is wanted. A request that was
 * aborted rejects with the signal's reason.
 */
export interface KinesisApi {
  /** Asks a stream about itself. */
  describeStream(stream: string, options?: RequestOptions): Promise<StreamDescription>;
  /** Lists all shards of a stream, closed ones included, to the last page. */
  listShards(stream: string, options?: RequestOptions): AsyncGenerator<Shard>;
  /** Gets an iterator, which lives five minutes. */
  getShardIterator(
    shard: { readonly stream: string; readonly shardId: ShardId },
    position: StartPosition,
    options?: RequestOptions,
  ): Promise<string>;
  /** Reads records from an iterator on. */
  getRecords(iterator: string, options?: GetRecordsOptions): Promise<RecordBatch>;
  /** Puts up to 500 records; the results stand in the order of the entries. */
  putRecords(
    stream: string,
    entries: readonly PutEntry[],
    options?: RequestOptions,
  ): Promise<PutResult[]>;
}
