/** Writes doubles as JavaScript does, in AssemblyScript: see ../../json/number.ts. */

import { writeEight, writeUnsigned } from "./integer";
import { roundTrip, roundTripExponent } from "./schubfach";

/** Different decimals of up to 15 digits are different doubles, so one that fits is unique. */
const MAX_SCALED: f64 = 1e15;

/**
 * Writes a double as `String` does, but -0 as `-0`, and null for NaN and the infinities.
 *
 * Most doubles of real events are decimals of a few digits. For those, the scaled value is an
 * integer whose quotient is the double itself, and its digits are the shortest text.
 */
export function writeDouble(value: f64, out: usize): usize {
  const size = abs(value);
  const isLarge = size >= 1e8;
  const scale: f64 = isLarge ? 1e3 : 1e7;
  const scaled = nearest(size * scale);
  // Below 1e-6, `String` uses exponents.
  if (!(scaled < MAX_SCALED && size >= 1e-6 && scaled / scale == size)) {
    return writeAnyDouble(value, out);
  }
  let o = out;
  if (value < 0) store<u8>(o++, 0x2d);
  const whole = <u64>size;
  o = writeUnsigned(whole, o);
  const fraction = <u32>(<u64>scaled - whole * <u64>scale);
  if (fraction == 0) return o;
  store<u8>(o, 0x2e);
  writeEight(fraction * (isLarge ? 100_000 : 10), o + 1);
  o += 8;
  while (load<u8>(o) == 0x30) o--;
  return o + 1;
}

function writeAnyDouble(value: f64, out: usize): usize {
  let o = out;
  if (!isFinite(value)) {
    store<u32>(o, 0x6c6c756e); // null
    return o + 4;
  }
  if (reinterpret<i64>(value) < 0) store<u8>(o++, 0x2d);
  if (value == 0) {
    store<u8>(o, 0x30);
    return o + 1;
  }
  let digits = roundTrip(abs(value));
  let exponent = roundTripExponent;
  while (digits % 10 == 0) {
    digits /= 10;
    exponent++;
  }
  return writeDecimal(digits, exponent, o);
}

/** Writes digits times a power of ten: https://tc39.es/ecma262/#sec-numeric-types-number-tostring. */
function writeDecimal(digits: u64, exponent: i32, out: usize): usize {
  let o = writeUnsigned(digits, out);
  const count = <i32>(o - out);
  const point = count + exponent;
  if (point > 21 || point <= -6) {
    if (count > 1) {
      memory.copy(out + 2, out + 1, count - 1);
      store<u8>(out + 1, 0x2e);
      o++;
    }
    const power = point - 1;
    store<u16>(o, power < 0 ? 0x2d65 : 0x2b65); // e- or e+
    return writeUnsigned(<u64>abs(power), o + 2);
  }
  if (point <= 0) {
    memory.copy(out + 2 - point, out, count);
    memory.fill(out, 0x30, 2 - point);
    store<u8>(out + 1, 0x2e);
    return o + 2 - point;
  }
  if (exponent >= 0) {
    memory.fill(o, 0x30, exponent);
    return o + exponent;
  }
  memory.copy(out + point + 1, out + point, count - point);
  store<u8>(out + point, 0x2e);
  return o + 1;
}
