/**
 * JSON numbers, written as bytes.
 *
 * Each function writes into `out` at `to`, where the caller has made room for
 * {@linkcode MAX_NUMBER} bytes, and returns where the written bytes end.
 *
 * @module
 */

import { writeAscii } from "./json_text.ts";

/** The longest text of a number: `-1.2345678901234567e-308`. */
export const MAX_NUMBER = 24;

/** Digits that are tried after the point before a double goes the general way. */
const DECIMALS = 7;
/** As many for doubles up to 1e12, such as milliseconds with microseconds behind the point. */
const DECIMALS_OF_LARGE = 3;
/** Decimals of up to 15 digits are different doubles, so one that fits is the only one. */
const MAX_SCALED = 1e15;

const scratch = new DataView(new ArrayBuffer(8));

/** The two digits of each number below 100. */
const PAIRS = new Uint8Array(200);
for (let n = 0; n < 100; n++) PAIRS.set([0x30 + Math.floor(n / 10), 0x30 + n % 10], n * 2);

/** Writes an integer from 0 to 2^53. */
export function writeUnsigned(value: number, out: Uint8Array, to: number): number {
  if (value < 10) {
    out[to] = 0x30 + value;
    return to + 1;
  }
  if (value > 0x3fffffff) {
    const high = Math.floor(value / 1e8);
    const end = writeUnsigned(high, out, to) + 8;
    writeDigits((value - high * 1e8) | 0, out, end - 8, end);
    return end;
  }
  const small = value | 0;
  const size = small < 10_000
    ? (small < 100 ? 2 : small < 1000 ? 3 : 4)
    : small < 1_000_000
    ? (small < 100_000 ? 5 : 6)
    : small < 100_000_000
    ? (small < 10_000_000 ? 7 : 8)
    : small < 1_000_000_000
    ? 9
    : 10;
  writeDigits(small, out, to, to + size);
  return to + size;
}

/** Writes the last digits of an integer, as many as there is room between `to` and `end`. */
function writeDigits(value: number, out: Uint8Array, to: number, end: number): void {
  let left = value;
  let at = end;
  while (at - to >= 2) {
    const rest = (left / 100) | 0;
    const pair = (left - rest * 100) << 1;
    out[--at] = PAIRS[pair + 1]!;
    out[--at] = PAIRS[pair]!;
    left = rest;
  }
  if (at > to) out[to] = 0x30 + left % 10;
}

/** Writes an integer from -2^53 to 2^53. */
export function writeInteger(value: number, out: Uint8Array, to: number): number {
  if (value >= 0) return writeUnsigned(value, out, to);
  out[to] = 0x2d;
  return writeUnsigned(-value, out, to + 1);
}

/** Writes a 64-bit integer that is given by its halves, each unsigned. */
function writeInteger64(
  high: number,
  low: number,
  signed: boolean,
  out: Uint8Array,
  to: number,
): number {
  if (high < 0x200000) return writeUnsigned(high * 0x100000000 + low, out, to);
  if (signed && high >= 0xffe00000) {
    return writeInteger((high - 0x100000000) * 0x100000000 + low, out, to);
  }
  const value = (BigInt(high) << 32n) | BigInt(low);
  return writeAscii(String(signed ? BigInt.asIntN(64, value) : value), out, to);
}

/** Writes the number whose MessagePack begins at `at` with the byte `lead`, 0xca to 0xd3. */
export function writeNumber(
  view: DataView,
  at: number,
  lead: number,
  out: Uint8Array,
  to: number,
): number {
  switch (lead) {
    case 0xca:
      return writeFloat(view.getFloat32(at + 1), out, to);
    case 0xcb:
      return writeDouble(view.getFloat64(at + 1), out, to);
    case 0xcc:
      return writeUnsigned(view.getUint8(at + 1), out, to);
    case 0xcd:
      return writeUnsigned(view.getUint16(at + 1), out, to);
    case 0xce:
      return writeUnsigned(view.getUint32(at + 1), out, to);
    case 0xd0:
      return writeInteger(view.getInt8(at + 1), out, to);
    case 0xd1:
      return writeInteger(view.getInt16(at + 1), out, to);
    case 0xd2:
      return writeInteger(view.getInt32(at + 1), out, to);
    default: {
      const low = view.getUint32(at + 5);
      return writeInteger64(view.getUint32(at + 1), low, lead === 0xd3, out, to);
    }
  }
}

