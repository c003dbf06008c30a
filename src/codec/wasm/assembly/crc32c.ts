/** CRC-32C in AssemblyScript, sliced by 16: see ../../snappy/crc32c.ts. */

/** The Castagnoli polynomial, with reversed bits. */
const POLYNOMIAL: u32 = 0x82f63b78;

/**
 * Sixteen tables of 256 entries: table k has the effect of a byte on the checksum when k more bytes
 * follow it, so that sixteen bytes need sixteen independent look-ups instead of a chain of them.
 */
const TABLES: usize = memory.data(16_384, 16);

for (let byte: u32 = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  store<u32>(TABLES + (<usize>byte << 2), crc);
}
for (let i: usize = 256; i < 4096; i++) {
  const shorter = load<u32>(TABLES + ((i - 256) << 2));
  store<u32>(TABLES + (i << 2), (shorter >> 8) ^ after(0, shorter & 0xff));
}

/** The effect of a byte when this many more follow. */
@inline
function after(more: usize, byte: u32): u32 {
  return load<u32>(TABLES + (<usize>byte << 2) + (more << 10));
}

/** The effect of a word when this many more bytes follow. */
@inline
function wordAfter(more: usize, word: u32): u32 {
  return after(more + 3, word & 0xff) ^ after(more + 2, (word >> 8) & 0xff) ^
    after(more + 1, (word >> 16) & 0xff) ^ after(more, word >> 24);
}

/** The checksum of the bytes from `at` to `end`, after those whose checksum is `previous`. */
export function crc32c(at: usize, end: usize, previous: u32): u32 {
  let crc = ~previous;
  for (; at + 16 <= end; at += 16) {
    const low = load<u64>(at);
    const high = load<u64>(at + 8);
    crc = wordAfter(12, <u32>low ^ crc) ^ wordAfter(8, <u32>(low >> 32)) ^
      wordAfter(4, <u32>high) ^ wordAfter(0, <u32>(high >> 32));
  }
  while (at < end) crc = (crc >> 8) ^ after(0, (crc ^ load<u8>(at++)) & 0xff);
  return ~crc;
}
