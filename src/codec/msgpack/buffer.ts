/**
 * A growing array that MessagePack is written into, token by token.
 *
 * @module
 */

/** Size of the arrays that results are cut from: allocating one per result takes 0.5 to 1 µs. */
const POOL_SIZE = 1 << 14;
/** A longer result is copied, so that it does not keep a half-empty pool. */
const MAX_POOLED = POOL_SIZE >> 2;
/** Strings up to this length are encoded character by character. */
const MAX_COPIED = 12;
/** Strings up to this length are gathered; longer ones are encoded individually. */
const MAX_GATHERED = 256;
/** Most gathered strings, and their longest total length. */
const MAX_GAPS = 512;
const MAX_TEXT = 1 << 15;
/** The largest token except strings and binaries, in bytes. */
const MAX_TOKEN = 16;
/** The largest token that is written in words, in bytes. */
const MAX_WORDS = 32;

const textEncoder = new TextEncoder();

/**
 * Writes tokens in their smallest encoding.
 *
 * Copying a string takes 4 ns per character, because the engine checks the string's representation
 * each time, and a call of TextEncoder takes 160 ns. So longer strings are gathered: a gap is left for
 * each, as if it were ASCII, then one call encodes all of them joined together, and copies fill the
 * gaps. If they are not all ASCII, the gaps are widened first.
 */
export class MsgpackBuffer {
  #bytes = new Uint8Array(POOL_SIZE);
  #view = new DataView(this.#bytes.buffer);
  /** Where the current value starts; earlier results are before it. */
  #start = 0;
  #length = 0;
  /** Total number of keys in the maps since the last reset. */
  keys = 0;
  /** Whether all numbers since the last reset are finite. */
  isFinite = true;
  /** Whether any integer since the last reset is beyond 2^53. */
  hasLarge = false;
  /** The gathered strings joined together; for each, where its gap starts and ends, and its length. */
  #text = "";
  #gaps = 0;
  readonly #gapStarts = new Float64Array(MAX_GAPS);
  readonly #gapEnds = new Float64Array(MAX_GAPS);
  readonly #gapSizes = new Int32Array(MAX_GAPS);
  /** The buffer that the gathered strings are encoded into. */
  readonly #scratch = new Uint8Array((MAX_TEXT + MAX_GATHERED) * 3);
  readonly #scratchView = new DataView(this.#scratch.buffer);

  /** Returns the bytes since the last reset, in memory that is not written to again. */
  take(): Uint8Array {
    this.#fillGaps();
    const written = this.#bytes.subarray(this.#start, this.#length);
    if (written.length > MAX_POOLED) return new Uint8Array(written);
    this.#start = this.#length;
    return written;
  }

