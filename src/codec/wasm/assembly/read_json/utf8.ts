/** Checks UTF-8, in AssemblyScript: see ../../../msgpack/text.ts. */

/**
 * Whether the bytes are UTF-8; reads up to 3 bytes past the end, which must not continue a
 * character.
 */
export function isUtf8(start: usize, end: usize): bool {
  let at = start;
  while (at < end) {
    const lead = <u32>load<u8>(at);
    if (lead < 0x80) {
      at++;
      continue;
    }
    const second = <u32>load<u8>(at + 1);
    if (lead < 0xc2 || !continues(at + 1)) return false;
    if (lead < 0xe0) {
      at += 2;
      continue;
    }
    if (!continues(at + 2)) return false;
    if (lead < 0xf0) {
      // Overlong forms and surrogates.
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return false;
      at += 3;
      continue;
    }
    if (lead > 0xf4 || !continues(at + 3)) return false;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return false;
    at += 4;
  }
  return true;
}

@inline
function continues(at: usize): bool {
  return (load<u8>(at) & 0xc0) == 0x80;
}