/**
 * Writes a double as `String` does, but -0 as `-0`, and null for what JSON has no number for.
 *
 * Most doubles of real events are decimals of a few digits. For those, the scaled value is an
 * integer whose quotient is the double itself, and its digits are the shortest text.
 */
export function writeDouble(value: number, out: Uint8Array, to: number): number {
  const size = Math.abs(value);
  const isLarge = size >= MAX_SCALED / 10 ** DECIMALS;
  const scale = isLarge ? 10 ** DECIMALS_OF_LARGE : 10 ** DECIMALS;
  const scaled = Math.round(size * scale);
  // Below 1e-6 `String` changes to exponents, as it does from 1e21 on.
  if (scaled < MAX_SCALED && size >= 1e-6 && scaled / scale === size) {
    let o = to;
    if (value < 0) out[o++] = 0x2d;
    const whole = Math.floor(size);
    o = writeUnsigned(whole, out, o);
    // The product is exact: both are integers, and it is below 2^53.
    const fraction = (scaled - whole * scale) | 0;
    if (fraction === 0) return o;
    return writeFraction(fraction, isLarge ? DECIMALS_OF_LARGE : DECIMALS, out, o);
  }
  if (value === 0) return writeAscii(1 / value < 0 ? "-0" : "0", out, to);
  if (!Number.isFinite(value)) return writeAscii("null", out, to);
  return writeCached(value, DOUBLE, out, to);
}

function writeFraction(fraction: number, decimals: number, out: Uint8Array, to: number): number {
  out[to] = 0x2e;
  let end = to + 1 + decimals;
  writeDigits(fraction, out, to + 1, end);
  while (out[end - 1] === 0x30) end--;
  return end;
}

/** Writes a 32-bit float as the shortest text that reads back as that float; else like a double. */
export function writeFloat(value: number, out: Uint8Array, to: number): number {
  if (value === 0 || !Number.isFinite(value)) return writeDouble(value, out, to);
  return writeCached(value, FLOAT, out, to);
}

/**
 * Texts of numbers seen before: a table of fixed size, where a newer one takes an older one's
 * place. Entry `n` holds the number's bits, what it is, and in 32 bytes a length and the text.
 */
const SLOTS = 4096;
const cachedBits = new Int32Array(SLOTS * 2);
const cachedKinds = new Uint8Array(SLOTS);
const cachedTexts = new Uint8Array(SLOTS * 32);
const DOUBLE = 1;
const FLOAT = 2;

function writeCached(value: number, kind: number, out: Uint8Array, to: number): number {
  scratch.setFloat64(0, value);
  const high = scratch.getInt32(0);
  const low = scratch.getInt32(4);
  const hash = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const at = slot * 32;
  const isThere = cachedKinds[slot] === kind && cachedBits[slot * 2] === high &&
    cachedBits[slot * 2 + 1] === low;
  if (!isThere) {
    cachedKinds[slot] = kind;
    cachedBits[slot * 2] = high;
    cachedBits[slot * 2 + 1] = low;
    const text = kind === FLOAT ? floatText(value) : String(value);
    cachedTexts[at] = writeAscii(text, cachedTexts, at + 1) - at - 1;
  }
  const size = cachedTexts[at]!;
  for (let i = 0; i < size; i++) out[to + i] = cachedTexts[at + 1 + i]!;
  return to + size;
}

function floatText(value: number): string {
  for (let precision = 1; precision < 9; precision++) {
    const nearest = value.toPrecision(precision);
    if (Math.fround(Number(nearest)) === value) return String(Number(nearest));
    const outer = nextOutward(value, precision);
    if (Math.fround(outer) === value) return String(outer);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * The next decimal of so many digits away from zero. At a power of two more numbers round to the
 * float from that side, so this one may read back where the nearest decimal, on the other, does
 * not.
 */
function nextOutward(value: number, precision: number): number {
  const [digits, exponent] = value.toExponential(precision - 1).split("e") as [string, string];
  const isShort = Math.abs(Number(`${digits}e${exponent}`)) < Math.abs(value);
  const whole = BigInt(digits.replace(/[.-]/g, "")) + (isShort ? 1n : 0n);
  return Math.sign(value) * Number(`${whole}e${Number(exponent) - precision + 1}`);
}
