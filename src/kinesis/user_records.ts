/**
 * What a producer gave to Kinesis, whether or not it was packed on the way.
 *
 * @module
 */

import { type Aggregate, decodeAggregate } from "../codec/kpl/aggregate.ts";
import type { KinesisRecord } from "./kinesis_api.ts";

/** One record as its producer gave it: all of a Kinesis record, or one of those packed into it. */
export interface UserRecord extends KinesisRecord {
  /** The record's place in its Kinesis record, from 0; undefined if it is all of it. */
  readonly subSequenceNumber?: number | undefined;
}

/** The user records of one Kinesis record, each made when it is asked for. */
export class UserRecords {
  readonly #record: KinesisRecord;
  readonly #aggregate: Aggregate;

  /** Wraps the aggregate that a record was found to hold. */
  constructor(record: KinesisRecord, aggregate: Aggregate) {
    this.#record = record;
    this.#aggregate = aggregate;
  }

  /** How many there are: one at least. */
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

  /** Goes through all of them, in order. */
  *[Symbol.iterator](): Generator<UserRecord, void, void> {
    for (let index = 0; index < this.length; index++) yield this.get(index);
  }
}

/**
 * Takes apart what the Kinesis Producer Library (KPL) has aggregated.
 *
 * - All user records are kept, whatever shard their keys would pick now. Amazon's own client (KCL)
 *   drops an aggregate, without a word, if the key of one record in it does not belong to the
 *   shard: the KPL notices after a split or merge that records came into another shard than it
 *   meant, and puts them once more. Other aggregators put them only once, and the KPL gives up after
 *   a while, so that dropping can lose records
 *   (<https://github.com/awslabs/kinesis-aggregation/issues/11>). Here what is in Kinesis is kept,
 *   and a record that its producer put twice is there twice.
 * - What begins like an aggregate and is none is an ordinary record, to be passed on as it is.
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
 * @param record A record as Kinesis holds it.
 * @returns The records in it; undefined if it is not an aggregate.
 */
export function deaggregate(record: KinesisRecord): UserRecords | undefined {
  const aggregate = decodeAggregate(record.data);
  return aggregate === undefined ? undefined : new UserRecords(record, aggregate);
}
