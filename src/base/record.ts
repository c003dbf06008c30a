/** Identifier of a shard, such as `shardId-000000000000`. */
export type ShardId = string & { readonly __brand: "ShardId" };

/**
 * Position of a record in its shard: a decimal number of up to 128 bits, kept as text because no
 * JavaScript number holds it.
 */
export type SequenceNumber = string & { readonly __brand: "SequenceNumber" };

/**
 * Compares two sequence numbers of one shard by value.
 *
 * @example Usage
 * ```ts
 * import { compareSequenceNumbers, type SequenceNumber } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * equal(compareSequenceNumbers("9" as SequenceNumber, "10" as SequenceNumber), -1);
 * ```
 * @param a A sequence number in decimal digits, without leading zeros.
 * @param b Another one.
 * @returns `-1` if `a` comes first, `1` if `b` does, `0` if they are equal.
 */
export function compareSequenceNumbers(a: SequenceNumber, b: SequenceNumber): -1 | 0 | 1 {
  if (a === b) return 0;
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  return a < b ? -1 : 1;
}

/** Where to start reading a shard. */
export type StartPosition =
  /** At the oldest record that the stream still holds. */
  | { readonly type: "trim-horizon" }
  /** At the first record that arrives from now on. */
  | { readonly type: "latest" }
  /** At the first record that arrived at this time or later. */
  | { readonly type: "at-timestamp"; readonly timestamp: Date }
  /** At the record that follows this one. */
  | { readonly type: "after"; readonly sequenceNumber: SequenceNumber };

/** An event as it was decoded: a map with string keys. */
export type EventData = { [key: string]: unknown };

/**
 * One event, whether it comes from a live stream or from an archive.
 *
 * An archive keeps events, not where each came from, so there the last five fields are undefined.
 *
 * Fields may be getters, so that nothing is decoded needlessly: `{ ...record }` leaves them out. Access
 * the fields by name. `console.log` shows all of them but `raw`, and `JSON.stringify` has the same:
 * `data` as `triton cat` prints it, with big integers as numbers and bytes as base64 text. (What a
 * schema has made of `data` is converted in this way, too.)
 */
export interface TritonRecord<T = EventData> {
  /** The event, decoded on first access. */
  readonly data: T;
  /** The event's MessagePack bytes, exactly as they were put. */
  readonly raw: Uint8Array;
  /** The shard the event was read from. */
  readonly shardId?: ShardId;
  /** The event's position in its shard. */
  readonly sequenceNumber?: SequenceNumber;
  /**
   * The event's place among those that the Kinesis Producer Library has aggregated to one Kinesis
   * record, from 0; they share its sequence number. Undefined for an event that was not aggregated.
   */
  readonly subSequenceNumber?: number | undefined;
  /** The key that picked the shard; of an aggregated event the key that its producer gave it. */
  readonly partitionKey?: string;
  /** When Kinesis received the record, by its own clock. */
  readonly arrivedAt?: Date;
}

/** One event of a live stream. */
export interface StreamRecord<T = EventData> extends TritonRecord<T> {
  /** The shard the event was read from. */
  readonly shardId: ShardId;
  /** The event's position in its shard. */
  readonly sequenceNumber: SequenceNumber;
  /** The key that picked the shard. */
  readonly partitionKey: string;
  /** When Kinesis received the record, by its own clock. */
  readonly arrivedAt: Date;
}

/** One event of an archive. */
export interface ArchiveRecord<T = EventData> extends TritonRecord<T> {
  /** Key of the archive file that holds the event. */
  readonly key: string;
}
