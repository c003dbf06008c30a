/**
 * Finds the shortest digits that read back as a double, in AssemblyScript.
 *
 * Raffaello Giulietti, "The Schubfach way to render doubles",
 * https://drive.google.com/file/d/1IEeATSVnEE6TkrHlCYNY2GjaraBjOT4f; the names are from the paper.
 */

import { multiplyHigh } from "./multiply";
import { MIN_POWER, POWERS } from "./powers";

/** The power of ten for the digits of the last call. */
export let roundTripExponent: i32 = 0;

/** The digits of a finite number above zero. They may end in zeros. */
export function roundTrip(value: f64): u64 {
  const bits = reinterpret<u64>(value);
  const fraction = bits & 0xfffffffffffff;
  const biased = <i32>(bits >> 52);
  const isNormal = biased != 0;
  const c = isNormal ? fraction | 0x10000000000000 : fraction;
  const q = (isNormal ? biased : 1) - 1075;
  // At a power of two, the next lower number is only half as far away as the next higher one.
  const isUneven: u64 = fraction == 0 && biased > 1 ? 1 : 0;
  const isOdd = c & 1;

  const k = (q * 1_262_611 - (isUneven ? 524_031 : 0)) >> 22;
  const h = q + ((-k * 1_741_647) >> 19) + 1;
  const power = POWERS + (<usize>(-k - MIN_POWER) << 4);
  const low = load<u64>(power);
  const high = load<u64>(power + 8);
  const lower = scale(low, high, (4 * c - 2 + isUneven) << <u64>h) + isOdd;
  const middle = scale(low, high, (4 * c) << <u64>h);
  const upper = scale(low, high, (4 * c + 2) << <u64>h) - isOdd;

  const s = middle >> 2;
  if (s >= 10) {
    const shorter = s / 10;
    const isBelowIn = lower <= 40 * shorter;
    const isAboveIn = 40 * shorter + 40 <= upper;
    if (isBelowIn != isAboveIn) {
      roundTripExponent = k + 1;
      return shorter + <u64>isAboveIn;
    }
  }
  roundTripExponent = k;
  const isBelowIn = lower <= 4 * s;
  const isAboveIn = 4 * s + 4 <= upper;
  if (isBelowIn != isAboveIn) return s + <u64>isAboveIn;
  const half = 4 * s + 2;
  return s + <u64>(middle > half || (middle == half && (s & 1) != 0));
}

/** The upper 64 bits of a 128-by-64-bit product, the last one set if any bit below it is. */
function scale(low: u64, high: u64, by: u64): u64 {
  const carry = multiplyHigh(low, by);
  const below = high * by + carry;
  const above = multiplyHigh(high, by) + <u64>(below < carry);
  return above | <u64>(below > 1);
}
