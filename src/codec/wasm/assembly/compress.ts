/** Compresses data to a Snappy block, in AssemblyScript: see ../../snappy/compress.ts. */

const MAX_TABLE_BITS: u32 = 14;
const MIN_TABLE_BITS: u32 = 8;
const HASH_FACTOR: u32 = 0x1e35a7bd;
/** Distance from the end of the data where the search for matches stops, so that words can be read. */
const MARGIN: usize = 16;

/** Where four bytes with this hash were last seen; positions fit, as data has at most 64 KiB. */
const TABLE: usize = memory.data(32_768, 16);

/** Where the data starts that is not in the block yet. */
let emitted: usize = 0;

/** Compresses the data from `data` to `end`, at most 64 KiB; returns where the block ends. */
export function compress(data: usize, end: usize, out: usize): usize {
  let o = out;
  let rest = <u32>(end - data);
  for (; rest > 127; rest >>= 7) store<u8>(o++, <u8>(rest | 128));
  store<u8>(o++, <u8>rest);
  emitted = data;
  if (end - data >= 2 * MARGIN) o = compressMatches(data, end, o);
  return emitted < end ? writeLiteral(emitted, end, o) : o;
}

/** The table entry of a word. */
@inline
function slotOf(word: u32, shift: u32): usize {
  return TABLE + (<usize>((word * HASH_FACTOR) >> shift) << 1);
}

/** The hot loop: writes literals and copies, and sets `emitted` to where it stopped. */
function compressMatches(data: usize, end: usize, out: usize): usize {
  const limit = end - MARGIN;
  let bits = MIN_TABLE_BITS;
  while (bits < MAX_TABLE_BITS && <usize>1 << bits < end - data) bits++;
  const shift = 32 - bits;
  memory.fill(TABLE, 0, <usize>2 << bits);
  let o = out;
  let at = data + 1;
  for (;;) {
    // Search four bytes that occurred before, in steps that grow by one byte every 32 attempts.
    let candidate: usize;
    let word: u32;
    let next = at;
    let nextWord = load<u32>(at);
    let tries: u32 = 32;
    do {
      at = next;
      word = nextWord;
      next = at + (tries++ >> 5);
      if (next > limit) return o;
      nextWord = load<u32>(next);
      const slot = slotOf(word, shift);
      candidate = data + load<u16>(slot);
      store<u16>(slot, <u16>(at - data));
    } while (load<u32>(candidate) != word);
    o = writeLiteral(emitted, at, o);
    // Copy the match, and further matches directly after it.
    do {
      const offset = at - candidate;
      const matchEnd = endOfMatch(at + 4, candidate + 4, end);
      o = writeCopy(<u32>offset, <u32>(matchEnd - at), o);
      emitted = at = matchEnd;
      if (at >= limit) return o;
      store<u16>(slotOf(load<u32>(at - 1), shift), <u16>(at - 1 - data));
      word = load<u32>(at);
      const slot = slotOf(word, shift);
      candidate = data + load<u16>(slot);
      store<u16>(slot, <u16>(at - data));
    } while (load<u32>(candidate) == word);
    at++;
  }
  return o;
}

/** How many bytes from `at` on equal those from `before` on. */
@inline
function endOfMatch(at: usize, before: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8, before += 8) {
    const difference = load<u64>(at) ^ load<u64>(before);
    if (difference != 0) return at + <usize>(ctz(difference) >> 3);
  }
  for (; at < end && load<u8>(at) == load<u8>(before); at++, before++);
  return at;
}

@inline
function writeLiteral(from: usize, to: usize, out: usize): usize {
  const size = to - from;
  let o = out;
  if (size <= 60) {
    store<u8>(o++, <u8>((size - 1) << 2));
  } else if (size <= 256) {
    store<u16>(o, <u16>((60 << 2) | ((size - 1) << 8)));
    o += 2;
  } else {
    store<u8>(o, 61 << 2);
    store<u16>(o + 1, <u16>(size - 1));
    o += 3;
  }
  if (size <= 16) v128.store(o, v128.load(from)); // what follows overwrites the rest
  else memory.copy(o, from, size);
  return o + size;
}

/** Writes copies of at most 64 and at least four bytes each. */
@inline
function writeCopy(offset: u32, length: u32, out: usize): usize {
  let o = out;
  let rest = length;
  for (; rest >= 68; rest -= 64) o = writeLongCopy(offset, 64, o);
  if (rest > 64) {
    o = writeLongCopy(offset, 60, o);
    rest -= 60;
  }
  if (rest >= 12 || offset >= 2048) return writeLongCopy(offset, rest, o);
  store<u16>(o, <u16>(1 | ((rest - 4) << 2) | ((offset >> 8) << 5) | ((offset & 0xff) << 8)));
  return o + 2;
}

@inline
function writeLongCopy(offset: u32, length: u32, out: usize): usize {
  store<u32>(out, 2 | ((length - 1) << 2) | (offset << 8));
  return out + 3;
}
