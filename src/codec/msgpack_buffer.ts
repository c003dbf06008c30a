/**
 * A growing array that MessagePack is written into, token by token.
 *
 * @module
 */

const FIRST_SIZE = 1 << 16;
/** A buffer that grew beyond this is let go after use. */
const KEPT_SIZE = 1 << 20;
/** Strings up to this length are copied in a loop: a call of TextEncoder costs some 200 ns. */
const MAX_LOOPED = 160;
/** The most that a token takes, strings and binaries aside. */
const MAX_TOKEN = 16;

const textEncoder = new TextEncoder();

/** Writes tokens in their smallest encoding. */
export class MsgpackBuffer {
  #bytes = new Uint8Array(FIRST_SIZE);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Begins anew. */
  reset(): void {
    this.#length = 0;
    if (this.#bytes.length <= KEPT_SIZE) return;
    this.#bytes = new Uint8Array(FIRST_SIZE);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(size: number): void {
    if (this.#length + size > this.#bytes.length) this.#grow(size);
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size));
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
    this.#reserve(MAX_TOKEN);
    this.#bytes[this.#length] = value < 0n ? 0xd3 : 0xcf;
    this.#view.setBigUint64(this.#length + 1, BigInt.asUintN(64, value));
    this.#length += 9;
  }

  /** Writes a string; a surrogate without its other half becomes U+FFFD. */
  writeString(text: string): void {
    const units = text.length;
    if (units > MAX_LOOPED) return this.#writeLongString(text);
    this.#reserve(MAX_TOKEN + units);
    const start = this.#length;
    const bytes = this.#bytes;
    let at = start;
    if (units < 32) bytes[at++] = 0xa0 | units;
    else {
      bytes[at++] = 0xd9;
      bytes[at++] = units;
    }
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return this.#writeLongString(text);
      bytes[at + i] = unit;
    }
    this.#length = at + units;
  }

  /** Leaves room for the widest length, and moves the text up when it turned out to be shorter. */
  #writeLongString(text: string): void {
    this.#reserve(MAX_TOKEN + text.length * 3);
    const start = this.#length;
    const guess = start + stringHeadSize(text.length);
    const { written } = textEncoder.encodeInto(text, this.#bytes.subarray(guess));
    const body = start + stringHeadSize(written);
    if (body !== guess) this.#bytes.copyWithin(body, guess, guess + written);
    if (written < 32) this.#bytes[start] = 0xa0 | written;
    else this.#writeSize(0xd9, written);
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

  /** Corrects the head of the map at `start` that got fewer entries than it was begun with. */
  shrinkMapHead(start: number, claimed: number, count: number): void {
    const end = this.#length;
    const from = start + containerHeadSize(claimed);
    this.#length = start;
    this.writeMapHead(count);
    this.#bytes.copyWithin(this.#length, from, end);
    this.#length += end - from;
  }
}

function stringHeadSize(length: number): number {
  return length < 32 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

function containerHeadSize(count: number): number {
  return count < 16 ? 1 : count < 0x10000 ? 3 : 5;
}
