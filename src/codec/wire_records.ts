/**
 * Kinesis records as they stand in the JSON of an answer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { INPUT, kernels, memory, OUTPUT } from "./kernels.ts";

/** The most bytes that are read at once. */
export const MAX_WIRE_RECORDS = 262_144;

// What comes out has room for all of what can come of so many bytes.
const DATA = OUTPUT;
const SIZES = DATA + MAX_WIRE_RECORDS / 4 * 3 + 32;
/** No record has fewer bytes than its keys. */
const LEAST_RECORD = 80;
const TEXT = SIZES + Math.ceil(MAX_WIRE_RECORDS / LEAST_RECORD) * 4;
const text = Buffer.from(memory.buffer, TEXT);
const sizes = new DataView(memory.buffer, SIZES);

/** What was read of some bytes of an answer. */
export interface WireRecords {
  /** Sequence number, partition key, and time in seconds since the Unix epoch, of each record. */
  readonly values: readonly (string | number)[];
  /** Data of each record, which are views of one buffer. */
  readonly data: readonly Uint8Array[];
  /** Where the first record begins that was not read. */
  readonly end: number;
  /** Whether that one can be read by `JSON.parse` only; if not, the bytes end before the next. */
  readonly isRefused: boolean;
}

/**
 * Reads the records of an answer to GetRecords, those that are followed by another, as `JSON.parse`
 * would.
 *
 * It knows them as Kinesis writes them. What has white space between its parts, parts that are
 * unknown, are missing or come twice, or data that are not base64, is refused.
 *
 * @param bytes At most {@linkcode MAX_WIRE_RECORDS}, which begin with a record.
 * @returns The records.
 * @throws {SyntaxError} If a string or a number is not JSON.
 */
export function readWireRecords(bytes: Uint8Array): WireRecords {
  memory.set(bytes, INPUT);
  const dataEnd = kernels.readRecords(INPUT, INPUT + bytes.length, DATA, SIZES, TEXT);
  const count = kernels.recordCount.value >>> 0;
  const values = count === 0 ? [] : JSON.parse(`[${text.toString("utf8", 0, textSize() - 1)}]`);
  const all = memory.buffer.slice(DATA, dataEnd);
  const data: Uint8Array[] = [];
  for (let n = 0, at = 0; n < count; n++) {
    const size = sizes.getUint32(4 * n, true);
    data.push(new Uint8Array(all, at, size));
    at += size;
  }
  const isRefused = kernels.isRefused.value !== 0;
  return { values, data, end: kernels.restAt.value - INPUT, isRefused };
}

function textSize(): number {
  return kernels.textEnd.value - TEXT;
}
