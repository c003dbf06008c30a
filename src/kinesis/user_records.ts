import { type Aggregate, decodeAggregate } from "../codec/kpl/aggregate.ts";
import type { KinesisRecord } from "./kinesis_api.ts";

/** One record of a producer: a whole Kinesis record, or one of those aggregated in it. */
export interface UserRecord extends KinesisRecord {
  /** The record's place in its Kinesis record, from 0; undefined if it was not aggregated. */
  readonly subSequenceNumber?: number | undefined;
}

/** The user records of one Kinesis record, each decoded on access. */
export class UserRecords {
  readonly #record: KinesisRecord;
  readonly #aggregate: Aggregate;

  /** Wraps the aggregate of a record. */
  constructor(record: KinesisRecord, aggregate: Aggregate) {
    this.#record = record;
    this.#aggregate = aggregate;
  }

  /** How many there are: at least one. */
  get length(): number {
    return this.#aggregate.length;
  }

  /**
   * Gets one.
   *
   * @param index Its sub sequence number, from 0.
   * @returns The user record, with sequence number and arrival of the Kinesis record.
   * @throws {RangeError} If there is none.
   */
  get(index: number): UserRecord {
    const { sequenceNumber, arrivedAt } = this.#record;
    const { partitionKey, data } = this.#aggregate.record(index);
    return { sequenceNumber, arrivedAt, partitionKey, data, subSequenceNumber: index };
  }

  /** Iterates over all of them, in order. */
  *[Symbol.iterator](): Generator<UserRecord, void, void> {
    for (let index = 0; index < this.length; index++) yield this.get(index);
  }
}

/**
 * Splits a record that the Kinesis Producer Library (KPL) has aggregated.
 *
 * - All user records are kept, whatever shard their keys would pick now. Amazon's own client (KCL)
 *   silently drops an aggregate if the key of one record in it does not belong to the shard: after a
 *   split or merge the KPL detects records that came into the wrong shard, and puts them again. Other
 *   aggregators put them only once, and the KPL gives up after a while, so dropping can lose records
 *   (<https://github.com/awslabs/kinesis-aggregation/issues/11>). Triton keeps every record that is in
 *   Kinesis, and a record that its producer put twice appears twice.
 * - A record that only begins like an aggregate is an ordinary record.
 *
 * @example Usage
 * ```ts
 * import { deaggregate, type KinesisRecord } from "@triton/triton/kinesis";
 * function* userRecords(record: KinesisRecord) {
 *   const inside = deaggregate(record);
 *   if (inside === undefined) yield record;
 *   else yield* inside;
 * }
 * ```
 * @param record A record of Kinesis.
 * @returns The records in it; undefined if it is not an aggregate.
 */
export function deaggregate(record: KinesisRecord): UserRecords | undefined {
  const aggregate = decodeAggregate(record.data);
  return aggregate === undefined ? undefined : new UserRecords(record, aggregate);
}
