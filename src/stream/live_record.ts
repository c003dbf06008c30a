import { decodeEvent } from "../codec/msgpack/decode.ts";
import type { UserRecord } from "../kinesis/mod.ts";
import type { EventData, SequenceNumber, ShardId, StreamRecord } from "../base/record.ts";

/** A record whose bytes are an event, decoded on first access. */
export class LiveRecord implements StreamRecord {
  readonly shardId: ShardId;
  readonly #record: UserRecord;
  #data: EventData | undefined;

  constructor(shardId: ShardId, record: UserRecord) {
    this.shardId = shardId;
    this.#record = record;
  }

  get data(): EventData {
    this.#data ??= decodeEvent(this.#record.data);
    return this.#data;
  }

  get raw(): Uint8Array {
    return this.#record.data;
  }

  get sequenceNumber(): SequenceNumber {
    return this.#record.sequenceNumber;
  }

  get subSequenceNumber(): number | undefined {
    return this.#record.subSequenceNumber;
  }

  get partitionKey(): string {
    return this.#record.partitionKey;
  }

  get arrivedAt(): Date {
    return this.#record.arrivedAt;
  }
}
