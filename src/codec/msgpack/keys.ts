/**
 * Map keys that have been seen before, so that a key costs a comparison of bytes and no decoding.
 *
 * @module
 */

import type { EventData } from "../../base/record.ts";
import { buildObject, compileBuilder, type ObjectBuilder } from "./shapes.ts";
import { bufferOf, decodeText } from "./text.ts";

/** Longer keys are not kept. */
const MAX_KEY_SIZE = 64;
/** Keys are kept in a table of fixed size, where a newer one takes the place of an older. */
const SLOTS = 1024;
/** How many predictions are kept; then all are forgotten. */
const MAX_PREDICTIONS = 10_000;
/** After so many maps with the same keys a function is made that builds such maps, */
const USES_TO_COMPILE = 8;
/** but no more than so many functions, until all predictions are forgotten. */
const MAX_BUILDERS = 512;

/** A key as it stands in MessagePack and as it is in JavaScript. */
interface CachedKey {
  /** The key as the engine keeps names of properties, which makes storing cheaper. */
  readonly text: string;
  /** The key's bytes in MessagePack, its length included. */
  readonly token: Uint8Array;
}

/**
 * A key at one place in the maps of events, and the keys that are likely to come next: events of a
 * stream look much alike.
 */
export class KeyNode {
  /** The key. */
  readonly text: string;
  /** How many bytes the key takes. */
  readonly size: number;
  readonly #token: Uint8Array;
  /** Its first four bytes and its last four, which may overlap: all of most keys. */
  readonly #head: number;
  readonly #tail: number;
  /** The keys that were first and last seen after this one. */
  #next: KeyNode | undefined = undefined;
  #otherNext: KeyNode | undefined = undefined;
  /** What stands before the first key of the map that is this key's value. */
  #inner: KeyNode | undefined = undefined;
  /** The key before this one in its map. */
  readonly #before: KeyNode | undefined;
  /** How many maps ended with this key, and what builds such maps. */
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

  /** What stands before the first key of the map that is this key's value. */
  get inner(): KeyNode {
    return this.#inner ??= new KeyNode(NO_KEY);
  }

  /** The key at `at`, if it was predicted; `view` begins `base` bytes before `bytes`. */
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

  /** The string key from `at` to `end`, whose text begins at `textAt`, predicted from now on. */
  learn(bytes: Uint8Array, at: number, textAt: number, end: number): KeyNode {
    const node = new KeyNode(lookUpKey(bytes, at, textAt, end), this);
    if (end - at > MAX_KEY_SIZE) return node;
    this.#predictFromNowOn(node);
    return node;
  }

  /** A key that is not a string in MessagePack; such are not predicted. */
  withText(text: string): KeyNode {
    return new KeyNode({ text, token: NO_KEY.token }, this);
  }

  /** Builds the map of `count` entries that ends with this key, of values from `from` on. */
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

/** What stands before the first key of an event. */
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
