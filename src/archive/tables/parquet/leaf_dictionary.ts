/** Most bytes of the values of a dictionary. */
const MAX_BYTES = 1 << 20;

/** The distinct values of a leaf, in Parquet's PLAIN encoding, found by their bytes. */
export class Dictionary {
  /** The values; each has its length before it, if it is a byte array. */
  bytes: Uint8Array = new Uint8Array(512);
  /** Bytes of all values. */
  length = 0;
  /** Number of values. */
  size = 0;
  /** Bytes of all values that were looked up. */
  #total = 0;
  readonly #prefix: number;
  #view: DataView = new DataView(this.bytes.buffer);
  #starts: Int32Array = new Int32Array(128);
  #ends: Int32Array = new Int32Array(128);
  #hashes: Int32Array = new Int32Array(128);
  /** Indices of values by their hash, plus one; 0 is free. Never more than half full. */
  #slots: Int32Array = new Int32Array(256);

  constructor(hasLengths: boolean) {
    this.#prefix = hasLengths ? 4 : 0;
  }

  clear(): void {
    this.length = this.size = this.#total = 0;
    this.#slots.fill(0);
  }

  startOf(index: number): number {
    return this.#starts[index]!;
  }

  endOf(index: number): number {
    return this.#ends[index]!;
  }

  /** Whether the dictionary, with its indices, takes less than two thirds of `count` values. */
  isWorthIt(count: number): boolean {
    const plain = this.#total + count * this.#prefix;
    return this.length < MAX_BYTES && (this.length + count * 1.5) * 1.5 < plain;
  }

  /** Finds or adds the value from `start` to `end`; `view` is one of `bytes`. */
  indexOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    this.#total += end - start;
    const hash = hashOf(bytes, view, start, end);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) break;
      if (this.#hashes[index] === hash && this.#isAt(index, bytes, view, start, end)) return index;
    }
    return this.#append(slot, hash, bytes, start, end);
  }

  #isAt(index: number, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const own = this.#starts[index]!;
    if (this.#ends[index]! - own !== end - start) return false;
    const shift = own - start;
    let at = start;
    for (const last = end - 4; at <= last; at += 4) {
      if (view.getInt32(at) !== this.#view.getInt32(at + shift)) return false;
    }
    for (; at < end; at++) if (bytes[at] !== this.bytes[at + shift]) return false;
    return true;
  }

  #append(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const index = this.size++;
    const needed = this.length + this.#prefix + end - start;
    if (needed > this.bytes.length) this.#growBytes(needed);
    if (this.#prefix > 0) this.#view.setInt32(this.length, end - start, true);
    const own = this.length + this.#prefix;
    this.bytes.set(bytes.subarray(start, end), own);
    if (index === this.#starts.length) this.#growIndex();
    this.#starts[index] = own;
    this.#ends[index] = this.length = needed;
    this.#hashes[index] = hash;
    this.#slots[slot] = index + 1;
    if (this.size * 2 > this.#slots.length) this.#growSlots();
    return index;
  }

  #growBytes(needed: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, needed));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  #growIndex(): void {
    this.#starts = grown(this.#starts);
    this.#ends = grown(this.#ends);
    this.#hashes = grown(this.#hashes);
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = this.#hashes[index]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index + 1;
    }
  }
}

function grown(numbers: Int32Array): Int32Array {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

/** Mixes four bytes at a time. */
function hashOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
