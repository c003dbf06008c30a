import { Buffer } from "node:buffer";
import { INPUT, kernels, memory, OUTPUT } from "../wasm/kernels.ts";

/** Most bytes per call. */
export const MAX_WIRE_RECORDS = 262_144;

// The output has room for the result of this many bytes.
const DATA = OUTPUT;
const NUMBERS = DATA + MAX_WIRE_RECORDS / 4 * 3 + 32;
/** A record has at least the bytes of its keys. */
const LEAST_RECORD = 80;
const MOST_RECORDS = Math.ceil(MAX_WIRE_RECORDS / LEAST_RECORD);
const TEXT = NUMBERS + 16 * MOST_RECORDS;
/** For each record, the size of its data in bytes, and its time. */
const numbers = new Float64Array(memory.buffer, NUMBERS, 2 * MOST_RECORDS);
const text = Buffer.from(memory.buffer, TEXT);

/** The records read from a part of a response. */
export interface WireRecords {
  /** Sequence number and partition key of each record, one after the other. */
  readonly texts: readonly string[];
  /** When each record arrived, in seconds since the Unix epoch. */
  readonly times: readonly number[];
  /** The payload of each record; all are views of one buffer, which contains nothing else. */
  readonly data: readonly Uint8Array[];
  /** Where the first record starts that was not read. */
  readonly end: number;
  /** Whether that record needs `JSON.parse`; if not, the bytes end before the next record. */
  readonly isRefused: boolean;
}

/**
 * Reads the records of a GetRecords response, except the last one, as `JSON.parse` would.
 *
 * It only reads records in the form that Kinesis writes. It refuses records with white space between
 * their parts, with unknown, missing or duplicate parts, with data that is not base64, or with a time
 * in another form than JavaScript and Java write numbers.
 *
 * @param bytes At most {@linkcode MAX_WIRE_RECORDS}, starting with a record.
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

/** The texts that were found, separated by commas. */
function readTexts(): string[] {
  const end = kernels.textEnd.value - TEXT - 1;
  if (end < 0) return [];
  return JSON.parse(`[${text.toString(kernels.isAscii.value ? "latin1" : "utf8", 0, end)}]`);
}

/** Base64 characters that are decoded at once: a multiple of four. */
const BASE64_PIECE = 3 * 65_536;
const QUOTE = 0x22;
const PADDING = 0x3d;

/**
 * Decodes base64 of any length without creating a string.
 *
 * @returns The bytes, in a new buffer; undefined if it is not padded base64.
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
    // It reads four bytes at a time.
    if (kernels.decodeBase64(INPUT, end + 4, OUTPUT) !== end) return undefined;
    const decoded = memory.subarray(OUTPUT, kernels.decodedEnd.value);
    if (to + decoded.length > data.length) return undefined; // padding in the middle, or too much
    data.set(decoded, to);
    to += decoded.length;
    if (at + BASE64_PIECE >= base64.length && to !== data.length) return undefined;
  }
  return data;
}
