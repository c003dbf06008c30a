/**
 * YAML as maps of named entries, each with its place in the text.
 *
 * The nodes are read themselves, not as JavaScript objects: an object has no places, merges
 * `1` with `"1"`, and gives `__proto__` a meaning.
 *
 * @module
 */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Pair, Scalar, YAMLMap } from "yaml";

/** A place in the text: line and column, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One mistake. */
export interface Problem {
  readonly message: string;
  readonly place: Place;
}

/** One entry of a map: where its key stands, and its value (null if there is none). */
export interface Entry {
  readonly place: Place;
  readonly value: unknown;
}

const START: Place = { line: 1, column: 1 };

/** Messages of the parser that speak to programmers, and what they mean to the file's author. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "There may be only one YAML document in the file",
  TAB_AS_INDENT: "Tabs are not allowed as indentation: use spaces",
};

/** A YAML text, read node by node; mistakes gather in `problems`. */
export class YamlText {
  /** The mistakes found so far, those of the syntax first. */
  readonly problems: Problem[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(text: string) {
    this.#document = parseDocument(text.replace(/^\uFEFF/, ""), {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false, // entries() does this itself, to name the thing and its first place
    });
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      this.report(PLAIN_WORDS[error.code] ?? `Invalid YAML: ${error.message}`, {
        ...this.#placeAt(error.pos[0]),
      });
    }
  }

  /** What the text holds at the top: a node, or null if it holds nothing. */
  get root(): unknown {
    return this.#document.contents;
  }

  /** Notes a mistake, once: an alias brings the same mistake to several places. */
  report(message: string, place: Place): void {
    const known = this.problems.some((problem) =>
      problem.message === message && problem.place.line === place.line &&
      problem.place.column === place.column
    );
    if (!known) this.problems.push({ message, place });
  }

  /** Where a node stands; `otherwise` for a value that is not there. */
  placeOf(node: unknown, otherwise: Place = START): Place {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return range ? this.#placeAt(range[0]!) : otherwise;
  }

  /**
   * The entries of a map, in order, aliases followed and merge keys (`<<`) filled in.
   *
   * @param value The node to read.
   * @param thing What an entry is, to say so in messages: "stream" or "key".
   * @returns The entries by name; undefined if `value` is not a map.
   */
  entries(value: unknown, thing: string): Map<string, Entry> | undefined {
    return this.#entries(value, thing, new Set());
  }

  /** A node without aliases: what an alias stands for, or the node itself. */
  resolve(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) this.report(`Unknown anchor "${node.source}"`, this.placeOf(node));
    return target ?? null;
  }

  #entries(value: unknown, thing: string, open: Set<unknown>): Map<string, Entry> | undefined {
    const map = this.resolve(value);
    if (!isMap(map)) return undefined;
    const entries = new Map<string, Entry>();
    if (open.has(map)) return entries; // a merge of itself adds nothing
    open.add(map);
    const merges: unknown[] = [];
    for (const pair of (map as YAMLMap<unknown, unknown>).items) {
      if (isMergeKey(pair.key)) merges.push(pair.value);
      else this.#addEntry(entries, pair, thing);
    }
    for (const merge of merges) this.#addMerged(entries, merge, thing, open);
    open.delete(map);
    return entries;
  }

  #addEntry(entries: Map<string, Entry>, pair: Pair<unknown, unknown>, thing: string): void {
    const key = this.resolve(pair.key);
    const place = this.placeOf(pair.key, this.placeOf(pair.value));
    const name = isScalar(key) ? scalarText(key) : "";
    const first = entries.get(name);
    if (!isScalar(key)) {
      this.report(`A ${thing} must be named by plain text, not by a list or a map`, place);
    } else if (name === "") {
      this.report(`A ${thing} must have a name before the colon`, place);
    } else if (first !== undefined) {
      this.report(`Duplicate ${thing} "${name}": it is on line ${first.place.line} already`, place);
    } else {
      entries.set(name, { place, value: pair.value });
    }
  }

  /** Adds the entries of one merged map, or of a list of them; what is there already stays. */
  #addMerged(
    entries: Map<string, Entry>,
    value: unknown,
    thing: string,
    open: Set<unknown>,
  ): void {
    const source = this.resolve(value);
    for (const item of isSeq(source) ? source.items : [source]) {
      const merged = this.#entries(item, thing, open);
      if (merged === undefined) {
        this.report(`"<<" must stand before a map or a list of maps`, this.placeOf(value));
      }
      for (const [name, entry] of merged ?? []) if (!entries.has(name)) entries.set(name, entry);
    }
  }

  #placeAt(offset: number): Place {
    // An empty text has no lines at all.
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

/** The text of a scalar; of one that is a number or a boolean, as it was written. */
function scalarText(scalar: Scalar): string {
  if (typeof scalar.value === "string") return scalar.value;
  return scalar.value === null ? "" : scalar.source ?? String(scalar.value);
}
