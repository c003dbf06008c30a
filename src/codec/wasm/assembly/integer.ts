/** Writes integers as decimal digits, in AssemblyScript. */

/** The two digits of each number below 100. */
const PAIRS: usize = memory.data(200, 16);
for (let n: u32 = 0; n < 100; n++) {
  store<u16>(PAIRS + (<usize>n << 1), <u16>(0x3030 + n / 10 + ((n % 10) << 8)));
}

@inline
function writePair(value: u32, out: usize): void {
  store<u16>(out, load<u16>(PAIRS + (<usize>value << 1)));
}

/** Writes a number below 100, without a leading zero. */
@inline
function writeHead(value: u32, out: usize): usize {
  if (value < 10) {
    store<u8>(out, <u8>(0x30 + value));
    return out + 1;
  }
  writePair(value, out);
  return out + 2;
}

/** Writes a number below 1e8 as eight digits. */
export function writeEight(value: u32, out: usize): void {
  const high = value / 10_000;
  const low = value - high * 10_000;
  writePair(high / 100, out);
  writePair(high % 100, out + 2);
  writePair(low / 100, out + 4);
  writePair(low % 100, out + 6);
}

/** Writes a number below 1e8. */
function writeSmall(value: u32, out: usize): usize {
  if (value < 100) return writeHead(value, out);
  if (value < 10_000) {
    const o = writeHead(value / 100, out);
    writePair(value % 100, o);
    return o + 2;
  }
  const high = value / 10_000;
  const low = value - high * 10_000;
  let o: usize;
  if (high < 100) o = writeHead(high, out);
  else {
    o = writeHead(high / 100, out);
    writePair(high % 100, o);
    o += 2;
  }
  writePair(low / 100, o);
  writePair(low % 100, o + 2);
  return o + 4;
}

/** Writes an integer, and returns where it ends. */
export function writeUnsigned(value: u64, out: usize): usize {
  if (value < 100_000_000) return writeSmall(<u32>value, out);
  const high = value / 100_000_000;
  const o = writeUnsigned(high, out);
  writeEight(<u32>(value - high * 100_000_000), o);
  return o + 8;
}

/** Writes an integer, and returns where it ends. */
export function writeSigned(value: i64, out: usize): usize {
  if (value >= 0) return writeUnsigned(<u64>value, out);
  store<u8>(out, 0x2d);
  return writeUnsigned(0 - <u64>value, out + 1);
}
