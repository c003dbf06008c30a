import { MAX_EVENT_BYTES } from "./archive_format.ts";
import { FIXED_SIZES } from "../msgpack/format.ts";

/**
 * Finds the end of a MessagePack value, and continues where it stopped when there are more bytes.
 *
 * Starting over at each part would take quadratic time for an event of many chunks. It only counts
 * the values that are still missing, not their nesting, so it needs no memory.
 */
export class EventMeter {
  #at = 0;
  #wanted = 1;

  /**
   * Measures as far as the bytes go.
   *
   * @param bytes The value, starting at offset 0: the same bytes as before, and more.
   * @param end Number of valid bytes.
   * @returns The size of the value, or -1 if it is incomplete.
   * @throws {RangeError} If the value is larger than {@linkcode MAX_EVENT_BYTES}, as soon as that is
   * known, and at the byte 0xc1.
   */
  measure(bytes: Uint8Array, end: number): number {
    while (this.#wanted > 0) {
      if (this.#at >= end) return -1;
      const lead = bytes[this.#at]!;
      const fixed = FIXED_SIZES[lead]!;
      if (fixed !== 0) this.#pass(fixed, 0);
      else if (lead < 0xa0) this.#pass(1, (lead & 0x0f) * (lead < 0x90 ? 2 : 1));
      else if (!this.#passLong(lead, bytes, end)) return -1;
    }
    return this.#at <= end ? this.#at : -1;
  }

  /** Skips a value whose length or count is in the bytes after the first. */
  #passLong(lead: number, bytes: Uint8Array, end: number): boolean {
    if (lead === 0xc1) {
      throw new RangeError(`its byte ${this.#at} is 0xc1, which starts no value`);
    }
    const isContainer = lead >= 0xdc;
    const width = isContainer
      ? ((lead & 1) === 0 ? 2 : 4)
      : 1 << (lead >= 0xd9 ? lead - 0xd9 : (lead - 0xc4) % 3);
    const head = 1 + width;
    if (this.#at + head > end) return false;
    let number = 0;
    for (let i = 1; i <= width; i++) number = number * 256 + bytes[this.#at + i]!;
    if (isContainer) this.#pass(head, number * (lead >= 0xde ? 2 : 1));
    else this.#pass(head + number + (lead >= 0xc7 && lead <= 0xc9 ? 1 : 0), 0);
    return true;
  }

  #pass(bytes: number, children: number): void {
    this.#at += bytes;
    this.#wanted += children - 1;
    // Each missing value has at least one byte.
    const least = this.#at + this.#wanted;
    if (least > MAX_EVENT_BYTES) {
      throw new RangeError(`it claims at least ${least} bytes, more than ${MAX_EVENT_BYTES}`);
    }
  }
}
