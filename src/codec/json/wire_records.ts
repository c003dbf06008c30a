import { Buffer } from "node:buffer";
import { freeBuffer } from "../../base/bytes.ts";
import type { SequenceNumber } from "../../base/record.ts";
import type { EventRun } from "../event_run.ts";
import { INPUT, kernels, memory, OUTPUT } from "../wasm/kernels.ts";

/** Most bytes per call. */
export const MAX_WIRE_RECORDS = 262_144;

// The output has room for the result of this many bytes.
const DATA = OUTPUT;
const PLACES = DATA + MAX_WIRE_RECORDS / 4 * 3 + 32;
/** Bytes per record, see `assembly/records.ts`: where its data ends, where its text ends, its time. */
const PLACE = 16;
/** A record has at least the bytes of its keys. */
const LEAST_RECORD = 80;
const TEXT = PLACES + PLACE * Math.ceil(MAX_WIRE_RECORDS / LEAST_RECORD);

/**
 * Records of a response, in three buffers instead of objects: an object per record takes longer than
 * all else that is done with it.
 */
export class WireRecords implements EventRun {
  /** The payloads, one directly after the other. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Whether each sequence number is higher than the one before it. */
  readonly isAscending: boolean;
  readonly #ends: Int32Array<ArrayBuffer>;
  readonly #times: Float64Array<ArrayBuffer>;
  /** Sequence number and partition key of each record, as JSON and each followed by a comma. */
  readonly #text: Buffer<ArrayBuffer>;
  readonly #encoding: "latin1" | "utf8";

  /** Copies what the last `readRecords` found; `dataEnd` is its result. */
  constructor(dataEnd: number) {
    this.data = memory.slice(DATA, dataEnd);
    const places = memory.slice(PLACES, PLACES + PLACE * kernels.recordCount.value).buffer;
    this.#ends = new Int32Array(places);
    this.#times = new Float64Array(places);
    this.#text = Buffer.from(memory.slice(TEXT, kernels.textEnd.value).buffer);
    this.#encoding = kernels.isAscii.value ? "latin1" : "utf8";
    this.isAscending = kernels.isAscending.value !== 0;
  }

  /** How many there are. */
  get length(): number {
    return this.#times.length / 2;
  }

  /** Whether the data of a record is an event; false if that is not certain. */
  isEvent(index: number): boolean {
    return this.#ends[4 * index]! >= 0;
  }

  /** Where the data of a record ends in `data`; 0 for -1. */
  endOf(index: number): number {
    if (index < 0) return 0;
    const end = this.#ends[4 * index]!;
    return end < 0 ? ~end : end;
  }

  /** When a record arrived, in seconds since the Unix epoch. */
  secondsOf(index: number): number {
    return this.#times[2 * index + 1]!;
  }

  /** The sequence number of a record. */
  sequenceNumberOf(index: number): SequenceNumber {
    const from = this.#textStart(index) + 1;
    const to = this.#text.indexOf(QUOTE, from);
    return this.#text.toString("latin1", from, to) as SequenceNumber;
  }

  /** The partition key of a record. */
  partitionKeyOf(index: number): string {
    return this.#parse(this.#textStart(index), this.#textStart(index + 1))[1]!;
  }

  /** Sequence number and partition key of each record, one after the other. */
  texts(): string[] {
    return this.#parse(0, this.#text.length);
  }

  /** Frees the memory of all texts and times. */
  freeTexts(): void {
    freeBuffer(this.#text.buffer);
    freeBuffer(this.#ends.buffer);
  }

  /** Frees all memory. */
  free(): void {
    this.freeTexts();
    freeBuffer(this.data.buffer);
  }

  #textStart(index: number): number {
    return index === 0 ? 0 : this.#ends[4 * index - 3]!;
  }

  #parse(from: number, to: number): string[] {
    return from === to ? [] : JSON.parse(`[${this.#text.toString(this.#encoding, from, to - 1)}]`);
  }
}

/** What was read of a part of a response. */
export interface ReadRecords {
  readonly records: WireRecords;
  /** Where the first record starts that was not read. */
  readonly end: number;
  /** Whether that record needs `JSON.parse`; if not, the bytes end before the next record. */
  readonly isRefused: boolean;
}

/**
 * Reads the records of a GetRecords response, except the last one, as `JSON.parse` would.
 *
 * It only reads records in the form that Kinesis writes. It refuses records with white space between
 * their parts, with unknown, missing or duplicate parts, with data that is not base64, with a sequence
 * number that has other characters than digits, with a partition key that is not JSON, and with a time
 * that no `Date` has, or in another form than JavaScript and Java write numbers.
 *
 * @param bytes At most {@linkcode MAX_WIRE_RECORDS}, starting with a record.
 */
export function readWireRecords(bytes: Uint8Array): ReadRecords {
  memory.set(bytes, INPUT);
  const dataEnd = kernels.readRecords(INPUT, INPUT + bytes.length, DATA, PLACES, TEXT);
  const [end, isRefused] = [kernels.restAt.value - INPUT, kernels.isRefused.value !== 0];
  return { records: new WireRecords(dataEnd), end, isRefused };
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
