import { decodeEvent } from "../../../codec/msgpack/decode.ts";
import { MsgpackDecoder } from "../../../codec/msgpack/decoder.ts";
import { encodeEvent } from "../../../codec/msgpack/encode.ts";
import { skipMsgpack } from "../../../codec/msgpack/scan.ts";
import type { TableSchema } from "../column_types.ts";
import { exactJson, objectJson } from "../exact_json.ts";
import { addScalar } from "./leaf_values.ts";
import { type FieldTable, type SchemaNode, structNode } from "./schema_tree.ts";
import type { LeafColumn } from "./leaf_column.ts";

/** What {@linkcode Shredder.add} returns for an event of which everything is in columns. */
const NO_REST = "";

/** Not in columns: it stands in the rest. */
const MISFIT = undefined;

/**
 * Splits events into the leaves of a schema, as `splitEvent` does, from their bytes: no event becomes
 * an object, and no value of a column that holds it.
 */
export class Shredder {
  /** The leaves of the schema, in its order. */
  readonly leaves: readonly LeafColumn[];
  readonly #root: SchemaNode;
  readonly #lists: readonly LeafColumn[];
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  /** Where the next value starts. */
  #at = 0;
  /** Number of maps so far, which tells in which of them a key was seen. */
  #maps = 0;
  /** Whether the event has keys that must be decoded first: not text, or several times the same. */
  #isOdd = false;
  #rows = 0;

  constructor({ columns }: TableSchema) {
    const type = { type: "struct", fields: columns } as const;
    this.#root = structNode(columns, type, { path: [], definition: 0, repetition: 0 });
    this.leaves = this.#root.leaves;
    this.#lists = this.leaves.filter(({ levels }) => levels.maxRepetition > 0);
  }

  /** Number of events since the leaves were cleared. */
  get rows(): number {
    return this.#rows;
  }

