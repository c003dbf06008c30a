/**
 * Map keys that have been seen before, so that a key costs a comparison of bytes and no decoding.
 *
 * @module
 */

import { bufferOf, decodeText } from "./msgpack_text.ts";

/** Longer keys are not kept. */
const MAX_KEY_SIZE = 64;
/** Keys are kept in a table of fixed size, where a newer one takes the place of an older. */
const SLOTS = 1024;
/** How many predictions are kept; then all are forgotten. */
const MAX_PREDICTIONS = 10_000;

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
  /** Whether plain assignment would do something else than set a property of that name. */
  readonly isProto: boolean;
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

  /** Creates a node that predicts nothing yet. */
  constructor(key: CachedKey) {
    this.text = key.text;
    this.isProto = key.text === "__proto__";
    this.#token = key.token;
    this.size = key.token.length;
    const view = new DataView(key.token.buffer);
    this.#head = this.size < 4 ? 0 : view.getInt32(0);
    this.#tail = this.size < 4 ? 0 : view.getInt32(this.size - 4);
  }

  /** What stands before the first key of the map that is this key's value. */
  get inner(): KeyNode {
    return this.#inner ??= new KeyNode(NO_KEY);
  }

  /** The key at `at`, if it was predicted. */
  predict(bytes: Uint8Array, view: DataView, at: number): KeyNode | undefined {
    const next = this.#next;
    if (next !== undefined && next.#isAt(bytes, view, at)) return next;
    const other = this.#otherNext;
    if (other !== undefined && other.#isAt(bytes, view, at)) return other;
    return undefined;
  }

  #isAt(bytes: Uint8Array, view: DataView, at: number): boolean {
    const size = this.size;
    if (size < 4) return startsWith(bytes, at, this.#token);
    if (at + size > bytes.length || view.getInt32(at) !== this.#head) return false;
    if (view.getInt32(at + size - 4) !== this.#tail) return false;
    return size <= 8 || startsWith(bytes, at, this.#token);
  }

  /** The string key from `at` to `end`, whose text begins at `textAt`, predicted from now on. */
  learn(bytes: Uint8Array, at: number, textAt: number, end: number): KeyNode {
    const node = new KeyNode(lookUpKey(bytes, at, textAt, end));
    if (end - at > MAX_KEY_SIZE) return node;
    this.#predictFromNowOn(node);
    return node;
  }

  /** A key that is not a string in MessagePack; such are not predicted. */
  static ofText(text: string): KeyNode {
    return new KeyNode({ text, token: NO_KEY.token });
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
let root = new KeyNode(NO_KEY);

/** What stands before the first key of an event. */
export function rootKey(): KeyNode {
  return root;
}

function forgetKeys(): void {
  predictions = 0;
  root = new KeyNode(NO_KEY);
}

function startsWith(bytes: Uint8Array, at: number, token: Uint8Array): boolean {
  const size = token.length;
  if (at + size > bytes.length) return false;
  for (let i = 0; i < size; i++) if (bytes[at + i] !== token[i]) return false;
  return true;
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
