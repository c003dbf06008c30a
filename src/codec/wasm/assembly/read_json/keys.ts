/** Finds duplicate keys of the enclosing objects, in AssemblyScript. */

/**
 * An object with more keys is refused: comparing each with all others would take quadratic time.
 */
const MAX_KEYS: usize = 64;
/** Most keys of all enclosing objects. */
const MAX_ALL_KEYS: usize = 4096;
/** For each key, a word that is the same for equal keys. */
const WORDS: usize = memory.data(32_784, 16);
/** For each key, where its text is in the output, and its size. */
const TEXTS: usize = memory.data(32_768, 16);

/** Most digits of a key that JavaScript orders by its number: 2^32 - 2 at most. */
const MAX_INDEX_SIZE: usize = 10;
const ZERO: u32 = 0x30;

/**
 * Adds a key to an object that has those from `first` to `count`; returns false if it already has
 * that key, or JavaScript must decide.
 */
@inline
export function addKey(first: u32, count: u32, text: usize, size: usize): bool {
  if (<usize>(count - first) == MAX_KEYS || <usize>count == MAX_ALL_KEYS) return false;
  if (isDigit(text) && !isInOrder(first, count, text, size)) return false;
  const word = wordOf(text, size);
  const end = WORDS + (<usize>count << 3);
  // Two at a time; the last pair may have a word that follows.
  store<u64>(end, word);
  store<u64>(end + 8, 0);
  store<u32>(TEXTS + (<usize>count << 3), <u32>text);
  store<u32>(TEXTS + (<usize>count << 3) + 4, <u32>size);
  const wanted = i64x2.splat(word);
  let same = i64x2.splat(0);
  for (let at = WORDS + (<usize>first << 3); at < end; at += 16) {
    same = v128.or(same, i64x2.eq(v128.load(at), wanted));
  }
  return !v128.any_true(same) || !hasKey(first, count, word);
}

/** Compares the texts of keys with the same word. */
function hasKey(first: u32, count: u32, word: u64): bool {
  const added = TEXTS + (<usize>count << 3);
  const size = load<u32>(added + 4);
  for (let key = first; key < count; key++) {
    const other = TEXTS + (<usize>key << 3);
    if (load<u64>(WORDS + (<usize>key << 3)) != word || load<u32>(other + 4) != size) continue;
    if (memory.compare(load<u32>(added), load<u32>(other), size) == 0) return true;
  }
  return false;
}

/**
 * Mixes the first and the last eight bytes and the size; a shorter key has its bytes and its size.
 */
@inline
function wordOf(text: usize, size: usize): u64 {
  const start = load<u64>(text);
  if (size < 8) return (start & ((<u64>1 << (<u64>size << 3)) - 1)) | (<u64>size << 56);
  return (start * 0x9e3779b97f4a7c15) ^ load<u64>(text + size - 8) ^ <u64>size;
}

/**
 * Whether JavaScript leaves a key that starts with a digit at its place: it puts integers before
 * other keys, in ascending order.
 */
function isInOrder(first: u32, count: u32, text: usize, size: usize): bool {
  if (!isInteger(text, size)) return true;
  if (<u32>load<u8>(text) == ZERO && size > 1) return false;
  if (count == first) return true;
  const before = TEXTS + (<usize>(count - 1) << 3);
  const textBefore = <usize>load<u32>(before);
  const sizeBefore = <usize>load<u32>(before + 4);
  if (!isInteger(textBefore, sizeBefore)) return false;
  return sizeBefore == size ? memory.compare(textBefore, text, size) < 0 : sizeBefore < size;
}

function isInteger(text: usize, size: usize): bool {
  if (size > MAX_INDEX_SIZE) return false;
  for (let i: usize = 0; i < size; i++) if (!isDigit(text + i)) return false;
  return size > 0;
}

@inline
function isDigit(at: usize): bool {
  return <u32>load<u8>(at) - ZERO <= 9;
}