  /** Sets the bytes that {@linkcode add} reads from. */
  read(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Removes all rows. */
  clear(): void {
    this.#rows = 0;
    for (const leaf of this.leaves) leaf.clear();
  }

  /**
   * Adds the event at `at`, which is complete.
   *
   * @returns The rest as exact JSON; empty if there is none.
   */
  add(at: number): string {
    for (const leaf of this.#lists) leaf.mark = leaf.slots;
    this.#isOdd = false;
    this.#at = at;
    const rest = this.#addFields(this.#root.fields!, 0, 0, false);
    if (this.#isOdd) return this.#addDecoded(at);
    this.#rows++;
    return rest ?? NO_REST;
  }

  /** Adds an event once more, with the keys that `decodeEvent` gives it. */
  #addDecoded(at: number): string {
    for (const leaf of this.leaves) {
      if (leaf.levels.maxRepetition === 0) leaf.mark = this.#rows;
      leaf.undoRow();
    }
    const [bytes, view] = [this.#bytes, this.#view];
    this.read(encodeEvent(decodeEvent(bytes.subarray(at, skipMsgpack(bytes, at)))));
    const rest = this.add(0);
    this.#bytes = bytes;
    this.#view = view;
    return rest;
  }

  /**
   * Adds the map at the current place.
   *
   * @param definition Level at which the struct is there.
   * @param isWhole Whether everything must be in columns, as in a list.
   * @returns The rest; {@linkcode MISFIT} if it must be in columns and is not.
   */
  #addFields(
    table: FieldTable,
    definition: number,
    repetition: number,
    isWhole: boolean,
  ): string | typeof MISFIT {
    const bytes = this.#bytes;
    const map = ++this.#maps;
    const count = this.#readCount();
    let [rest, rests, onlyKey] = [NO_REST, 0, ""];
    let unknown: Set<string> | undefined;
    let expected = table.first;
    let last: typeof expected;
    for (let i = 0; i < count; i++) {
      const at = this.#at;
      let field = expected?.isAt(bytes, at) ? expected : table.guess(bytes, at);
      let key: string | undefined;
      if (field !== undefined) this.#at = at + field.token.length;
      else {
        key = this.#readKey();
        if (key === undefined) return this.#giveUp();
        field = table.byText(key);
      }
      let left: string | undefined;
      if (field === undefined) {
        unknown ??= new Set();
        if (unknown.has(key!)) return this.#giveUp();
        unknown.add(key!);
        if (isWhole) return MISFIT;
        left = `${JSON.stringify(key)}:${this.#readJson()}`;
      } else {
        if (field.seen === map) return this.#giveUp();
        field.seen = map;
        if (last === undefined) table.first = field;
        else last.next = field;
        last = field;
        expected = field.next;
        const start = this.#at;
        const inner = this.#addValue(field.node, repetition, isWhole);
        if (inner !== MISFIT) field.filled = map;
        else {
          if (isWhole || this.#isOdd) return MISFIT;
          this.#at = start;
        }
        if (inner === NO_REST) continue;
        left = field.json + (inner ?? this.#readJson());
        key = field.key;
      }
      rest = rests++ === 0 ? left : `${rest},${left}`;
      onlyKey = key!;
    }
    for (const { filled, node } of table.fields) {
      if (filled === map) continue;
      for (const leaf of node.leaves) leaf.addNull(definition, repetition);
    }
    return rests === 0 ? NO_REST : objectJson(rest, rests === 1 ? onlyKey : undefined);
  }

  /** Ends the event: it is decoded and added once more. */
  #giveUp(): typeof MISFIT {
    this.#isOdd = true;
    return MISFIT;
  }

  /** Adds the value at the current place; returns the rest. */
  #addValue(node: SchemaNode, repetition: number, isWhole: boolean): string | typeof MISFIT {
    const { leaf, fields, element } = node;
    if (leaf !== undefined) {
      const end = addScalar(leaf, node.type, this.#bytes, this.#view, this.#at, repetition);
      if (end < 0) return MISFIT;
      this.#at = end;
      return NO_REST;
    }
    const lead = this.#bytes[this.#at]!;
    if (fields !== undefined) {
      if (!isMapLead(lead)) return MISFIT;
      return this.#addFields(fields, node.definition, repetition, isWhole);
    }
    if (!isArrayLead(lead)) return MISFIT;
    if (this.#addElements(node, element!, repetition)) return NO_REST;
    // In another list, that one is undone as a whole.
    if (!isWhole) { for (const inner of node.leaves) inner.undoRow(); }
    return MISFIT;
  }

  /** Adds the elements of a list; returns whether all fit. */
  #addElements(list: SchemaNode, element: SchemaNode, repetition: number): boolean {
    const count = this.#readCount();
    if (count === 0) {
      for (const leaf of list.leaves) leaf.addNull(list.definition, repetition);
      return true;
    }
    for (let i = 0; i < count; i++) {
      const level = i === 0 ? repetition : list.repetition;
      if (this.#bytes[this.#at] === 0xc0) {
        this.#at++;
        for (const leaf of list.leaves) leaf.addNull(list.definition + 1, level);
      } else if (this.#addValue(element, level, true) === MISFIT) return false;
    }
    return true;
  }

  /** Reads the number of entries of an array or map. */
  #readCount(): number {
    const lead = this.#bytes[this.#at]!;
    const at = this.#at + 1;
    if (lead < 0xa0) {
      this.#at = at;
      return lead & 0x0f;
    }
    const isShort = (lead & 1) === 0;
    this.#at = at + (isShort ? 2 : 4);
    return isShort ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Reads a key that is text; undefined for another one. */
  #readKey(): string | undefined {
    const lead = this.#bytes[this.#at]!;
    if ((lead & 0xe0) !== 0xa0 && (lead < 0xd9 || lead > 0xdb)) return undefined;
    return this.#readAny() as string;
  }

  #readJson(): string {
    if (this.#bytes[this.#at] !== 0xc0) return exactJson(this.#readAny());
    this.#at++;
    return "null";
  }

  #readAny(): unknown {
    const decoder = new MsgpackDecoder(this.#bytes);
    decoder.offset = this.#at;
    const value = decoder.read();
    this.#at = decoder.offset;
    return value;
  }
}

function isMapLead(lead: number): boolean {
  return (lead & 0xf0) === 0x80 || lead === 0xde || lead === 0xdf;
}

function isArrayLead(lead: number): boolean {
  return (lead & 0xf0) === 0x90 || lead === 0xdc || lead === 0xdd;
}
