/**
 * A growing array that MessagePack is written into, token by token.
 *
 * @module
 */

/** How large an array is that results are cut out of: to allocate one for each takes 0.5 to 1 µs. */
const POOL_SIZE = 1 << 14;
/** A result longer than this is copied, so that it does not come with a half-empty pool. */
const MAX_POOLED = POOL_SIZE >> 2;
/** Strings up to this length are copied unit by unit, if they are ASCII. */
const MAX_COPIED = 12;
/** Strings up to this length are gathered; longer ones are worth a call of their own. */
const MAX_GATHERED = 1024;
/** How many strings are gathered at the most, and how long they may be together. */
const MAX_GAPS = 512;
const MAX_TEXT = 1 << 15;
/** The most that a token takes, strings and binaries aside. */
const MAX_TOKEN = 16;
/** The most that a token of words takes. */
const MAX_WORDS = 32;

const textEncoder = new TextEncoder();

/**
 * Writes tokens in their smallest encoding.
 *
 * To copy a string character by character takes 4 ns each, since the engine looks at the string's
 * representation every time, and a call of TextEncoder takes 160 ns. So longer ones are gathered: a
 * gap is left for each, as if it were ASCII, and then one call encodes them all joined together,
 * and copies fill the gaps. If they were not ASCII, what was written is moved to where it belongs.
 */
export class MsgpackBuffer {
  #bytes = new Uint8Array(POOL_SIZE);
  #view = new DataView(this.#bytes.buffer);
  /** Where the value being written begins; results that were taken stand before it. */
  #start = 0;
  #length = 0;
  /** How many keys the maps have together that were begun since the last reset. */
  keys = 0;
  /** Whether all numbers that were written since then are finite. */
  isFinite = true;
  /** Whether any integer that was written since then is beyond 2^53. */
  hasLarge = false;
  /** The gathered strings joined together, and for each where its token begins and its length. */
  #text = "";
  #gaps = 0;
  readonly #gapStarts = new Float64Array(MAX_GAPS);
  readonly #gapUnits = new Int32Array(MAX_GAPS);
  /** What the gathered strings are encoded into. */
  readonly #scratch = new Uint8Array((MAX_TEXT + MAX_GATHERED) * 3);
  readonly #scratchView = new DataView(this.#scratch.buffer);

  /** What was written since the last time, in an array that nothing is written to any more. */
  take(): Uint8Array {
    this.#fillGaps();
    const written = this.#bytes.subarray(this.#start, this.#length);
    if (written.length > MAX_POOLED) return new Uint8Array(written);
    this.#start = this.#length;
    return written;
  }

  /** Begins anew, after the results that were taken. */
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
    // Gaps are kept by their place in the array, so even what was taken before stays in place.
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** Writes a token of one byte. */
  writeByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Writes bytes as they are. */
  writeRaw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a safe integer as one, any other number as a 64-bit float. */
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

  /** Writes an integer of 64 bits: unsigned unless it is negative. */
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

  /** Writes a token of at most 32 bytes, whole words even where it ends within one. */
  writeWords(words: Int32Array, size: number): void {
    this.#reserve(MAX_WORDS);
    const at = this.#length;
    const view = this.#view;
    view.setInt32(at, words[0]!);
    view.setInt32(at + 4, words[1]!);
    for (let i = 8; i < size; i += 4) view.setInt32(at + i, words[i >> 2]!);
    this.#length = at + size;
  }

