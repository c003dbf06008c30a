import type { SequenceNumber } from "../base/record.ts";

/** Records of one shard in its order, by numbers from 0: joined data instead of an object each. */
export interface EventRun {
  /** How many there are. */
  readonly length: number;
  /** The payloads, one directly after the other. */
  readonly data: Uint8Array;
  /** Whether the payload of a record is an event; false if that is not certain. */
  isEvent(index: number): boolean;
  /** Where the payload of a record ends in `data`; 0 for -1. */
  endOf(index: number): number;
  /** When a record arrived, in seconds since the Unix epoch. */
  secondsOf(index: number): number;
  /** The sequence number of a record. */
  sequenceNumberOf(index: number): SequenceNumber;
}
