/**
 * Reads the records of a GetRecords response, in AssemblyScript: see ../../json/wire_records.ts.
 *
 * It reads records in the form of every known server: without white space, with these keys in any
 * order. A record with anything else is refused.
 */

import { BAD, CUT_OFF, decodeBase64, decodedEnd } from "./base64";
import { isEvent } from "./events";

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const EXPONENT: u32 = 0x65;
const BACKSLASH: u32 = 0x5c;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;

/** The parts of a record, one bit each. */
const DATA: u32 = 1;
const NUMBER: u32 = 2;
const KEY: u32 = 4;
const TIME: u32 = 8;
const ENCRYPTION: u32 = 16;
const NEEDED: u32 = 15;

/** Eight characters as they are in memory. */
function word(text: string): u64 {
  let value: u64 = 0;
  for (let i = 7; i >= 0; i--) value = (value << 8) | <u64>text.charCodeAt(i);
  return value;
}

// The keys with the characters after them, in overlapping words.
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
/** The longest key, with room for the characters after it. */
const LONGEST_KEY: usize = 32;

/** Where the first record starts that was not read. */
export let restAt: usize = 0;
/** Whether that record is refused; if not, it, or what follows it, is incomplete. */
export let isRefused: bool = false;
/** Number of records that were read. */
export let recordCount: u32 = 0;
/** Where the text ends. */
export let textEnd: usize = 0;
/** Whether all of the text is ASCII. */
export let isAscii: bool = true;
/** Whether each sequence number is higher than the one before it. */
export let isAscending: bool = true;

/** Where the parts of a record for the text are, with their quotes. */
let numberAt: usize = 0;
let numberEnd: usize = 0;
let keyAt: usize = 0;
let keyEnd: usize = 0;
/** Its arrival time, in seconds. */
let time: f64 = 0;

/**
 * Reads the records from `at` to `end` that are followed by another. Writes their data to `data`; the
 * place of each record to `places`, in 16 bytes: where its data ends, from `data` on (32 bits; the
 * bitwise complement if the data is not certain to be an event), where its text ends, from `text` on
 * (32 bits), and its arrival time in seconds (a double); and its sequence number and partition key,
 * unchanged and each followed by a comma, to `text`. Returns where the data ends.
 */
export function readRecords(at: usize, end: usize, data: usize, places: usize, text: usize): usize {
  let out = data;
  let o = text;
  let n = places;
  let seen = i8x16.splat(0);
  let lastNumber: usize = 0;
  let lastSize: usize = 0;
  isAscending = true;
  restAt = at;
  let next = readRecord(at, end, out);
  for (; next > BAD; next = readRecord(next, end, out)) {
    const dataAt = <i32>(dataEnd - data);
    store<i32>(n, isEvent(out, dataEnd) ? dataAt : ~dataAt);
    store<f64>(n + 8, time);
    out = dataEnd;
    const size = numberEnd - numberAt;
    if (!isHigher(numberAt, size, lastNumber, lastSize)) isAscending = false;
    lastNumber = numberAt;
    lastSize = size;
    for (let part = 0; part < 2; part++) {
      const from = part == 0 ? numberAt : keyAt;
      const size = (part == 0 ? numberEnd : keyEnd) - from;
      // Copies up to 15 bytes too many, which are overwritten.
      for (let i: usize = 0; i < size; i += 16) {
        const bytes = v128.load(from + i);
        v128.store(o + i, bytes);
        seen = v128.or(seen, bytes);
      }
      store<u8>(o + size, <u8>COMMA);
      o += size + 1;
    }
    store<i32>(n + 4, <i32>(o - text));
    n += 16;
    restAt = next;
  }
  isRefused = next == BAD;
  isAscii = i8x16.bitmask(seen) == 0;
  recordCount = <u32>((n - places) >> 4);
  textEnd = o;
  return out;
}

/** Whether a sequence number is higher than another one. */
@inline
function isHigher(at: usize, size: usize, otherAt: usize, otherSize: usize): bool {
  if (size != otherSize) return size > otherSize;
  for (let i: usize = 0; i < size; i++) {
    const digit = load<u8>(at + i);
    const other = load<u8>(otherAt + i);
    if (digit != other) return digit > other;
  }
  return false;
}

/** Where the data of the last record ends. */
let dataEnd: usize = 0;

