/**
 * YAML as maps of named entries, each with its place in the text.
 *
 * This reads the nodes, not JavaScript objects: objects have no places, merge `1` with `"1"`, and
 * treat `__proto__` specially.
 *
 * @module
 */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { closest, quotedList } from "../base/suggest.ts";
import type { Pair, Scalar, YAMLMap } from "yaml";

/** A place in the text: line and column, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly message: string;
  readonly place: Place;
}

/** One entry of a map: the place of its key, and its value (null if there is none). */
export interface Entry {
  readonly place: Place;
  readonly value: unknown;
}

/** A value that is not a map: what it is, and how it was written. */
export interface Value {
  readonly type: "text" | "number" | "boolean" | "empty" | "other";
  /** The text; numbers and booleans as they were written. */
  readonly source: string;
  readonly place: Place;
}

const START: Place = { line: 1, column: 1 };

/** Plain messages for parser errors whose own messages are for programmers. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "The file must have only one YAML document",
  TAB_AS_INDENT: "Tabs are not allowed as indentation: use spaces",
};

/** A YAML text, read node by node; collects mistakes in `problems`. */
export class YamlText {
  /** The mistakes found so far, syntax errors first. */
  readonly problems: Problem[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  /** The entries of maps: merging a map again and again must not take exponential time. */
  readonly #read = new Map<unknown, Map<string, Entry>>();

  constructor(text: string) {
    this.#document = parseDocument(text.replace(/^\uFEFF/, ""), {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false, // entries() checks this itself, to report the first place
    });
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      this.report(PLAIN_WORDS[error.code] ?? `Invalid YAML: ${error.message}`, {
        ...this.#placeAt(error.pos[0]),
      });
    }
  }

  /** The top-level node; null if the text is empty. */
  get root(): unknown {
    return this.#document.contents;
  }

  /** Adds a mistake, unless it is known already: aliases repeat mistakes. */
  report(message: string, place: Place): void {
    const known = this.problems.some((problem) =>
      problem.message === message && problem.place.line === place.line &&
      problem.place.column === place.column
    );
    if (!known) this.problems.push({ message, place });
  }

  /**
   * Adds that a key is unknown, and the key that was probably meant.
   *
   * @param known `thing` in `where`, such as "a stream", has these `keys`.
   */
  reportUnknown(
    key: string,
    { place }: Entry,
    known: { readonly where: string; readonly thing: string; readonly keys: readonly string[] },
  ): void {
    const meant = closest(key, known.keys);
    const help = meant === undefined
      ? `${known.thing} has ${quotedList(known.keys)}`
      : `did you mean "${meant}"?`;
    this.report(`Unknown key "${key}" in ${known.where}: ${help}`, place);
  }

  /** The place of a node; `otherwise` if it has none. */
  placeOf(node: unknown, otherwise: Place = START): Place {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return range ? this.#placeAt(range[0]!) : otherwise;
  }

  /**
   * The entries of a map, in order, with aliases and merge keys (`<<`) resolved.
   *
   * @param value The node to read.
   * @param thing What an entry is, for messages: "stream" or "key".
   * @returns The entries by name; undefined if `value` is not a map.
   */
  entries(value: unknown, thing: string): Map<string, Entry> | undefined {
    return this.#entries(value, thing, new Set());
  }

  /** The value of an entry, with aliases resolved. */
  value({ value, place }: Entry): Value {
    const node = this.#resolve(value);
    const found = {
      source: isScalar(node) ? scalarText(node) : "",
      place: this.placeOf(value, place),
    };
    if (node === null || isScalar(node) && node.value === null) return { ...found, type: "empty" };
    const type = isScalar(node) ? typeof node.value : "other";
    if (type === "string") return { ...found, type: "text" };
    return { ...found, type: type === "number" || type === "boolean" ? type : "other" };
  }

  /** Resolves an alias; returns other nodes unchanged. */
  #resolve(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) this.report(`Unknown anchor "${node.source}"`, this.placeOf(node));
    return target ?? null;
  }

  #entries(value: unknown, thing: string, open: Set<unknown>): Map<string, Entry> | undefined {
    const map = this.#resolve(value);
    if (!isMap(map)) return undefined;
    const read = this.#read.get(map);
    if (read !== undefined) return read;
    const entries = new Map<string, Entry>();
    if (open.has(map)) return entries; // a map merged into itself adds nothing
    open.add(map);
    const merges: unknown[] = [];
    for (const pair of (map as YAMLMap<unknown, unknown>).items) {
      if (isMergeKey(pair.key)) merges.push(pair.value);
      else this.#addEntry(entries, pair, thing);
    }
    for (const merge of merges) this.#addMerged(entries, merge, thing, open);
    open.delete(map);
    this.#read.set(map, entries);
    return entries;
  }

  #addEntry(entries: Map<string, Entry>, pair: Pair<unknown, unknown>, thing: string): void {
    const key = this.#resolve(pair.key);
    const place = this.placeOf(pair.key, this.placeOf(pair.value));
    const name = isScalar(key) ? scalarText(key) : "";
    const first = entries.get(name);
    if (!isScalar(key)) {
      this.report(`The name of a ${thing} must be text, not a list or a map`, place);
    } else if (name === "") {
      this.report(`A ${thing} must have a name before the colon`, place);
    } else if (first !== undefined) {
      this.report(`Duplicate ${thing} "${name}": it is already on line ${first.place.line}`, place);
    } else {
      entries.set(name, { place, value: pair.value });
    }
  }

  /** Adds the entries of a merged map, or of a list of maps, without replacing existing ones. */
  #addMerged(
    entries: Map<string, Entry>,
    value: unknown,
    thing: string,
    open: Set<unknown>,
  ): void {
    const source = this.#resolve(value);
    for (const item of isSeq(source) ? source.items : [source]) {
      const merged = this.#entries(item, thing, open);
      if (merged === undefined) {
        this.report(`"<<" needs a map or a list of maps`, this.placeOf(value));
      }
      for (const [name, entry] of merged ?? []) if (!entries.has(name)) entries.set(name, entry);
    }
  }

  #placeAt(offset: number): Place {
    // An empty text has no lines.
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** Mistakes in the order of the text. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) =>
    a.place.line - b.place.line || a.place.column - b.place.column
  );
}

/** Whether a key is the user's own, and Triton ignores it: `x-...`. */
export function isExtensionKey(key: string): boolean {
  return key.startsWith("x-");
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

/** The text of a scalar; numbers and booleans as they were written. */
function scalarText(scalar: Scalar): string {
  if (typeof scalar.value === "string") return scalar.value;
  return scalar.value === null ? "" : scalar.source ?? String(scalar.value);
}