  /** Writes a string; a surrogate without its other half becomes U+FFFD. */
  writeString(text: string): void {
    const units = text.length;
    if (units <= MAX_COPIED && this.#writeShortAscii(text)) return;
    if (units > MAX_GATHERED) return this.#writeLongString(text);
    if (this.#gaps === MAX_GAPS || this.#text.length > MAX_TEXT) this.#fillGaps();
    this.#reserve(MAX_TOKEN + units);
    this.#gapStarts[this.#gaps] = this.#length;
    this.#gapUnits[this.#gaps++] = units;
    this.#text += text;
    this.#writeStringHead(units);
    this.#length += units;
  }

  /** Returns false, and has written nothing, if the string is not ASCII. */
  #writeShortAscii(text: string): boolean {
    this.#reserve(MAX_TOKEN);
    const bytes = this.#bytes;
    const units = text.length;
    let to = this.#length;
    bytes[to++] = 0xa0 | units;
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[to++] = unit;
    }
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
    if (written === text.length) this.#copyIntoGaps();
    else this.#moveApart(text);
    this.#text = "";
    this.#gaps = 0;
  }

  #copyIntoGaps(): void {
    let from = 0;
    for (let gap = 0; gap < this.#gaps; gap++) {
      const units = this.#gapUnits[gap]!;
      const to = this.#gapStarts[gap]! + stringHeadSize(units);
      const end = from + units;
      if (units < 4) {
        for (let i = 0; i < units; i++) this.#bytes[to + i] = this.#scratch[from + i]!;
      } else {
        for (let i = 0; i < units - 4; i += 4) {
          this.#view.setInt32(to + i, this.#scratchView.getInt32(from + i));
        }
        this.#view.setInt32(to + units - 4, this.#scratchView.getInt32(end - 4));
      }
      from = end;
    }
  }

  /** Writes everything again, now that the strings' sizes in bytes are known. */
  #moveApart(text: string): void {
    const before = this.#bytes.slice(0, this.#length);
    let from = this.#length = this.#start;
    let unit = 0;
    let byte = 0;
    for (let gap = 0; gap < this.#gaps; gap++) {
      const start = this.#gapStarts[gap]!;
      const units = this.#gapUnits[gap]!;
      this.writeRaw(before.subarray(from, start));
      from = start + stringHeadSize(units) + units;
      const end = byte < 0 ? -1 : endOfUnits(this.#scratch, byte, units);
      if (end >= 0) {
        this.#reserve(MAX_TOKEN);
        this.#writeStringHead(end - byte);
        this.writeRaw(this.#scratch.subarray(byte, end));
      } else this.#writeLongString(text.slice(unit, unit + units));
      unit += units;
      byte = end;
    }
    this.writeRaw(before.subarray(from));
  }

  /** Leaves room for the widest length, and moves the text up when it turned out to be shorter. */
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

  /** Writes the first byte of three that stand for sizes of 8, 16 and 32 bits, and the size. */
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

  /** Writes a binary. */
  writeBinary(data: Uint8Array): void {
    this.#reserve(MAX_TOKEN + data.length);
    this.#writeSize(0xc4, data.length);
    this.#bytes.set(data, this.#length);
    this.#length += data.length;
  }

  /** Writes an extension. */
  writeExtension(type: number, data: Uint8Array): void {
    this.#reserve(MAX_TOKEN + data.length);
    const fixed = [1, 2, 4, 8, 16].indexOf(data.length);
    if (fixed >= 0) this.#bytes[this.#length++] = 0xd4 + fixed;
    else this.#writeSize(0xc7, data.length);
    this.#bytes[this.#length++] = type;
    this.#bytes.set(data, this.#length);
    this.#length += data.length;
  }

  /** Begins an array. */
  writeArrayHead(count: number): void {
    this.#writeHead(count, 0x90, 0xdc);
  }

  /** Begins a map. */
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

/**
 * Where the UTF-8 of so many UTF-16 units ends, or -1 if that is inside of a character: a string
 * ended with one half of a surrogate pair, and the next began with the other.
 */
function endOfUnits(bytes: Uint8Array, start: number, units: number): number {
  let at = start;
  let left = units;
  while (left > 0) {
    const lead = bytes[at]!;
    at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    left -= lead < 0xf0 ? 1 : 2;
  }
  return left === 0 ? at : -1;
}
