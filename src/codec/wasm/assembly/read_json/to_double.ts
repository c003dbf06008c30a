/**
 * Converts decimals to doubles, in AssemblyScript.
 *
 * William Clinger, "How to read floating point numbers accurately" (1990), for short ones; for
 * others the product of Daniel Lemire, "Number parsing at a gigabyte per second",
 * https://arxiv.org/abs/2101.11408, but with the bounds below in place of his proofs.
 */

import { multiplyHigh } from "../multiply";
import { POWERS } from "./memory";

/** The powers of ten in the table: see `../../../../../tests/codec/wasm/build_kernels.ts`. */
const MIN_POWER: i32 = -292;
const MAX_POWER: i32 = 324;

/** Integers up to this one, and powers of ten up to 10^22, are doubles without rounding. */
const MAX_EXACT: u64 = 9_007_199_254_740_992;
const EXACT_POWERS: usize = memory.data(184, 16);
for (let n: i32 = 0, power: f64 = 1; n <= 22; n++, power *= 10) {
  store<f64>(EXACT_POWERS + (<usize>n << 3), power);
}

/**
 * The double nearest to `digits` times a power of ten; NaN or infinity if JavaScript must decide.
 */
export function toDouble(digits: u64, power: i32): f64 {
  if (digits == 0) return 0;
  if (digits <= MAX_EXACT && abs(power) <= 22) {
    const factor = load<f64>(EXACT_POWERS + (<usize>abs(power) << 3));
    // Rounded once, as both sides are exact.
    return power < 0 ? <f64>digits / factor : <f64>digits * factor;
  }
  return power < MIN_POWER || power > MAX_POWER ? NaN : multiply(digits, power);
}

/**
 * The double nearest to a product. The table has the first 128 bits of each power, rounded up, so
 * the true product is at most one unit of the middle word lower. That matters only next to the
 * middle between two doubles.
 */
function multiply(digits: u64, power: i32): f64 {
  const zeros = clz(digits);
  const factor = digits << zeros;
  const entry = POWERS + (<usize>(power - MIN_POWER) << 4);
  const low = multiplyHigh(factor, load<u64>(entry));
  const middle = factor * load<u64>(entry + 8) + low;
  const high = multiplyHigh(factor, load<u64>(entry + 8)) + <u64>(middle < low);

  const isLarge = high >> 63;
  const unused: u64 = 10 + isLarge;
  const rest = high & ((<u64>1 << unused) - 1);
  const half = <u64>1 << (unused - 1);
  if (rest == half && middle < 2) return NaN;
  // If all bits are set, rounding up carries into the exponent, as it should.
  const mantissa = (high >> unused) + <u64>(rest >= half);
  const exponent = ((power * 217_706) >> 16) + 1086 + <i32>isLarge - <i32>zeros;
  if (exponent <= 0) return NaN; // subnormal
  if (exponent >= 2046) return NaN; // near the end of the range
  return reinterpret<f64>((<u64>exponent << 52) + mantissa - 0x10000000000000);
}
