import { Buffer } from "node:buffer";
import {
  decodeWireData,
  MAX_WIRE_RECORDS,
  readWireRecords,
} from "../../codec/json/wire_records.ts";
import { freeBuffer } from "../../base/bytes.ts";
import { PackedRecords } from "./packed_records.ts";
import { decodeRecord, type ReceivedRecord, type WireRecord } from "./received_record.ts";

/**
 * Minimum number of bytes that are parsed at once. Pieces of 64 KiB take `store` a tenth more CPU time;
 * this leaves room in the window for the rest of the piece before.
 */
const PIECE = 192 * 1024;

/** Maximum unused size of a buffer, in bytes. */
const MOST_SPARE = 1 << 20;

/** From this size on, in bytes, responses are decoded one at a time. */
export const LARGE: number = 2 << 20;

/**
 * From this size on, in bytes, a buffer is for one record: it gets the size of the rest of the response.
 * Records of 1 MB need less, up to the next attempt to parse them.
 */
const ONE_RECORD = 4 << 20;

/** Maximum size that a buffer gets because of what the response says of its length, in bytes. */
const MOST_EXPECTED = 16 << 20;

/** A response without its records, any part of which may be missing. */
export interface ReceivedResponse {
  readonly hasRecords?: boolean;
  readonly NextShardIterator?: string | null;
  readonly MillisBehindLatest?: number | null;
}

/** Records of a response: those that `JSON.parse` read may lack parts. */
export type ReceivedRecords = PackedRecords | readonly ReceivedRecord[];

/** Parses the body of a response while it arrives. */
export class ResponseParser {
  /** The text before the records: known after the first of them. */
  #head = "";
  #isEnded = false;
  #rest: ReceivedResponse | undefined;
  /** The records found last. */
  #records: ReceivedRecords = [];
  /** Frees the memory of records that `next` has returned. */
  #frees: (() => void)[] = [];
  /** The bytes not parsed yet; the buffer is used for every piece. */
  #buffer: Buffer;
  #used = 0;
  /** How many more bytes the response says that it has. */
  #expected: number;
  readonly #piece: number;
  readonly #window: number;
  /** Number of bytes from which parsing is attempted. */
  #enough: number;

  /**
   * Creates a parser.
   *
   * @param options `buffer` is used if it is large enough. `length` is the length of the body, in
   * bytes, if that is known. `piece` is the minimum and `window` the maximum number of bytes that are
   * parsed at once; a larger record is parsed separately.
   */
  constructor(
    options: {
      readonly buffer?: ArrayBuffer | undefined;
      readonly length?: number | undefined;
      readonly piece?: number;
      readonly window?: number;
    } = {},
  ) {
    const { buffer = new ArrayBuffer(0), piece = PIECE, window = MAX_WIRE_RECORDS } = options;
    this.#piece = this.#enough = piece;
    this.#window = window;
    this.#expected = options.length ?? 0;
    this.#buffer = Buffer.from(buffer);
  }

