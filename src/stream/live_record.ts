import { decodeEvent } from "../codec/msgpack/decode.ts";
import { eventForJson } from "../codec/json/event_for_json.ts";
import { makeVisible, valueForJson } from "../codec/json/visible.ts";
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

/** A record whose data is the output of a schema. */
export class TypedRecord<T> implements StreamRecord<T> {
  readonly data: T;
  readonly raw: Uint8Array;
  readonly shardId: ShardId;
  readonly sequenceNumber: SequenceNumber;
  readonly subSequenceNumber: number | undefined;
  readonly partitionKey: string;
  readonly arrivedAt: Date;

  constructor(data: T, record: StreamRecord) {
    this.data = data;
    this.raw = record.raw;
    this.shardId = record.shardId;
    this.sequenceNumber = record.sequenceNumber;
    this.subSequenceNumber = record.subSequenceNumber;
    this.partitionKey = record.partitionKey;
    this.arrivedAt = record.arrivedAt;
  }
}

function view<R extends StreamRecord<unknown>>(toJson: (record: R) => unknown) {
  return {
    name: "StreamRecord",
    fields: (record: R) => ({ ...placeOf(record), data: record.data }),
    json: (record: R) => ({ ...placeOf(record), data: toJson(record) }),
  };
}

/** Where a record is, without what it does not have. */
function placeOf(record: StreamRecord<unknown>): object {
  const { shardId, sequenceNumber, subSequenceNumber, partitionKey, arrivedAt } = record;
  const inside = subSequenceNumber === undefined ? {} : { subSequenceNumber };
  return { shardId, sequenceNumber, ...inside, partitionKey, arrivedAt };
}

makeVisible(LiveRecord, view(({ raw }) => eventForJson(raw)));
makeVisible(TypedRecord, view(({ data }) => valueForJson(data)));
