/**
 * Object keys in MessagePack, predicted instead of looked up.
 *
 * @module
 */

/** Longer keys (including their first byte) are not cached. */
const MAX_SIZE = 32;
/** Most cached keys, and most nodes; when exceeded, the cache is cleared. */
const MAX_KEYS = 4096;
const MAX_NODES = 10_000;

const textEncoder = new TextEncoder();

/** A key in MessagePack. */
export interface KeyToken {
  /** Its size in bytes; 0 if it is too long to be cached. */
  readonly size: number;
  /** Its bytes, padded with zeros, as big-endian words. */
  readonly words: Int32Array;
}

const TOO_LONG: KeyToken = { size: 0, words: new Int32Array(0) };

/** A key at one place in the encoded objects, and the keys that are likely to follow. */
export class TokenNode {
  /** The key in MessagePack. */
  readonly token: KeyToken;
  readonly #key: string;
  /** The first and the latest key that were seen after this one. */
  #next: TokenNode | undefined = undefined;
  #otherNext: TokenNode | undefined = undefined;
  /** The node before the first key of the object that is this key's value. */
  #inner: TokenNode | undefined = undefined;

  /** Creates a node that predicts nothing yet. */
  constructor(key: string, token: KeyToken) {
    this.#key = key;
    this.token = token;
  }

  /** The node before the first key of the object that is this key's value. */
  get inner(): TokenNode {
    return this.#inner ??= new TokenNode("", TOO_LONG);
  }

  /** The node of a key that comes after this one. */
  after(key: string): TokenNode {
    const next = this.#next;
    if (next !== undefined && next.#key === key) return next;
    const other = this.#otherNext;
    if (other !== undefined && other.#key === key) return other;
    return this.#learn(key);
  }

  #learn(key: string): TokenNode {
    const node = new TokenNode(key, tokens.get(key) ?? makeToken(key));
    if (this.#next === undefined) this.#next = node;
    else this.#otherNext = node;
    if (++nodes > MAX_NODES) forgetNodes();
    return node;
  }
}

const tokens = new Map<string, KeyToken>();
let nodes = 0;
let root = new TokenNode("", TOO_LONG);

/** The node before the first key of a value. */
export function rootToken(): TokenNode {
  return root;
}

function forgetNodes(): void {
  nodes = 0;
  root = new TokenNode("", TOO_LONG);
}

function makeToken(key: string): KeyToken {
  if (key.length >= MAX_SIZE) return TOO_LONG;
  const body = textEncoder.encode(key);
  if (body.length >= MAX_SIZE) return TOO_LONG;
  const bytes = new Uint8Array(MAX_SIZE);
  bytes[0] = 0xa0 | body.length;
  bytes.set(body, 1);
  const view = new DataView(bytes.buffer);
  const words = Int32Array.from({ length: MAX_SIZE / 4 }, (_, i) => view.getInt32(i * 4));
  if (tokens.size === MAX_KEYS) tokens.clear();
  const token = { size: 1 + body.length, words };
  tokens.set(key, token);
  return token;
}
