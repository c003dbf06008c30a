import type { EventKeys } from "./event_keys.ts";
import { JsonWriter } from "./writer.ts";
import { kernels, memory, OUTPUT, OUTPUT_END } from "../wasm/kernels.ts";
import { isMapLead, notMapError } from "../msgpack/format.ts";

const LINE_FEED = Uint8Array.of(0x0a);
/** An array that grew beyond this size is not reused. */
const KEPT_SIZE = 1 << 24;

/** Collects events as JSON lines, in one array that is reused. */
export class LineWriter {
  #writer = new JsonWriter(1 << 16);

  /** Size of the collected lines, in bytes. */
  get length(): number {
    return this.#writer.length;
  }

  /** Adds lines that are text already. */
  add(lines: string): void {
    this.#writer.write(new TextEncoder().encode(lines));
  }

  /** Drops the lines after the first `length` bytes. */
  cut(length: number): void {
    this.#writer.length = length;
  }

  /**
   * Adds events up to the first one that the program leaves out: an incomplete, malformed or rare one,
   * or one for which its output has no room; `kernels.lineCount` has their number.
   *
   * @param events Events in the memory of the program.
   * @param at Where the first event starts.
   * @param most How many events to add at most.
   * @param keys Keys to add to each event. Default: none.
   * @returns Where it stopped. If that is `at`, {@linkcode addAny} is the way to add the event.
   */
  addPlain(
    events: Uint8Array,
    at: number,
    most: number = 0xffffffff,
    keys?: EventKeys,
  ): number {
    const start = events.byteOffset;
    const last = start + events.length;
    const end = kernels.writeLines(start + at, last, OUTPUT, OUTPUT_END, most);
    const lines = memory.subarray(OUTPUT, end);
    if (keys === undefined) this.#writer.write(lines);
    else keys.write(lines, this.#writer);
    return kernels.stoppedAt.value - start;
  }

  /**
   * Adds one event of any kind.
   *
   * @param keys Keys to add to it. Default: none.
   * @returns Where the next one starts.
   * @throws {ArchiveFormatError} If it is malformed, truncated or not a map.
   */
  addAny(events: Uint8Array, at: number, keys?: EventKeys): number {
    if (!isMapLead(events[at]!)) throw notMapError(at, events[at]!);
    if (keys !== undefined) return this.#addKeyed(events, at, keys);
    const next = this.#writer.writeValue(events, at);
    this.#writer.write(LINE_FEED);
    return next;
  }

  #addKeyed(events: Uint8Array, at: number, keys: EventKeys): number {
    const line = new JsonWriter(1 << 10);
    const next = line.writeValue(events, at);
    line.write(LINE_FEED);
    keys.write(line.out.subarray(0, line.length), this.#writer);
    return next;
  }

  /**
   * Returns and removes the collected lines.
   *
   * @returns UTF-8, valid until the next line is added.
   */
  take(): Uint8Array {
    const { out, length } = this.#writer;
    this.#writer.length = 0;
    if (out.length > KEPT_SIZE) this.#writer = new JsonWriter(1 << 16);
    return out.subarray(0, length);
  }
}
