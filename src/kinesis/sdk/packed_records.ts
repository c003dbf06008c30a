import type { SequenceNumber } from "../../base/record.ts";
import type { WireRecords } from "../../codec/json/wire_records.ts";
import type { KinesisRecord, Records } from "../kinesis_api.ts";
import { ReceivedRecord, toDate } from "./received_record.ts";

/** Records of a response that become objects on access. */
export class PackedRecords implements Records {
  readonly packed: WireRecords;

  constructor(packed: WireRecords) {
    this.packed = packed;
  }

  get length(): number {
    return this.packed.length;
  }

  at(place: number): KinesisRecord | undefined {
    const { packed } = this;
    const index = place < 0 ? place + this.length : place;
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.#record(index, packed.sequenceNumberOf(index), packed.partitionKeyOf(index));
  }

  *[Symbol.iterator](): Generator<KinesisRecord, void, void> {
    for (let index = 0; index < this.length; index++) yield this.at(index)!;
  }

  /** Returns all of them as objects that share only their data; this object must not be used again. */
  unpack(): KinesisRecord[] {
    const texts = this.packed.texts();
    const records: KinesisRecord[] = [];
    for (let index = 0; index < this.length; index++) {
      const number = texts[2 * index] as SequenceNumber;
      records.push(this.#record(index, number, texts[2 * index + 1]!));
    }
    this.packed.freeTexts();
    return records;
  }

  #record(index: number, sequenceNumber: SequenceNumber, partitionKey: string): KinesisRecord {
    const { packed } = this;
    const data = packed.data.subarray(packed.endOf(index - 1), packed.endOf(index));
    const arrivedAt = toDate(packed.secondsOf(index));
    return new ReceivedRecord(sequenceNumber, partitionKey, data, arrivedAt) as KinesisRecord;
  }
}
