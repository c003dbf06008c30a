/** Checks that bytes are an event, in AssemblyScript: what ../../msgpack/scan.ts has as `validateEvent`. */

/** Sizes of values whose size is known from the first byte; 0 for all others. */
const SIZES: usize = memory.data(256, 16);
memory.fill(SIZES, 1, 256);
memory.fill(SIZES + 0x81, 0, 15); // maps
memory.fill(SIZES + 0x91, 0, 15); // arrays
for (let length: u32 = 0; length < 32; length++) store<u8>(SIZES + 0xa0 + length, <u8>(1 + length));
store<u8>(SIZES + 0xc1, 0);
memory.fill(SIZES + 0xc4, 0, 6); // binaries, extensions
store<u8>(SIZES + 0xca, 5);
store<u8>(SIZES + 0xcb, 9);
for (let step: u32 = 0; step < 4; step++) {
  store<u8>(SIZES + 0xcc + step, <u8>(1 + (<u32>1 << step))); // unsigned integers
  store<u8>(SIZES + 0xd0 + step, <u8>(1 + (<u32>1 << step))); // signed ones
}
for (let step: u32 = 0; step < 5; step++) {
  store<u8>(SIZES + 0xd4 + step, <u8>(2 + (<u32>1 << step))); // extensions
}
memory.fill(SIZES + 0xd9, 0, 7); // strings, arrays, maps

/** Maximum depth; deeper events are left to `validateEvent`. */
const MAX_DEPTH: u32 = 256;
/** For each outer container, its remaining entries times two, plus one if it is a map. */
const OUTER: usize = memory.data(1024, 16);

/**
 * Whether the bytes from `at` to `end` are exactly one event. False if it is not certain, too: about
 * lengths of 32 bits, deep nesting, and whatever is not an event, `validateEvent` decides.
 *
 * Reads up to 2 bytes past the end.
 */
export function isEvent(at: usize, end: usize): bool {
  if (at == end) return false;
  const first = <u32>load<u8>(at);
  if ((first & 0xf0) != 0x80 && first != 0xde) return false;
  let p = at;
  let depth: u32 = 0;
  let entries: u32 = 1;
  let isMap: u32 = 0;
  for (;;) {
    while (entries == 0) {
      if (depth == 0) return p == end;
      depth--;
      const outer = load<u32>(OUTER + (<usize>depth << 2));
      entries = outer >> 1;
      isMap = outer & 1;
    }
    entries--;
    // Each length has at most 16 bits, so `p` cannot go far past the end before this sees it.
    if (p >= end) return false;
    if (isMap != 0) {
      const key = <u32>load<u8>(p);
      if ((key & 0xe0) == 0xa0) p += key - 0x9f;
      else if (key == 0xd9) p += 2 + <usize>load<u8>(p + 1);
      else if (key == 0xda) p += 3 + <usize>length16(p + 1);
      else return false;
      if (p >= end) return false;
    }
    const lead = <u32>load<u8>(p);
    const size = <u32>load<u8>(SIZES + lead);
    if (size != 0) {
      p += size;
      continue;
    }
    switch (lead) {
      case 0xd9: // string
      case 0xc4: // binary
        p += 2 + <usize>load<u8>(p + 1);
        continue;
      case 0xda:
      case 0xc5:
        p += 3 + <usize>length16(p + 1);
        continue;
      case 0xc7: // extension
        p += 3 + <usize>load<u8>(p + 1);
        continue;
      case 0xc8:
        p += 4 + <usize>length16(p + 1);
        continue;
      default:
    }
    let count = lead & 0x0f;
    if (lead == 0xdc || lead == 0xde) {
      count = length16(p + 1);
      p += 2;
    } else if (lead >= 0xa0) return false;
    p++;
    if (count == 0) continue;
    if (depth == MAX_DEPTH) return false;
    store<u32>(OUTER + (<usize>depth << 2), (entries << 1) | isMap);
    depth++;
    entries = count;
    isMap = lead < 0x90 || lead == 0xde ? 1 : 0;
  }
  return false;
}

@inline
function length16(at: usize): u32 {
  return (<u32>load<u8>(at) << 8) | load<u8>(at + 1);
}
