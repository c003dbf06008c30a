/** Writes MessagePack in its smallest encoding, in AssemblyScript; each returns where it ends. */

/** Larger integers are not written as such, unless their JSON is an integer. */
const MAX_SAFE: f64 = 9_007_199_254_740_991;
const NEGATIVE_ZERO: u64 = 0x8000000000000000;

export function writeUnsigned(value: u64, out: usize): usize {
  if (value < 0x80) return writeByte(<u32>value, out);
  if (value < 0x100) return writeByte(<u32>value, writeByte(0xcc, out));
  if (value < 0x10000) return write16(0xcd, <u32>value, out);
  if (value < 0x100000000) return write32(0xce, <u32>value, out);
  return write64(0xcf, value, out);
}

/** Writes an integer below zero, given as its bits. */
export function writeNegative(bits: u64, out: usize): usize {
  const value = <i64>bits;
  if (value >= -0x20) return writeByte(<u32>bits, out);
  if (value >= -0x80) return writeByte(<u32>bits, writeByte(0xd0, out));
  if (value >= -0x8000) return write16(0xd1, <u32>bits, out);
  if (value >= -0x80000000) return write32(0xd2, <u32>bits, out);
  return write64(0xd3, bits, out);
}

/** Writes a safe integer as an integer, any other number as a 64-bit float. */
export function writeDouble(value: f64, out: usize): usize {
  const bits = reinterpret<u64>(value);
  if (value != trunc(value) || abs(value) > MAX_SAFE || bits == NEGATIVE_ZERO) {
    return write64(0xcb, bits, out);
  }
  return value < 0 ? writeNegative(<u64><i64>value, out) : writeUnsigned(<u64>value, out);
}

/** How many bytes the head of a string has. */
@inline
export function stringHeadSize(size: usize): usize {
  return size < 32 ? 1 : size < 0x100 ? 2 : size < 0x10000 ? 3 : 5;
}

export function writeStringHead(size: usize, out: usize): usize {
  if (size < 32) return writeByte(0xa0 | <u32>size, out);
  if (size < 0x100) return writeByte(<u32>size, writeByte(0xd9, out));
  return size < 0x10000 ? write16(0xda, <u32>size, out) : write32(0xdb, <u32>size, out);
}

/**
 * Writes the head of an array or a map whose contents are written, from the byte after `at` to
 * `end`; moves them if the head is longer than that byte.
 */
export function closeContainer(at: usize, count: u32, isMap: bool, end: usize): usize {
  if (count < 16) {
    writeByte((isMap ? 0x80 : 0x90) | count, at);
    return end;
  }
  const isShort = count < 0x10000;
  const head: usize = isShort ? 3 : 5;
  memory.copy(at + head, at + 1, end - at - 1);
  const lead: u32 = isMap ? 0xde : 0xdc;
  if (isShort) write16(lead, count, at);
  else write32(lead + 1, count, at);
  return end + head - 1;
}

@inline
export function writeByte(byte: u32, out: usize): usize {
  store<u8>(out, <u8>byte);
  return out + 1;
}

@inline
function write16(lead: u32, value: u32, out: usize): usize {
  store<u16>(writeByte(lead, out), bswap<u16>(<u16>value));
  return out + 3;
}

@inline
function write32(lead: u32, value: u32, out: usize): usize {
  store<u32>(writeByte(lead, out), bswap<u32>(value));
  return out + 5;
}

@inline
function write64(lead: u32, value: u64, out: usize): usize {
  store<u64>(writeByte(lead, out), bswap<u64>(value));
  return out + 9;
}