  /** The required size of the buffer for another chunk, in bytes. */
  sizeWith(chunk: Uint8Array): number {
    const size = this.#used + chunk.length;
    if (size <= this.#buffer.length) return this.#buffer.length;
    if (size < ONE_RECORD) return size + Math.min(size, MOST_SPARE);
    // All at once: growing step by step would hold two large buffers each time.
    return Math.max(size + MOST_SPARE, Math.min(this.#used + this.#expected, MOST_EXPECTED));
  }

  /** Adds bytes; they are copied. */
  push(chunk: Uint8Array): void {
    const size = this.sizeWith(chunk);
    if (size > this.#buffer.length) this.#replace(size - this.#used);
    this.#buffer.set(chunk, this.#used);
    this.#used += chunk.length;
    this.#expected -= chunk.length;
  }

  /** Notes that the body has no more bytes. */
  end(): void {
    this.#isEnded = true;
  }

  /**
   * Parses more records.
   *
   * @returns The next records, at least one; undefined if they need more bytes, or at the end.
   * @throws {SyntaxError} If the body is not JSON, a record's data not base64, or its time not a number.
   */
  next(): ReceivedRecords | undefined {
    if (this.#rest !== undefined || !this.#isEnded && this.#used < this.#enough) return undefined;
    if (this.#takePiece() || this.#isEnded && this.#takeRest()) return this.#records;
    return undefined;
  }

  /** The response without its records, once all of them have been returned. */
  get rest(): ReceivedResponse | undefined {
    return this.#rest;
  }

  /** Frees the memory of all records that were returned. */
  free(): void {
    this.#frees.forEach((free) => free());
    this.#frees = [];
  }

  /** Ends parsing; returns the buffer, which is no longer used. */
  dispose(): ArrayBuffer {
    return this.#buffer.buffer as ArrayBuffer;
  }

  /** Parses records that are complete and followed by another one; returns whether there are any. */
  #takePiece(): boolean {
    const bytes = this.#buffer.subarray(0, this.#used);
    const start = this.#head === "" ? startOfRecords(bytes) : 0;
    const end = start === -1 ? start : this.#readRecords(bytes, start);
    const isTaken = end > start;
    if (isTaken) this.#drop(bytes, start, end);
    // So that all attempts together take linear time.
    this.#enough = Math.max(this.#piece, Math.min(2 * this.#used, this.#used + MOST_SPARE));
    return isTaken;
  }

  /** Parses what is left at the end; returns whether there are records in it. */
  #takeRest(): boolean {
    if (this.#takeLastRecord()) return true;
    const text = this.#head + this.#buffer.toString("utf8", 0, this.#used);
    const response = text === "" ? {} : JSON.parse(text) ?? {};
    if (!Array.isArray(response.Records)) {
      this.#rest = response;
      return false;
    }
    const { Records, ...rest } = response;
    this.#records = Records.map((record: WireRecord | null) => decodeRecord(record));
    this.#rest = { ...rest, hasRecords: true };
    return this.#records.length > 0;
  }

  #drop(bytes: Buffer, start: number, end: number): void {
    this.#head ||= bytes.toString("utf8", 0, start);
    this.#used -= end;
    if (this.#buffer.length > ONE_RECORD && this.#used < MOST_SPARE) {
      this.#replace(this.#piece, end);
    } else bytes.copyWithin(0, end);
  }

  /** Replaces the buffer by one with room for certain bytes more; keeps what is in use. */
  #replace(room: number, start = 0): void {
    const buffer = Buffer.from(new ArrayBuffer(this.#used + room));
    buffer.set(this.#buffer.subarray(start, start + this.#used));
    freeBuffer(this.#buffer.buffer);
    this.#buffer = buffer;
  }

  /** Parses records; returns where the first unparsed one begins. */
  #readRecords(bytes: Buffer, start: number): number {
    const window = bytes.subarray(start, start + this.#window);
    const { records, end, isRefused } = readWireRecords(window);
    if (records.length > 0) {
      this.#records = new PackedRecords(records);
      this.#frees.push(() => records.free());
      return start + end;
    }
    if (bytes.length - start > this.#window) {
      const large = this.#readLarge(bytes, start, BETWEEN_RECORDS);
      if (large !== undefined) return large;
    } else if (!isRefused) return start;
    return this.#parseRecords(bytes, start);
  }

  /** Parses a large record that is not followed by another one; returns whether there is one. */
  #takeLastRecord(): boolean {
    if (this.#used <= this.#window) return false;
    const bytes = this.#buffer.subarray(0, this.#used);
    const start = this.#head === "" ? startOfRecords(bytes) : 0;
    const end = start === -1 ? undefined : this.#readLarge(bytes, start, LAST_RECORD);
    if (end !== undefined) this.#drop(bytes, start, end);
    return end !== undefined;
  }

  /**
   * Parses one record without making a string of its data; returns where the text after it begins, or
   * undefined if it is incomplete or must be parsed by `JSON.parse`.
   */
  #readLarge(bytes: Buffer, start: number, separator: string): number | undefined {
    const key = bytes.indexOf(DATA_KEY, start);
    const from = key + DATA_KEY.length;
    const to = key === -1 ? -1 : bytes.indexOf(QUOTE, from);
    if (to === -1) return undefined;
    const before = bytes.toString("utf8", start, from);
    // What looks like the end may be part of a partition key.
    let record: WireRecord | undefined;
    let end = to;
    do {
      end = bytes.indexOf(separator, end + 1);
      if (end === -1) return undefined;
      const after = bytes.toString("utf8", to, end + 1);
      if (after.includes(DATA_KEY)) return undefined; // JSON.parse would use the last one
      record = parseJson<WireRecord>(before + after);
    } while (record === undefined);
    const data = record.Data === "" ? decodeWireData(bytes.subarray(from, to)) : undefined;
    if (data === undefined) return undefined;
    this.#frees.push(() => freeBuffer(data.buffer));
    this.#records = [decodeRecord(record, data)];
    return end + (separator === LAST_RECORD ? 1 : 2);
  }

  /**
   * Parses records as JSON; returns where the first unparsed one begins.
   *
   * The text is cut where two records seem to meet, but this may be inside a partition key. Then the
   * part before it is not JSON, because a string in it does not end.
   */
  #parseRecords(bytes: Buffer, start: number): number {
    const cut = bytes.lastIndexOf(BETWEEN_RECORDS);
    const text = () => `[${bytes.toString("utf8", start, cut + 1)}]`;
    const records = cut <= start ? undefined : parseJson<WireRecord[]>(text());
    if (records === undefined) return start;
    this.#records = records.map((record) => decodeRecord(record));
    return cut + 2;
  }
}

const BETWEEN_RECORDS = '},{"';
const LAST_RECORD = "}]";
const DATA_KEY = '"Data":"';
const QUOTE = 0x22;
/** Only a key of JSON can look like this: in a string, the quotes would be escaped. */
const RECORDS_KEY = '"Records":[';

function startOfRecords(bytes: Buffer): number {
  const at = bytes.indexOf(RECORDS_KEY);
  if (at === -1) return -1;
  const start = at + RECORDS_KEY.length;
  const head = parseJson(`${bytes.toString("utf8", 0, start)}]}`);
  return head === undefined ? -1 : start; // otherwise it is in another part of the response
}

function parseJson<T>(text: string): T | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