  /** Starts a new value, after the results that were returned. */
  reset(): void {
    this.#length = this.#start;
    this.keys = 0;
    this.isFinite = true;
    this.hasLarge = false;
    this.#gaps = 0;
    this.#text = "";
    if (this.#bytes.length === POOL_SIZE && this.#start + MAX_POOLED <= POOL_SIZE) return;
    this.#bytes = new Uint8Array(POOL_SIZE);
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = this.#length = 0;
  }

  #reserve(size: number): void {
    if (this.#length + size > this.#bytes.length) this.#grow(size);
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size));
    // Gaps are kept by their place in the array, so earlier results keep their places too.
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  writeByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Writes bytes unchanged. */
  writeRaw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a safe integer as an integer, any other number as a 64-bit float. */
  writeNumber(value: number): void {
    this.#reserve(MAX_TOKEN);
    const at = this.#length;
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= -32 && value < 128) this.#bytes[this.#length++] = value & 0xff;
      else this.#writeInt32(value);
    } else if (Number.isSafeInteger(value) && value !== 0) {
      this.#writeLargeInteger(value);
    } else {
      this.#bytes[at] = 0xcb;
      this.#view.setFloat64(at + 1, value);
      this.#length = at + 9;
      if (!Number.isFinite(value)) this.isFinite = false;
      else if (Number.isInteger(value) && value !== 0) this.hasLarge = true;
    }
  }

  #writeInt32(value: number): void {
    const bytes = this.#bytes;
    const at = this.#length;
    if (value > 0 ? value < 0x100 : value >= -0x80) {
      bytes[at] = value > 0 ? 0xcc : 0xd0;
      bytes[at + 1] = value;
      this.#length = at + 2;
    } else if (value > 0 ? value < 0x10000 : value >= -0x8000) {
      bytes[at] = value > 0 ? 0xcd : 0xd1;
      this.#view.setInt16(at + 1, value);
      this.#length = at + 3;
    } else {
      bytes[at] = value > 0 ? 0xce : 0xd2;
      this.#view.setInt32(at + 1, value);
      this.#length = at + 5;
    }
  }

  #writeLargeInteger(value: number): void {
    const at = this.#length;
    if (value > 0 && value < 0x100000000) {
      this.#bytes[at] = 0xce;
      this.#view.setUint32(at + 1, value);
      this.#length = at + 5;
    } else {
      this.#bytes[at] = value > 0 ? 0xcf : 0xd3;
      this.#view.setInt32(at + 1, Math.floor(value / 0x100000000));
      this.#view.setUint32(at + 5, value >>> 0);
      this.#length = at + 9;
    }
  }

  /** Writes a 64-bit integer: unsigned unless it is negative. */
  writeBigInt(value: bigint): void {
    if (value < -(2n ** 63n) || value >= 2n ** 64n) {
      throw new RangeError(`Cannot encode ${value} as MessagePack: it does not fit in 64 bits`);
    }
    this.hasLarge = true;
    this.#reserve(MAX_TOKEN);
    this.#bytes[this.#length] = value < 0n ? 0xd3 : 0xcf;
    this.#view.setBigUint64(this.#length + 1, BigInt.asUintN(64, value));
    this.#length += 9;
  }

  /** Writes a token of at most 32 bytes in whole words, even if it ends inside one. */
  writeWords(words: Int32Array, size: number): void {
    this.#reserve(MAX_WORDS);
    const at = this.#length;
    const view = this.#view;
    view.setInt32(at, words[0]!);
    view.setInt32(at + 4, words[1]!);
    for (let i = 8; i < size; i += 4) view.setInt32(at + i, words[i >> 2]!);
    this.#length = at + size;
  }

  /** Writes a string; lone surrogates become U+FFFD. */
  writeString(text: string): void {
    const units = text.length;
    if (units <= MAX_COPIED && this.#writeShortString(text)) return;
    // Two halves of a surrogate pair must not become one character when strings are joined.
    if (units > MAX_GATHERED || isLowSurrogate(text.charCodeAt(0))) {
      return this.#writeLongString(text);
    }
    if (this.#gaps === MAX_GAPS || this.#text.length > MAX_TEXT) this.#fillGaps();
    this.#reserve(MAX_TOKEN + units);
    this.#gapStarts[this.#gaps] = this.#length;
    this.#gapSizes[this.#gaps] = units;
    this.#text += text;
    this.#writeStringHead(units);
    this.#gapEnds[this.#gaps++] = this.#length += units;
  }

  /** Writes a string of at most 31 bytes; returns false without writing if it is not one. */
  #writeShortString(text: string): boolean {
    this.#reserve(1 + MAX_COPIED * 3);
    const bytes = this.#bytes;
    const start = this.#length;
    let to = start + 1;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) bytes[to++] = unit;
      else if (unit < 0x800) {
        bytes[to++] = 0xc0 | (unit >> 6);
        bytes[to++] = 0x80 | (unit & 63);
      } else if ((unit & 0xf800) === 0xd800) return false;
      else {
        bytes[to++] = 0xe0 | (unit >> 12);
        bytes[to++] = 0x80 | ((unit >> 6) & 63);
        bytes[to++] = 0x80 | (unit & 63);
      }
    }
    const size = to - start - 1;
    if (size > 31) return false;
    bytes[start] = 0xa0 | size;
    this.#length = to;
    return true;
  }

  #writeStringHead(size: number): void {
    if (size < 32) this.#bytes[this.#length++] = 0xa0 | size;
    else this.#writeSize(0xd9, size);
  }

  #fillGaps(): void {
    if (this.#gaps === 0) return;
    const text = this.#text;
    const { written } = textEncoder.encodeInto(text, this.#scratch);
    if (written !== text.length) this.#widenGaps();
    let from = 0;
    for (let gap = 0; gap < this.#gaps; gap++) {
      const size = this.#gapSizes[gap]!;
      this.#copyText(from, this.#gapStarts[gap]! + stringHeadSize(size), size);
      from += size;
    }
    this.#text = "";
    this.#gaps = 0;
  }

  /** Copies text from the scratch buffer, in words that may overlap. */
  #copyText(from: number, to: number, size: number): void {
    if (size < 4) {
      for (let i = 0; i < size; i++) this.#bytes[to + i] = this.#scratch[from + i]!;
      return;
    }
    const last = size - 4;
    for (let i = 0; i < last; i += 4) {
      this.#view.setInt32(to + i, this.#scratchView.getInt32(from + i));
    }
    this.#view.setInt32(to + last, this.#scratchView.getInt32(from + last));
  }

  /**
   * Gives each gap the size of its string in UTF-8, which is in the scratch buffer. The bytes between
   * the gaps move up; the last ones first, so that none is overwritten before it has moved.
   */
  #widenGaps(): void {
    let shift = this.#measureGaps();
    this.#reserve(shift);
    const bytes = this.#bytes;
    const length = this.#length + shift;
    let end = this.#length;
    for (let gap = this.#gaps - 1; shift > 0; gap--) {
      const gapEnd = this.#gapEnds[gap]!;
      for (let i = end - 1; i >= gapEnd; i--) bytes[i + shift] = bytes[i]!;
      end = this.#gapStarts[gap]!;
      shift -= this.#growthOf(gap);
      this.#length = this.#gapStarts[gap] = end + shift;
      this.#writeStringHead(this.#gapSizes[gap]!);
    }
    this.#length = length;
  }

  /** Replaces the size of each gap by its string's size in UTF-8; returns by how much they grow. */
  #measureGaps(): number {
    let growth = 0;
    let at = 0;
    for (let gap = 0; gap < this.#gaps; gap++) {
      const end = endOfUnits(this.#scratch, at, this.#gapSizes[gap]!);
      this.#gapSizes[gap] = end - at;
      growth += this.#growthOf(gap);
      at = end;
    }
    return growth;
  }

  /** How many bytes a string needs more than its gap has. */
  #growthOf(gap: number): number {
    const size = this.#gapSizes[gap]!;
    return stringHeadSize(size) + size - (this.#gapEnds[gap]! - this.#gapStarts[gap]!);
  }

  /** Reserves room for the widest length, and moves the text if a narrower one suffices. */
  #writeLongString(text: string): void {
    this.#reserve(MAX_TOKEN + text.length * 3);
    const start = this.#length;
    const guess = start + stringHeadSize(text.length);
    const { written } = textEncoder.encodeInto(text, this.#bytes.subarray(guess));
    const body = start + stringHeadSize(written);
    if (body !== guess) this.#bytes.copyWithin(body, guess, guess + written);
    this.#writeStringHead(written);
    this.#length = body + written;
  }

  /** Writes one of three lead bytes, for sizes of 8, 16 and 32 bits, and the size. */
  #writeSize(first: number, size: number): void {
    const at = this.#length;
    if (size < 0x100) {
      this.#bytes[at] = first;
      this.#bytes[at + 1] = size;
      this.#length = at + 2;
    } else if (size < 0x10000) {
      this.#bytes[at] = first + 1;
      this.#view.setUint16(at + 1, size);
      this.#length = at + 3;
    } else {
      this.#bytes[at] = first + 2;
      this.#view.setUint32(at + 1, size);
      this.#length = at + 5;
    }
  }

  writeBinary(data: Uint8Array): void {
    this.#reserve(MAX_TOKEN + data.length);
    this.#writeSize(0xc4, data.length);
    this.#bytes.set(data, this.#length);
    this.#length += data.length;
  }

  writeExtension(type: number, data: Uint8Array): void {
    this.#reserve(MAX_TOKEN + data.length);
    const fixed = [1, 2, 4, 8, 16].indexOf(data.length);
    if (fixed >= 0) this.#bytes[this.#length++] = 0xd4 + fixed;
    else this.#writeSize(0xc7, data.length);
    this.#bytes[this.#length++] = type;
    this.#bytes.set(data, this.#length);
    this.#length += data.length;
  }

  /** Starts an array. */
  writeArrayHead(count: number): void {
    this.#writeHead(count, 0x90, 0xdc);
  }

  /** Starts a map. */
  writeMapHead(count: number): void {
    this.keys += count;
    this.#writeHead(count, 0x80, 0xde);
  }

  #writeHead(count: number, fixed: number, first: number): void {
    this.#reserve(MAX_TOKEN);
    const at = this.#length;
    if (count < 16) {
      this.#bytes[at] = fixed | count;
      this.#length = at + 1;
    } else if (count < 0x10000) {
      this.#bytes[at] = first;
      this.#view.setUint16(at + 1, count);
      this.#length = at + 3;
    } else {
      this.#bytes[at] = first + 1;
      this.#view.setUint32(at + 1, count);
      this.#length = at + 5;
    }
  }
}

function stringHeadSize(length: number): number {
  return length < 32 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

/** Where the UTF-8 of this many UTF-16 code units ends. */
function endOfUnits(bytes: Uint8Array, start: number, units: number): number {
  let at = start;
  for (let left = units; left > 0; left--) {
    const lead = bytes[at]!;
    at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead >= 0xf0) left--; // a surrogate pair
  }
  return at;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
