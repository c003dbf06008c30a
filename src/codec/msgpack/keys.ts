/**
 * A cache of map keys: a known key costs a comparison of bytes instead of decoding.
 *
 * @module
 */

import type { EventData } from "../../base/record.ts";
import { buildObject, compileBuilder, type ObjectBuilder } from "./shapes.ts";
import { bufferOf, decodeText } from "./text.ts";

/** Longer keys are not cached. */
const MAX_KEY_SIZE = 64;
/** Size of the table of keys, in which newer keys replace older ones. */
const SLOTS = 1024;
/** Most cached predictions; when exceeded, all are dropped. */
const MAX_PREDICTIONS = 10_000;
/** After this many maps with the same keys, a function is compiled that builds such maps, */
const USES_TO_COMPILE = 8;
/** but at most this many functions, until all predictions are dropped. */
const MAX_BUILDERS = 512;

/** A key in MessagePack and in JavaScript. */
interface CachedKey {
  /** The key as an internalized string, which makes setting properties cheaper. */
  readonly text: string;
  /** The key's bytes in MessagePack, its length included. */
  readonly token: Uint8Array;
}

/**
 * A key at one place in the maps of events, and the keys that are likely to follow: events of a
 * stream are similar.
 */
export class KeyNode {
  readonly text: string;
  /** Size of the key in bytes. */
  readonly size: number;
  readonly #token: Uint8Array;
  /** Its first four and last four bytes, which may overlap: most keys have no more. */
  readonly #head: number;
  readonly #tail: number;
  /** The first and the latest key that were seen after this one. */
  #next: KeyNode | undefined = undefined;
  #otherNext: KeyNode | undefined = undefined;
  /** The node before the first key of the map that is this key's value. */
  #inner: KeyNode | undefined = undefined;
  /** The key before this one in its map. */
  readonly #before: KeyNode | undefined;
  /** Number of maps that ended with this key, and the function that builds them. */
  #uses = 0;
  #build: ObjectBuilder | undefined = undefined;

  /** Creates a node that predicts nothing yet. */
  constructor(key: CachedKey, before?: KeyNode) {
    this.#before = before;
    this.text = key.text;
    this.#token = key.token;
    this.size = key.token.length;
    this.#head = this.size < 4 ? 0 : readInt32(key.token, 0);
    this.#tail = this.size < 4 ? 0 : readInt32(key.token, this.size - 4);
  }

  /** The node before the first key of the map that is this key's value. */
  get inner(): KeyNode {
    return this.#inner ??= new KeyNode(NO_KEY);
  }

  /** The key at `at`, if it was predicted; `view` starts `base` bytes before `bytes`. */
  predict(bytes: Uint8Array, view: DataView, base: number, at: number): KeyNode | undefined {
    const next = this.#next;
    if (next !== undefined && next.#isAt(bytes, view, base, at)) return next;
    const other = this.#otherNext;
    if (other !== undefined && other.#isAt(bytes, view, base, at)) return other;
    return undefined;
  }

  #isAt(bytes: Uint8Array, view: DataView, base: number, at: number): boolean {
    const size = this.size;
    if (size < 4) return startsWith(bytes, at, this.#token);
    if (at + size > bytes.length || view.getInt32(base + at) !== this.#head) return false;
    if (view.getInt32(base + at + size - 4) !== this.#tail) return false;
    return size <= 8 || startsWith(bytes, at, this.#token);
  }

  /** The string key from `at` to `end`, whose text starts at `textAt`; predicted from now on. */
  learn(bytes: Uint8Array, at: number, textAt: number, end: number): KeyNode {
    const node = new KeyNode(lookUpKey(bytes, at, textAt, end), this);
    if (end - at > MAX_KEY_SIZE) return node;
    this.#predictFromNowOn(node);
    return node;
  }

  /** A key that is not a string in MessagePack; these are not predicted. */
  withText(text: string): KeyNode {
    return new KeyNode({ text, token: NO_KEY.token }, this);
  }

  /** Builds the map of `count` entries that ends with this key, from the values at `from`. */
  build(values: readonly unknown[], from: number, count: number): EventData {
    const build = this.#build;
    return build === undefined ? this.#buildFirst(values, from, count) : build(values, from);
  }

  #buildFirst(values: readonly unknown[], from: number, count: number): EventData {
    const names = this.#names(count);
    if (++this.#uses === USES_TO_COMPILE && builders < MAX_BUILDERS) {
      builders++;
      this.#build = compileBuilder(names);
    }
    return buildObject(names, values, from);
  }

  /** The keys of a map that ends with this one. */
  #names(count: number): string[] {
    const names: string[] = new Array(count);
    names[count - 1] = this.text;
    let node = this.#before!;
    for (let i = count - 2; i >= 0; i--, node = node.#before!) names[i] = node.text;
    return names;
  }

  #predictFromNowOn(node: KeyNode): void {
    if (this.#next === undefined) this.#next = node;
    else this.#otherNext = node;
    if (++predictions > MAX_PREDICTIONS) forgetKeys();
  }
}

const NO_KEY: CachedKey = { text: "", token: new Uint8Array(0) };
const slots: (CachedKey | undefined)[] = new Array(SLOTS).fill(undefined);
let predictions = 0;
let builders = 0;
let root = new KeyNode(NO_KEY);

/** The node before the first key of an event. */
export function rootKey(): KeyNode {
  return root;
}

function forgetKeys(): void {
  predictions = builders = 0;
  root = new KeyNode(NO_KEY);
}

function startsWith(bytes: Uint8Array, at: number, token: Uint8Array): boolean {
  const size = token.length;
  if (at + size > bytes.length) return false;
  for (let i = 0; i < size; i++) if (bytes[at + i] !== token[i]) return false;
  return true;
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function lookUpKey(bytes: Uint8Array, at: number, textAt: number, end: number): CachedKey {
  if (end - at > MAX_KEY_SIZE) return cachedKey(bytes, at, textAt, end);
  let hash = 0;
  for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
  const found = slots[slot];
  if (found?.token.length === end - at && startsWith(bytes, at, found.token)) return found;
  return slots[slot] = cachedKey(bytes, at, textAt, end);
}

function cachedKey(bytes: Uint8Array, at: number, textAt: number, end: number): CachedKey {
  const text = Object.keys({ [decodeText(bufferOf(bytes), textAt, end)]: 0 })[0]!;
  return { text, token: bytes.slice(at, end) };
}
