import { decodeEvent } from "../codec/msgpack/decode.ts";
import type { UserRecord } from "../kinesis/mod.ts";
import type { EventData, SequenceNumber, ShardId, StreamRecord } from "../base/record.ts";

/** A record whose bytes are an event, decoded on first access. */
export class LiveRecord implements StreamRecord {
  /** The shard the event was read from. */
  readonly shardId: ShardId;
  readonly #record: UserRecord;
  #data: EventData | undefined;

  /** Wraps a record of Kinesis. */
  constructor(shardId: ShardId, record: UserRecord) {
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

  /** The event's place in an aggregated Kinesis record; undefined if it was not aggregated. */
  get subSequenceNumber(): number | undefined {
    return this.#record.subSequenceNumber;
  }

  /** The key that picked the shard. */
  get partitionKey(): string {
    return this.#record.partitionKey;
  }

  /** When Kinesis received the record, by its own clock. */
  get arrivedAt(): Date {
    return this.#record.arrivedAt;
  }
}
