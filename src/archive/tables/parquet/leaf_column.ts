/**
 * The values of one leaf of a schema, encoded as Parquet stores them while they are added. Doing so for
 * each value, without objects, takes half the time of collecting JavaScript values first.
 *
 * @module
 */

import { Dictionary } from "./leaf_dictionary.ts";

/** How Parquet stores the values of a leaf. */
export type PhysicalType = "INT64" | "DOUBLE" | "BOOLEAN" | "BYTE_ARRAY";

/** How deep a leaf is: what Parquet's definition and repetition levels count up to. */
export interface LeafLevels {
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

/** Values that are added before it is decided whether a dictionary is worth it, again and again. */
const SAMPLE = 2048;

/** Values after which a dictionary is dropped if nearly all of them are distinct. */
const FIRST_SAMPLE = 256;

/** Values and levels of one leaf, of one row group. */
export class LeafColumn {
  readonly physical: PhysicalType;
  readonly levels: LeafLevels;
  /** Names from the top of the schema. */
  readonly path: readonly string[];
  /** For each slot, how many of the levels above a value are there; as many as `slots`. */
  definitions: Uint8Array = new Uint8Array(256);
  /** For each slot, at which list it continues; empty for a leaf that is in no list. */
  repetitions: Uint8Array;
  /** Number of slots: values and nulls. */
  slots = 0;
  /** Number of values. */
  values = 0;
  /** Values in Parquet's PLAIN encoding, unless they are in the dictionary. */
  plain: Uint8Array = new Uint8Array(512);
  plainLength = 0;
  /** Where each value begins in `plain`, for byte arrays. */
  starts: Uint32Array;
  /** Distinct values, while that is worth it: `indices` are then the values. */
  dictionary: Dictionary | undefined;
  indices: Int32Array;
  /** Slots at the start of the current row. */
  mark = 0;
  #view: DataView = new DataView(this.plain.buffer);
  readonly #scratch: Uint8Array = new Uint8Array(8);
  readonly #scratchView: DataView = new DataView(this.#scratch.buffer);
  #lastText: string | undefined;
  #lastIndex = 0;

  constructor(path: readonly string[], physical: PhysicalType, levels: LeafLevels) {
    this.path = path;
    this.physical = physical;
    this.levels = levels;
    this.repetitions = new Uint8Array(levels.maxRepetition === 0 ? 0 : 256);
    this.starts = new Uint32Array(physical === "BYTE_ARRAY" ? 256 : 0);
    this.indices = new Int32Array(physical === "BOOLEAN" ? 0 : 256);
    this.clear();
  }

  /** Removes everything, for the next row group. */
  clear(): void {
    this.slots =
      this.values =
      this.plainLength =
      this.mark =
        0;
    this.dictionary = this.physical === "BOOLEAN" ? undefined : this.#freshDictionary();
    this.#lastText = undefined;
  }

  #freshDictionary(): Dictionary {
    this.#kept ??= new Dictionary(this.physical === "BYTE_ARRAY");
    this.#kept.clear();
    return this.#kept;
  }
  #kept: Dictionary | undefined;

  /** Adds a null: `definition` levels above it are there. */
  addNull(definition: number, repetition: number): void {
    this.#addSlot(definition, repetition);
  }

  addInt64(low: number, high: number, repetition: number): void {
    this.#scratchView.setInt32(0, low, true);
    this.#scratchView.setInt32(4, high, true);
    this.#add(this.#scratch, this.#scratchView, 0, 8, repetition);
  }

  addBigInt(value: bigint, repetition: number): void {
    this.#scratchView.setBigInt64(0, value, true);
    this.#add(this.#scratch, this.#scratchView, 0, 8, repetition);
  }

  addDouble(value: number, repetition: number): void {
    this.#scratchView.setFloat64(0, value, true);
    this.#add(this.#scratch, this.#scratchView, 0, 8, repetition);
  }

  addBoolean(value: boolean, repetition: number): void {
    this.#addSlot(this.levels.maxDefinition, repetition);
    if (this.values === this.plain.length) this.#growPlain(1);
    this.plain[this.values++] = value ? 1 : 0;
    this.plainLength = this.values;
  }

