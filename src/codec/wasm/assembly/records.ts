/**
 * Reads the records of a GetRecords response, in AssemblyScript: see ../../json/wire_records.ts.
 *
 * It reads records in the form of every known server: without white space, with these keys in any
 * order. A record with anything else is refused.
 */

import { BAD, CUT_OFF, decodeBase64, decodedEnd } from "./base64";

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

/** Where the parts of a record for the text are, with their quotes. */
let numberAt: usize = 0;
let numberEnd: usize = 0;
let keyAt: usize = 0;
let keyEnd: usize = 0;
/** Its arrival time, in seconds. */
let time: f64 = 0;

/**
 * Reads the records from `at` to `end` that are followed by another. Writes their data to `data`; for
 * each record two doubles to `numbers`, the size of its data and its arrival time in seconds; and its
 * sequence number and partition key, unchanged and each followed by a comma, to `text`. Returns where
 * the data ends.
 */
export function readRecords(at: usize, end: usize, data: usize, numbers: usize, text: usize): usize {
  let out = data;
  let o = text;
  let n = numbers;
  let seen = i8x16.splat(0);
  restAt = at;
  let next = readRecord(at, end, out);
  for (; next > BAD; next = readRecord(next, end, out)) {
    store<f64>(n, <f64>(dataEnd - out));
    store<f64>(n + 8, time);
    n += 16;
    out = dataEnd;
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
    restAt = next;
  }
  isRefused = next == BAD;
  isAscii = i8x16.bitmask(seen) == 0;
  recordCount = <u32>((n - numbers) >> 4);
  textEnd = o;
  return out;
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
        p = numberEnd = skipString(numberAt, end);
        break;
      case KEY:
        keyAt = p + 15;
        p = keyEnd = skipString(keyAt, end);
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

/** Skips a string; the caller checks its contents. */
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

/** With one more digit, an integer might not be a double. */
const MAX_DIGITS: u64 = 900_719_925_474_099;
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
  return p;
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
