/**
 * Kinesis records as they stand in the JSON of an answer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { INPUT, kernels, memory, OUTPUT } from "../wasm/kernels.ts";

/** The most bytes that are read at once. */
export const MAX_WIRE_RECORDS = 262_144;

// What comes out has room for all that can come of so many bytes.
const DATA = OUTPUT;
const NUMBERS = DATA + MAX_WIRE_RECORDS / 4 * 3 + 32;
/** No record has fewer bytes than its keys. */
const LEAST_RECORD = 80;
const MOST_RECORDS = Math.ceil(MAX_WIRE_RECORDS / LEAST_RECORD);
const TEXT = NUMBERS + 16 * MOST_RECORDS;
/** Of each record, how many bytes of data there are, and its time. */
const numbers = new Float64Array(memory.buffer, NUMBERS, 2 * MOST_RECORDS);
const text = Buffer.from(memory.buffer, TEXT);

/** What was read of some bytes of an answer. */
export interface WireRecords {
  /** Sequence number and partition key of each record, one after the other. */
  readonly texts: readonly string[];
  /** When each record arrived, in seconds since the Unix epoch. */
  readonly times: readonly number[];
  /** The payload of each record, all of them views of one buffer, which holds nothing else. */
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
 * unknown, are missing or come twice, data that are not base64, or a time that is no number as
 * JavaScript and Java write it, is refused.
 *
 * @param bytes At most {@linkcode MAX_WIRE_RECORDS}, which begin with a record.
 * @returns The records.
 * @throws {SyntaxError} If a text is not JSON.
 */
export function readWireRecords(bytes: Uint8Array): WireRecords {
  memory.set(bytes, INPUT);
  const dataEnd = kernels.readRecords(INPUT, INPUT + bytes.length, DATA, NUMBERS, TEXT);
  const count = kernels.recordCount.value;
  const payload = memory.buffer.slice(DATA, dataEnd);
  const data: Uint8Array[] = [];
  const times: number[] = [];
  for (let n = 0, at = 0; n < count; n++) {
    const size = numbers[2 * n]!;
    data.push(new Uint8Array(payload, at, size));
    times.push(numbers[2 * n + 1]!);
    at += size;
  }
  const isRefused = kernels.isRefused.value !== 0;
  return { texts: readTexts(), times, data, end: kernels.restAt.value - INPUT, isRefused };
}

/** The texts that were found, between commas. */
function readTexts(): string[] {
  const end = kernels.textEnd.value - TEXT - 1;
  if (end < 0) return [];
  return JSON.parse(`[${text.toString(kernels.isAscii.value ? "latin1" : "utf8", 0, end)}]`);
}

/** Characters of base64 that are decoded at once: a multiple of four. */
const BASE64_PIECE = 3 * 65_536;
const QUOTE = 0x22;
const PADDING = 0x3d;

/**
 * Decodes base64 of any length, without a string in between.
 *
 * @param base64 The characters.
 * @returns The bytes, in a buffer of their own; undefined if it is not base64 with its padding.
 */
export function decodeWireData(base64: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (base64.length % 4 !== 0) return undefined;
  const padding = base64.subarray(-2).filter((char) => char === PADDING).length;
  const data = new Uint8Array(base64.length / 4 * 3 - padding);
  for (let at = 0, to = 0; at < base64.length; at += BASE64_PIECE) {
    const piece = base64.subarray(at, at + BASE64_PIECE);
    const end = INPUT + piece.length;
    memory.set(piece, INPUT);
    memory[end] = QUOTE;
    // It looks at four bytes at a time.
    if (kernels.decodeBase64(INPUT, end + 4, OUTPUT) !== end) return undefined;
    const decoded = memory.subarray(OUTPUT, kernels.decodedEnd.value);
    if (to + decoded.length > data.length) return undefined; // padding in the middle, or too much
    data.set(decoded, to);
    to += decoded.length;
    if (at + BASE64_PIECE >= base64.length && to !== data.length) return undefined;
  }
  return data;
}