/** Reads a record; returns where the next one starts, or `BAD` or `CUT_OFF`. */
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
        p = numberEnd = skipNumber(numberAt, end);
        break;
      case KEY:
        keyAt = p + 15;
        p = keyEnd = skipText(keyAt, end);
        break;
      case TIME:
        p = readTime(p + 30, end);
        break;
      default:
        p = skipEncryption(p + 17);
    }
    if (p <= BAD) return p;
    if (p + 3 > end) return CUT_OFF;
    const byte = <u32>load<u8>(p++);
    if (byte == COMMA) continue;
    if (byte != CLOSE || (seen & NEEDED) != NEEDED) return BAD;
    // The last record is left to the caller, which checks how the response continues.
    return load<u8>(p) == COMMA && load<u8>(p + 1) == OPEN ? p + 1 : CUT_OFF;
  }
  return BAD;
}

/** Which part of a record starts here; 0 for anything else. */
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

/** Skips a sequence number: one digit or more, between quotes. */
@inline
function skipNumber(at: usize, end: usize): usize {
  let p = at + 1;
  while (p < end && <u32>load<u8>(p) - ZERO <= 9) p++;
  if (p >= end) return CUT_OFF;
  return load<u8>(p) == QUOTE && p > at + 1 ? p + 1 : BAD;
}

/** Skips a string. */
@inline
function skipText(at: usize, end: usize): usize {
  let p = at + 1;
  while (p < end) {
    const bytes = v128.load(p);
    const marks = <u32>i8x16.bitmask(v128.or(
      v128.or(
        i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)),
        i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH)),
      ),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    ));
    if (marks == 0) {
      p += 16;
      continue;
    }
    p += <usize>ctz(marks);
    if (p >= end) return CUT_OFF;
    const mark = <u32>load<u8>(p);
    if (mark == QUOTE) return p + 1;
    if (mark != BACKSLASH) return BAD;
    p = skipEscape(p, end);
    if (p <= BAD) return p;
  }
  return CUT_OFF;
}

/** Skips a backslash and what belongs to it. */
function skipEscape(at: usize, end: usize): usize {
  if (at + 6 > end) return CUT_OFF; // more than this follows in a record
  switch (<u32>load<u8>(at + 1)) {
    case 0x22: // "
    case 0x2f: // /
    case 0x5c: // \
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: // u
      for (let p = at + 2; p < at + 6; p++) {
        const digit = <u32>load<u8>(p);
        if (digit - ZERO > 9 && (digit | 0x20) - 0x61 > 5) return BAD;
      }
      return at + 6;
    default:
      return BAD;
  }
}

/** With one more digit, an integer might not be a double. */
const MAX_DIGITS: u64 = 900_719_925_474_099;
/** The last time of a `Date`, in seconds. */
const LAST_TIME: f64 = 8.64e12;
/** 10^22 is the largest power of ten that is exact as a double. */
const LEAST_POWER: i32 = -22;

/**
 * Reads a number exactly as JSON.parse does: the quotient or product of two integer doubles is rounded
 * only once. Refuses all numbers except positive ones of up to 16 digits.
 */
function readTime(at: usize, end: usize): usize {
  let p = at;
  let digits: u64 = 0;
  let power: i32 = 0;
  let pointAt: usize = 0;
  let byte: u32 = 0;
  for (; p < end; p++) {
    byte = load<u8>(p);
    if (byte == POINT && pointAt == 0 && p > at) pointAt = p;
    else if (byte - ZERO > 9) break;
    else if (digits >= MAX_DIGITS) return BAD;
    else digits = digits * 10 + (byte - ZERO);
  }
  if (p == end) return CUT_OFF;
  if (p == at || p == pointAt + 1) return BAD;
  if (load<u8>(at) == ZERO && p > at + 1 && pointAt != at + 1) return BAD;
  if (pointAt != 0) power = <i32>(pointAt + 1) - <i32>p;
  if ((byte | 0x20) == EXPONENT) {
    // One digit is enough: real times have E9.
    if (p + 2 > end) return CUT_OFF;
    const exponent = <u32>load<u8>(p + 1) - ZERO;
    if (exponent > 9) return BAD;
    power += exponent;
    p += 2;
  }
  if (power < LEAST_POWER) return BAD;
  const factor = powerOfTen(abs(power));
  time = power < 0 ? <f64>digits / factor : <f64>digits * factor;
  return time <= LAST_TIME ? p : BAD;
}

@inline
function powerOfTen(exponent: i32): f64 {
  let power: f64 = 1;
  for (let i = 0; i < exponent; i++) power *= 10;
  return power;
}

/** Skips `"NONE"` or `"KMS"`. */
function skipEncryption(at: usize): usize {
  const first = load<u32>(at);
  const isKms = first == 0x534d4b22 && load<u8>(at + 4) == QUOTE;
  if (isKms) return at + 5;
  const isNone = first == 0x4e4f4e22 && load<u16>(at + 4) == 0x2245;
  return isNone ? at + 6 : BAD;
}