  /** Adds the bytes from `start` to `end`; `view` is one of `bytes`. */
  addBytes(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    repetition: number,
  ): void {
    this.#add(bytes, view, start, end, repetition);
  }

  /** Adds text that may often be the same as the last one. */
  addText(text: string, repetition: number): void {
    if (this.dictionary !== undefined && text === this.#lastText) {
      this.#addSlot(this.levels.maxDefinition, repetition);
      return this.#addIndex(this.#lastIndex);
    }
    const bytes = encoder.encode(text);
    this.#add(bytes, new DataView(bytes.buffer), 0, bytes.length, repetition);
    if (this.dictionary === undefined) return;
    this.#lastText = text;
    this.#lastIndex = this.indices[this.values - 1]!;
  }

  /** Removes what was added since `mark`. */
  undoRow(): void {
    const { maxDefinition } = this.levels;
    while (this.slots > this.mark) {
      if (this.definitions[--this.slots] !== maxDefinition) continue;
      this.values--;
      if (this.dictionary !== undefined) continue;
      if (this.physical === "BYTE_ARRAY") this.plainLength = this.starts[this.values]!;
      else this.plainLength -= this.physical === "BOOLEAN" ? 1 : 8;
    }
  }

  #addSlot(definition: number, repetition: number): void {
    const at = this.slots++;
    if (at === this.definitions.length) this.definitions = grown(this.definitions);
    this.definitions[at] = definition;
    if (this.levels.maxRepetition === 0) return;
    if (at >= this.repetitions.length) this.repetitions = grown(this.repetitions);
    this.repetitions[at] = repetition;
  }

  #add(bytes: Uint8Array, view: DataView, start: number, end: number, repetition: number): void {
    this.#addSlot(this.levels.maxDefinition, repetition);
    if (this.dictionary === undefined) return this.#addPlain(bytes, start, end);
    this.#addIndex(this.dictionary.indexOf(bytes, view, start, end));
    if (this.values % SAMPLE === 0 && !this.dictionary.isWorthIt(this.values)) {
      this.#dropDictionary();
    }
  }

  #isWorthIt(dictionary: Dictionary): boolean {
    if (this.values % SAMPLE === 0) return dictionary.isWorthIt(this.values);
    return this.values !== FIRST_SAMPLE || dictionary.size < FIRST_SAMPLE * 0.9;
  }

  #addIndex(index: number): void {
    if (this.values === this.indices.length) {
      const larger = new Int32Array(this.values * 2);
      larger.set(this.indices);
      this.indices = larger;
    }
    this.indices[this.values++] = index;
  }

  #addPlain(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.plainLength + 4 + length > this.plain.length) this.#growPlain(4 + length);
    let at = this.plainLength;
    if (this.physical === "BYTE_ARRAY") {
      if (this.values === this.starts.length) {
        const larger = new Uint32Array(this.values * 2);
        larger.set(this.starts);
        this.starts = larger;
      }
      this.starts[this.values] = at;
      this.#view.setInt32(at, length, true);
      at += 4;
    }
    const { plain } = this;
    // A call for each short value would take longer than copying it here.
    if (length > 48) plain.set(bytes.subarray(start, end), at);
    else for (let from = start, to = at; from < end;) plain[to++] = bytes[from++]!;
    this.plainLength = at + length;
    this.values++;
  }

  #growPlain(size: number): void {
    const larger = new Uint8Array(Math.max(this.plain.length * 2, this.plainLength + size));
    larger.set(this.plain.subarray(0, this.plainLength));
    this.plain = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Writes the values out, one by one, because too few of them are equal. */
  #dropDictionary(): void {
    const dictionary = this.dictionary!;
    const count = this.values;
    this.dictionary = undefined;
    this.values = 0;
    for (let i = 0; i < count; i++) {
      const index = this.indices[i]!;
      this.#addPlain(dictionary.bytes, dictionary.startOf(index), dictionary.endOf(index));
    }
  }
}

const encoder = new TextEncoder();

function grown(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
