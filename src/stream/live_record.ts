/**
 * Records of a live stream.
 *
 * @module
 */

import { decodeEvent } from "../codec/msgpack_decode.ts";
import { TritonError } from "../errors.ts";
import type { KinesisRecord } from "../kinesis/mod.ts";
import type { EventData, SequenceNumber, ShardId, StreamRecord } from "../record.ts";

/** A record whose bytes are known to be an event, decoded when that is first asked for. */
export class LiveRecord implements StreamRecord {
  /** The shard the event was read from. */
  readonly shardId: ShardId;
  readonly #record: KinesisRecord;
  #data: EventData | undefined;

  /** Wraps what Kinesis holds. */
  constructor(shardId: ShardId, record: KinesisRecord) {
    this.shardId = shardId;
    this.#record = record;
  }

  /** The event. */
  get data(): EventData {
    this.#data ??= decodeEvent(this.#record.data);
    return this.#data;
  }

  /** The event's MessagePack bytes, exactly as they were put. */
  get raw(): Uint8Array {
    return this.#record.data;
  }

  /** The event's position in its shard. */
  get sequenceNumber(): SequenceNumber {
    return this.#record.sequenceNumber;
  }

  /** The key that picked the shard. */
  get partitionKey(): string {
    return this.#record.partitionKey;
  }

  /** When Kinesis took the record in, by its own clock. */
  get arrivedAt(): Date {
    return this.#record.arrivedAt;
  }
}

/**
 * Thrown when a record of a stream is not an event: its bytes are not one MessagePack map whose
 * keys are strings. The record is all there, for a caller that knows what else it may be.
 */
export class InvalidRecordError extends TritonError {
  /** The stream's name. */
  readonly stream: string;
  /** The shard that holds the record. */
  readonly shardId: ShardId;
  /** The record's position in its shard. */
  readonly sequenceNumber: SequenceNumber;
  /** The key that picked the shard. */
  readonly partitionKey: string;
  /** When Kinesis took the record in, by its own clock. */
  readonly arrivedAt: Date;
  /** The record's bytes, exactly as they were put. */
  readonly raw: Uint8Array;

  /**
   * Creates an error.
   *
   * @param place The stream and the shard.
   * @param record The record.
   * @param cause What is wrong with its bytes.
   */
  constructor(
    place: { readonly stream: string; readonly shardId: ShardId },
    record: KinesisRecord,
    cause: unknown,
  ) {
    const { sequenceNumber } = record;
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `Cannot read record ${sequenceNumber} of shard "${place.shardId}" of stream ` +
        `"${place.stream}": it is not an event (${why})`,
      { cause },
    );
    this.stream = place.stream;
    this.shardId = place.shardId;
    this.sequenceNumber = sequenceNumber;
    this.partitionKey = record.partitionKey;
    this.arrivedAt = record.arrivedAt;
    this.raw = record.data;
  }
}
