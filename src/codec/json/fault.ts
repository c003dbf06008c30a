/**
 * Finds what is wrong with text that should become an event: `JSON.parse` does not always report where
 * text stops being JSON, and accepts values that an event cannot contain.
 *
 * @module
 */

/** How to handle integers beyond 64 bits. */
export type BigIntegers = "refuse" | "text";

/** The first place where text is not JSON, or contains what an event cannot. */
export interface JsonFault {
  /** Offset in UTF-16 code units. */
  readonly index: number;
  readonly why: string;
}

const SPACE = /[ \t\r\n]*/y;
// Space, "!", "#" to "[" and everything from "]": all except controls, quotes and backslashes.
const STRING = /"(?:[ !#-[\]-\u{10ffff}]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** What may follow: a value, a key, one of these or a closing bracket, and so on. */
type State = "value" | "value or ]" | "key" | "key or }" | ":" | "next" | "end";

const EXPECTED: Readonly<Record<State, string>> = {
  "value": "a value",
  "value or ]": 'a value or "]"',
  "key": "a key in double quotes",
  "key or }": 'a key in double quotes or "}"',
  ":": '":"',
  "next": '"," or a closing bracket',
  "end": "the end of the line",
};

/** An array or object that is not closed yet. */
interface Open {
  readonly close: "]" | "}";
  /** The keys so far. */
  readonly keys: Set<string>;
}

/** Longer texts are beyond 64 bits: 2^64 has 20 digits. */
const MAX_INTEGER_DIGITS = 20;
const INTEGER = /^-?\d+$/;
/** Errors show at most this many characters of a text. */
const MAX_SHOWN = 40;

/**
 * Finds the first fault of a text: where it stops being JSON, a duplicate key, half of a surrogate
 * pair, or a number that fits neither into a double nor into 64 bits.
 *
 * @param text The text, which should be one JSON value.
 * @param bigIntegers Whether integers that do not fit in 64 bits are a fault.
 * @returns The fault; undefined if there is none.
 */
export function findJsonFault(text: string, bigIntegers: BigIntegers): JsonFault | undefined {
  const open: Open[] = [];
  let state: State = "value";
  let index = skip(SPACE, text, 0);
  while (state !== "end" || index < text.length) {
    const char = text[index] ?? "";
    const top = open.at(-1);
    let next = index;
    if (char === top?.close && (state === "next" || state.endsWith(char))) {
      open.pop();
      next = index + 1;
      state = afterValue(open);
    } else if (state === ":" && char === ":") {
      next = index + 1;
      state = "value";
    } else if (state === "next" && char === ",") {
      next = index + 1;
      state = top?.close === "}" ? "key" : "value";
    } else if (state.startsWith("value") && (char === "{" || char === "[")) {
      open.push({ close: char === "{" ? "}" : "]", keys: new Set() });
      next = index + 1;
      state = char === "{" ? "key or }" : "value or ]";
    } else if (char === '"' && (state.startsWith("value") || state.startsWith("key"))) {
      next = skip(STRING, text, index);
      if (text[next] !== '"') return { index: next, why: "expected the rest of a string" };
      const fault = faultOfString(text.slice(index, ++next), state, top);
      if (fault !== undefined) return { index, why: fault };
      state = state.startsWith("key") ? ":" : afterValue(open);
    } else if (state.startsWith("value")) {
      next = skip(SCALAR, text, index);
      const fault = faultOfScalar(text.slice(index, next), bigIntegers);
      if (fault !== undefined) return { index, why: fault };
      if (next > index) state = afterValue(open);
    }
    if (next === index) return { index, why: `expected ${EXPECTED[state]}` };
    index = skip(SPACE, text, next);
  }
  return undefined;
}

function afterValue(open: readonly Open[]): State {
  return open.length === 0 ? "end" : "next";
}

/** Checks a string with its quotes; remembers it if it is a key. */
function faultOfString(quoted: string, state: State, top: Open | undefined): string | undefined {
  const string: string = quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
  if (!string.isWellFormed()) {
    return "the string has half of a surrogate pair";
  }
  if (!state.startsWith("key") || top === undefined) return undefined;
  if (top.keys.has(string)) return `the object already has the key ${shorten(quoted)}`;
  top.keys.add(string);
  return undefined;
}

/** Checks a number; other scalars, and an empty token, have no fault. */
function faultOfScalar(token: string, bigIntegers: BigIntegers): string | undefined {
  if (INTEGER.test(token)) {
    if (bigIntegers === "text" || isInteger64(token)) return undefined;
    return `the integer ${shorten(token)} does not fit in 64 bits`;
  }
  if (Number(token) !== Infinity && Number(token) !== -Infinity) return undefined;
  return `the number ${shorten(token)} is beyond the range of a double`;
}

/** Whether digits, with an optional minus sign, are an integer that fits in 64 bits. */
export function isInteger64(digits: string): boolean {
  // Parsing a million digits takes seconds.
  if (digits.length > MAX_INTEGER_DIGITS) return false;
  const integer = BigInt(digits);
  return integer >= -(2n ** 63n) && integer < 2n ** 64n;
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN).toWellFormed()}…`;
}

/** The end of the match that starts at `index`; `index` itself if there is none. */
function skip(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : index;
}
