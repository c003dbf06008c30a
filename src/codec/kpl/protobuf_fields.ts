/** Thrown when bytes are not a protobuf message; the caller must catch it. */
export class MalformedMessage extends Error {}

const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];
/** The most bytes of a 64-bit varint. */
const MAX_VARINT_BYTES = 10;

/**
 * Steps through the fields of one message. After {@linkcode next}, its members describe the current
 * field; nothing is copied.
 *
 * Source: <https://protobuf.dev/programming-guides/encoding/>. Groups, which were deprecated before
 * the format of the producer library existed, are an error.
 */
export class FieldReader {
  field = 0;
  /** The value if it is a number, else undefined; not exact beyond 2^53. */
  number: number | undefined;
  /** Where the value starts if it is bytes, text or a message, else undefined. */
  from: number | undefined;
  /** Where these bytes end. */
  to = 0;
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  /** Reads the message from `from` to `to` in `bytes`. */
  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /**
   * Moves to the next field.
   *
   * @returns False if there is none.
   * @throws {MalformedMessage} If the message is truncated or malformed.
   */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    if (this.field === 0) throw new MalformedMessage();
    this.number = this.from = undefined;
    switch (tag & 7) {
      case VARINT:
        this.number = this.#varint();
        break;
      case FIXED64:
        this.#skip(8);
        break;
      case BYTES: {
        const size = this.#varint();
        this.from = this.#at;
        this.#skip(size);
        this.to = this.#at;
        break;
      }
      case FIXED32:
        this.#skip(4);
        break;
      default:
        throw new MalformedMessage();
    }
    return true;
  }

  #skip(size: number): void {
    if (size > this.#end - this.#at) throw new MalformedMessage();
    this.#at += size;
  }

  #varint(): number {
    let value = 0;
    let weight = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      if (this.#at === this.#end) throw new MalformedMessage();
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 128;
    }
    throw new MalformedMessage();
  }
}
