/**
 * Records as they are received.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SequenceNumber } from "../../base/record.ts";
import type { KinesisRecord } from "../kinesis_api.ts";

/** A record as it stands in the response. */
export interface WireRecord {
  readonly SequenceNumber?: SequenceNumber;
  readonly PartitionKey?: string;
  readonly Data?: unknown;
  readonly ApproximateArrivalTimestamp?: unknown;
}

/** What a record has; what the response lacks of it is undefined or null. */
type Received = {
  readonly [Part in keyof KinesisRecord]: KinesisRecord[Part] | undefined | null;
};

/**
 * A record that was received.
 *
 * It is a class because of V8: once most objects of a literal have survived a collection, as those
 * that are in use when there is one, it makes them old ones from their beginning. Dead old ones keep
 * all that they refer to until the next full collection, which was 70 MB of data.
 */
export class ReceivedRecord implements Received {
  /** Makes a record of its parts. */
  constructor(
    readonly sequenceNumber: Received["sequenceNumber"],
    readonly partitionKey: Received["partitionKey"],
    readonly data: Received["data"],
    readonly arrivedAt: Received["arrivedAt"],
  ) {}
}

/**
 * Makes a record of what `JSON.parse` gave.
 *
 * @param record The record as it stands in the response.
 * @param data Its data, where they are known already.
 * @throws {SyntaxError} If its data are no base64, or its time no number.
 */
export function decodeRecord(
  record: WireRecord | null,
  data: Received["data"] = decodeData(record?.Data),
): ReceivedRecord {
  return new ReceivedRecord(
    record?.SequenceNumber,
    record?.PartitionKey,
    data,
    decodeTime(record?.ApproximateArrivalTimestamp),
  );
}

function decodeTime(time: unknown): Date | undefined {
  if (time === undefined || time === null) return undefined;
  if (typeof time === "number") return toDate(time);
  throw new SyntaxError(`Cannot read ApproximateArrivalTimestamp ${JSON.stringify(time)}`);
}

/**
 * Makes a time of seconds since the Unix epoch.
 *
 * @throws {SyntaxError} If there is no such time.
 */
export function toDate(seconds: number): Date {
  const date = new Date(Math.round(seconds * 1000));
  if (!Number.isNaN(date.getTime())) return date;
  throw new SyntaxError(`Cannot read ApproximateArrivalTimestamp ${seconds}`);
}

/** Decodes base64; what `Buffer` passes over in silence is an error. */
function decodeData(text: unknown): Uint8Array | undefined {
  if (text === undefined || text === null) return undefined;
  if (typeof text !== "string") throw new SyntaxError("Cannot read a record's data: it is no text");
  const { buffer, byteOffset, length } = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0 || length !== text.length / 4 * 3 - padding) {
    throw new SyntaxError("Cannot read a record's data: it is not base64");
  }
  return new Uint8Array(buffer, byteOffset, length);
}
