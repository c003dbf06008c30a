/**
 * The records of an answer to GetRecords, in AssemblyScript: see ../wire_records.ts.
 *
 * Records as every known server writes them: without white space, with these keys in any order. One
 * with anything else in it is refused.
 */

import { BAD, CUT_OFF, decodeBase64, decodedEnd } from "./base64";

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const BACKSLASH: u32 = 0x5c;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;

/** The parts of a record: a bit for each. */
const DATA: u32 = 1;
const NUMBER: u32 = 2;
const KEY: u32 = 4;
const TIME: u32 = 8;
const ENCRYPTION: u32 = 16;
const NEEDED: u32 = 15;

/** Eight characters as they stand in memory. */
function word(text: string): u64 {
  let value: u64 = 0;
  for (let i = 7; i >= 0; i--) value = (value << 8) | <u64>text.charCodeAt(i);
  return value;
}

// The keys with what follows them, in words that overlap.
const DATA_KEY = word('"Data":"');
const KEY_1 = word('"Partiti');
const KEY_2 = word('onKey":"');
const NUMBER_1 = word('"Sequenc');
const NUMBER_2 = word('eNumber"');
const NUMBER_3 = word('umber":"');
const TIME_1 = word('"Approxi');
const TIME_2 = word("mateArri");
const TIME_3 = word("valTimes");
const TIME_4 = word('estamp":');
const ENCRYPTION_1 = word('"Encrypt');
const ENCRYPTION_2 = word('ionType"');
const ENCRYPTION_3 = word('nType":"');
/** The longest key, and room to look at what follows it. */
const LONGEST_KEY: usize = 32;

/** Where the first record begins that was not read. */
export let restAt: usize = 0;
/** Whether that is because of what is in it; if not, it or what follows it is not there in full. */
export let isRefused: bool = false;
/** How many records were read. */
export let recordCount: u32 = 0;
/** Where the text ends. */
export let textEnd: usize = 0;

/** Where the parts of a record are that go into the text. */
let numberAt: usize = 0;
let numberEnd: usize = 0;
let keyAt: usize = 0;
let keyEnd: usize = 0;
let timeAt: usize = 0;
let timeEnd: usize = 0;

/**
 * Reads the records from `at` to `end` that are followed by another: their data to `data`, how many
 * bytes that is of each to `sizes`, and to `text`, as it stands there but with a comma behind each,
 * sequence number, partition key and time. Returns where the data end.
 */
export function readRecords(at: usize, end: usize, data: usize, sizes: usize, text: usize): usize {
  let out = data;
  restAt = at;
  textEnd = text;
  recordCount = 0;
  let next = readRecord(at, end, out);
  for (; next > BAD; next = readRecord(next, end, out)) {
    store<u32>(sizes + (<usize>recordCount << 2), <u32>(dataEnd - out));
    recordCount++;
    out = dataEnd;
    textEnd = append(numberAt, numberEnd, textEnd);
    textEnd = append(keyAt, keyEnd, textEnd);
    textEnd = append(timeAt, timeEnd, textEnd);
    restAt = next;
  }
  isRefused = next == BAD;
  return out;
}

/** Copies bytes and puts a comma behind them. Up to 15 bytes more are written. */
@inline
function append(at: usize, end: usize, out: usize): usize {
  const size = end - at;
  for (let i: usize = 0; i < size; i += 16) v128.store(out + i, v128.load(at + i));
  store<u8>(out + size, <u8>COMMA);
  return out + size + 1;
}

/** Where the data of the last record end. */
let dataEnd: usize = 0;

/** Reads a record; returns where the next one begins, or `BAD` or `CUT_OFF`. */
function readRecord(at: usize, end: usize, out: usize): usize {
  if (at == end) return CUT_OFF;
  if (load<u8>(at) != OPEN) return BAD;
  let seen: u32 = 0;
  let p = at + 1;
  for (;;) {
    if (p + LONGEST_KEY > end) return CUT_OFF;
    const part = partAt(p);
    if (part == 0 || (seen & part) != 0) return BAD;
    seen |= part;
    switch (part) {
      case DATA:
        p = decodeBase64(p + 8, end, out);
        dataEnd = decodedEnd;
        if (p > BAD) p++;
        break;
      case NUMBER:
        numberAt = p + 17;
        p = numberEnd = skipString(numberAt, end);
        break;
      case KEY:
        keyAt = p + 15;
        p = keyEnd = skipString(keyAt, end);
        break;
      case TIME:
        timeAt = p + 30;
        p = timeEnd = skipNumber(timeAt, end);
        break;
      default:
        p = skipEncryption(p + 17);
    }
    if (p <= BAD) return p;
    if (p + 3 > end) return CUT_OFF;
    const byte = <u32>load<u8>(p++);
    if (byte == COMMA) continue;
    if (byte != CLOSE || (seen & NEEDED) != NEEDED) return BAD;
    // Of the last record it is left to others to say whether the answer goes on as it must.
    return load<u8>(p) == COMMA && load<u8>(p + 1) == OPEN ? p + 1 : CUT_OFF;
  }
  return BAD;
}

/** Which part of a record begins here; 0 for any other. */
@inline
function partAt(at: usize): u32 {
  const first = load<u64>(at);
  const second = load<u64>(at + 8);
  if (first == DATA_KEY) return DATA;
  if (first == KEY_1) return second == KEY_2 ? KEY : 0;
  if (first == NUMBER_1) return second == NUMBER_2 && load<u64>(at + 10) == NUMBER_3 ? NUMBER : 0;
  if (first == TIME_1) {
    return second == TIME_2 && load<u64>(at + 16) == TIME_3 && load<u64>(at + 22) == TIME_4
      ? TIME
      : 0;
  }
  return first == ENCRYPTION_1 && second == ENCRYPTION_2 && load<u64>(at + 10) == ENCRYPTION_3
    ? ENCRYPTION
    : 0;
}

/** Passes over a string; what is in it is for others to judge. */
@inline
function skipString(at: usize, end: usize): usize {
  let p = at + 1;
  while (p < end) {
    const bytes = v128.load(p);
    const marks = <u32>i8x16.bitmask(v128.or(
      i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)),
      i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH)),
    ));
    if (marks == 0) {
      p += 16;
      continue;
    }
    p += <usize>ctz(marks);
    if (p >= end) return CUT_OFF;
    if (load<u8>(p) == QUOTE) return p + 1;
    p += 2;
  }
  return CUT_OFF;
}

/** Passes over a number, or what has only characters of one. */
@inline
function skipNumber(at: usize, end: usize): usize {
  let p = at;
  while (p < end && isOfNumber(load<u8>(p))) p++;
  if (p == end) return CUT_OFF;
  return p == at ? BAD : p;
}

@inline
function isOfNumber(byte: u32): bool {
  // Digits, `.`, `-`, and after these `+`, `e` and `E`.
  return byte - 0x30 < 10 || byte == 0x2e || byte == 0x2d || byte == 0x2b || (byte | 0x20) == 0x65;
}

/** Passes over `"NONE"` or `"KMS"`. */
function skipEncryption(at: usize): usize {
  const first = load<u32>(at);
  const isKms = first == 0x534d4b22 && load<u8>(at + 4) == QUOTE;
  if (isKms) return at + 5;
  const isNone = first == 0x4e4f4e22 && load<u16>(at + 4) == 0x2245;
  return isNone ? at + 6 : BAD;
}
