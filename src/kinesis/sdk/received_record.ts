import { Buffer } from "node:buffer";
import type { SequenceNumber } from "../../base/record.ts";
import type { KinesisRecord } from "../kinesis_api.ts";

/** A record as in the response. */
export interface WireRecord {
  readonly SequenceNumber?: SequenceNumber;
  readonly PartitionKey?: string;
  readonly Data?: unknown;
  readonly ApproximateArrivalTimestamp?: unknown;
}

/** A record; the parts that the response lacks are undefined or null. */
type Received = {
  readonly [Part in keyof KinesisRecord]: KinesisRecord[Part] | undefined | null;
};

/**
 * A record of a response.
 *
 * It is a class because of V8: once most objects of a literal have survived a collection, because they
 * were in use, V8 allocates new ones in the old generation. Dead ones there keep all that they refer
 * to until the next full collection, which was 70 MB of data.
 */
export class ReceivedRecord implements Received {
  constructor(
    readonly sequenceNumber: Received["sequenceNumber"],
    readonly partitionKey: Received["partitionKey"],
    readonly data: Received["data"],
    readonly arrivedAt: Received["arrivedAt"],
  ) {}
}

/**
 * Converts a record that `JSON.parse` returned.
 *
 * @param data Its data, if already decoded.
 * @throws {SyntaxError} If its data is not base64, or its time is not a number.
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
 * Converts seconds since the Unix epoch.
 *
 * @throws {SyntaxError} If they are not a valid time.
 */
export function toDate(seconds: number): Date {
  const date = new Date(Math.round(seconds * 1000));
  if (!Number.isNaN(date.getTime())) return date;
  throw new SyntaxError(`Cannot read ApproximateArrivalTimestamp ${seconds}`);
}

/** Decodes base64; bytes that `Buffer` silently ignores are an error. */
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
