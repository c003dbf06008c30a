/** The text of the MessagePack number at `at`, whose first byte is `lead`, 0xca to 0xd3. */
export function numberText(view: DataView, at: number, lead: number): string {
  switch (lead) {
    case 0xca:
      return floatText(view.getFloat32(at + 1));
    case 0xcb:
      return doubleText(view.getFloat64(at + 1));
    case 0xcc:
      return String(view.getUint8(at + 1));
    case 0xcd:
      return String(view.getUint16(at + 1));
    case 0xce:
      return String(view.getUint32(at + 1));
    case 0xcf:
      return String(view.getBigUint64(at + 1));
    case 0xd0:
      return String(view.getInt8(at + 1));
    case 0xd1:
      return String(view.getInt16(at + 1));
    case 0xd2:
      return String(view.getInt32(at + 1));
    default:
      return String(view.getBigInt64(at + 1));
  }
}

/** A double as `String` writes it, but -0 as `-0`, and null for NaN and the infinities. */
function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}

/** The shortest text that reads back as a 32-bit float. */
function floatText(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return doubleText(value);
  for (let precision = 1; precision < 9; precision++) {
    const nearest = value.toPrecision(precision);
    if (Math.fround(Number(nearest)) === value) return String(Number(nearest));
    const outer = nextOutward(value, precision);
    if (Math.fround(outer) === value) return String(outer);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * The next decimal with this many digits away from zero. At a power of two, more numbers round to the
 * float from that side, so this one may read back as the float even if the nearest decimal, on the
 * other side, does not.
 */
function nextOutward(value: number, precision: number): number {
  const [digits, exponent] = value.toExponential(precision - 1).split("e") as [string, string];
  const isShort = Math.abs(Number(`${digits}e${exponent}`)) < Math.abs(value);
  const whole = BigInt(digits.replace(/[.-]/g, "")) + (isShort ? 1n : 0n);
  return Math.sign(value) * Number(`${whole}e${Number(exponent) - precision + 1}`);
}
