import { freeBuffer } from "../../base/bytes.ts";

/** Bytes before each event: its length, and its index in the archive. */
const HEADER_BYTES = 12;

/** Sizes of buffers: small for the few events of a late day, and never much more than is needed. */
const [FIRST_BYTES, MAX_BYTES] = [1 << 10, 1 << 20];

/** Receives an event: the bytes from `start` to `end`, the archive's `index`th. */
export type TakeEvent = (bytes: Uint8Array, start: number, end: number, index: number) => void;

/** A buffer, and how much of it is used. */
interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  used: number;
}

/** Copies of events that are not encoded yet: columns for each of many outputs take far more memory. */
export class PendingEvents {
  #parts: Part[] = [];
  #size = 0;

  /** Adds the event from `start` to `end`, the archive's `index`th. */
  add(bytes: Uint8Array, start: number, end: number, index: number): void {
    const needed = HEADER_BYTES + end - start;
    const last = this.#parts.at(-1);
    const part = last !== undefined && last.used + needed <= last.bytes.length
      ? last
      : this.#addPart(needed);
    const at = part.used + HEADER_BYTES;
    part.view.setUint32(part.used, end - start);
    part.view.setFloat64(part.used + 4, index);
    part.bytes.set(bytes.subarray(start, end), at);
    part.used += needed;
    this.#size += needed;
  }

  #addPart(needed: number): Part {
    const wanted = Math.min(Math.max(this.#size >>> 2, FIRST_BYTES), MAX_BYTES);
    const bytes = new Uint8Array(Math.max(wanted, needed));
    const part = { bytes, view: new DataView(bytes.buffer), used: 0 };
    this.#parts.push(part);
    return part;
  }

  /** Removes all events, in their order, and frees their memory. */
  takeAll(take: TakeEvent): void {
    const parts = this.#parts;
    [this.#parts, this.#size] = [[], 0];
    for (const { bytes, view, used } of parts) {
      for (let at = 0; at < used;) {
        const start = at + HEADER_BYTES;
        const end = start + view.getUint32(at);
        take(bytes, start, end, view.getFloat64(at + 4));
        at = end;
      }
      freeBuffer(bytes.buffer);
    }
  }
}
