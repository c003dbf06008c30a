/** Reads JSON numbers exactly as JavaScript does, or refuses them, in AssemblyScript. */

import { writeDouble, writeNegative, writeUnsigned } from "./output";
import { toDouble } from "./to_double";

const MINUS: u32 = 0x2d;
const PLUS: u32 = 0x2b;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const EXPONENT: u32 = 0x65;

/** Any 19 digits fit in 64 bits. */
const MAX_DIGITS: usize = 19;
/** The largest magnitude of a negative integer. */
const LOWEST: u64 = 0x8000000000000000;
/**
 * No number with a larger exponent is in the range of a double, unless it is zero: the input has no room
 * for so many zeros after a point.
 */
const MAX_EXPONENT: i32 = 10_000_000;

/** Where the number ends that was read last. */
export let numberEnd: usize = 0;
/** The digits that were read last, as a number, and where they end. */
let digits: u64 = 0;
let digitsEnd: usize = 0;

/**
 * Reads the number at `at`, and writes it to `out`; returns where the output ends, or 0 to refuse.
 */
export function readNumber(at: usize, out: usize): usize {
  const isNegative = <u32>load<u8>(at) == MINUS;
  const start = isNegative ? at + 1 : at;
  digits = 0;
  readDigits(start, MAX_DIGITS);
  const whole = digitsEnd - start;
  if (whole == 0 || (whole > 1 && <u32>load<u8>(start) == ZERO)) return 0;
  const next = <u32>load<u8>(digitsEnd);
  if (next == POINT || (next | 0x20) == EXPONENT) return readRest(start, isNegative, out);
  if (isDigit(digitsEnd)) return isNegative ? 0 : readLong(out);
  numberEnd = digitsEnd;
  if (!isNegative) return writeUnsigned(digits, out);
  if (digits == 0) return writeDouble(-0.0, out);
  return digits <= LOWEST ? writeNegative(0 - digits, out) : 0;
}

/** Reads the 20th digit of an integer that may fit in 64 bits. */
function readLong(out: usize): usize {
  const last = <u64>load<u8>(digitsEnd) - ZERO;
  numberEnd = digitsEnd + 1;
  const next = <u32>load<u8>(numberEnd);
  if (isDigit(numberEnd) || next == POINT || (next | 0x20) == EXPONENT) return 0;
  if (digits > (u64.MAX_VALUE - last) / 10) return 0;
  return writeUnsigned(digits * 10 + last, out);
}

/** Reads the fraction and the exponent of a number whose whole digits were read. */
function readRest(start: usize, isNegative: bool, out: usize): usize {
  let power: i32 = 0;
  let p = digitsEnd;
  if (<u32>load<u8>(p) == POINT) {
    const from = p + 1;
    let first = from;
    // Zeros before the first other digit do not count.
    if (digits == 0) while (<u32>load<u8>(first) == ZERO) first++;
    readDigits(first, digits == 0 ? MAX_DIGITS : MAX_DIGITS - (p - start));
    p = digitsEnd;
    if (p == from || isDigit(p)) return 0;
    power = <i32>(from - p);
  }
  if ((<u32>load<u8>(p) | 0x20) == EXPONENT) {
    const sign = <u32>load<u8>(++p);
    if (sign == MINUS || sign == PLUS) p++;
    if (!isDigit(p)) return 0;
    let exponent: i32 = 0;
    for (; isDigit(p); p++) {
      if (exponent < MAX_EXPONENT) exponent = exponent * 10 + <i32>load<u8>(p) - <i32>ZERO;
    }
    power += sign == MINUS ? -exponent : exponent;
  }
  numberEnd = p;
  const value = toDouble(digits, power);
  return value < Infinity ? writeDouble(isNegative ? -value : value, out) : 0;
}

@inline
function isDigit(at: usize): bool {
  return <u32>load<u8>(at) - ZERO <= 9;
}

/** Appends at most `most` digits to `digits`, eight at a time where possible. */
@inline
function readDigits(at: usize, most: usize): void {
  const limit = at + most;
  let p = at;
  while (p + 8 <= limit) {
    const eight = load<u64>(p);
    if (!areDigits(eight)) break;
    digits = digits * 100_000_000 + valueOf(eight);
    p += 8;
  }
  for (; p < limit && isDigit(p); p++) digits = digits * 10 + (<u64>load<u8>(p) - ZERO);
  digitsEnd = p;
}

/** Whether eight bytes are digits: all of them 0x3…, and still so after adding 6. */
@inline
function areDigits(eight: u64): bool {
  const high: u64 = 0xf0f0f0f0f0f0f0f0;
  return ((eight & high) | (((eight + 0x0606060606060606) & high) >> 4)) == 0x3333333333333333;
}

/** The number that eight digits are: pairs of digits first, then pairs of pairs. */
@inline
function valueOf(eight: u64): u64 {
  const ones = eight - 0x3030303030303030;
  const pairs = ones * 10 + (ones >> 8);
  const low = (pairs & 0x000000ff000000ff) * 0x000f424000000064;
  const high = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  return (low + high) >> 32;
}
