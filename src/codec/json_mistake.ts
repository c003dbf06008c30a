/**
 * Finding what is wrong with text that `JSON.parse` refused: its own messages do not always say
 * where.
 *
 * @module
 */

/** The first place where text stops being JSON. */
export interface JsonMistake {
  /** In UTF-16 units from the start of the text. */
  readonly index: number;
  /** What JSON would have had there. */
  readonly expected: string;
}

const SPACE = /[ \t\r\n]*/y;
// Space, "!", "#" to "[" and all from "]" on: everything but controls, quotes and backslashes.
const STRING = /"(?:[ !#-[\]-\u{10ffff}]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** What may come next: a value, a key, one of these or a closing bracket, and so on. */
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

/** Finds the first mistake in text that is not JSON. */
export function findJsonMistake(text: string): JsonMistake {
  const open: string[] = [];
  let state: State = "value";
  let index = skip(SPACE, text, 0);
  for (;;) {
    const char = text[index] ?? "";
    let next = index;
    if (state === "end") break;
    if (char !== "" && char === open.at(-1) && (state === "next" || state.endsWith(char))) {
      open.pop();
      next = index + 1;
      state = open.length === 0 ? "end" : "next";
    } else if (state === ":" && char === ":") {
      next = index + 1;
      state = "value";
    } else if (state === "next" && char === ",") {
      next = index + 1;
      state = open.at(-1) === "}" ? "key" : "value";
    } else if (state.startsWith("value") && (char === "{" || char === "[")) {
      open.push(char === "{" ? "}" : "]");
      next = index + 1;
      state = char === "{" ? "key or }" : "value or ]";
    } else if (char === '"' && (state.startsWith("value") || state.startsWith("key"))) {
      next = skip(STRING, text, index);
      if (text[next] !== '"') return { index: next, expected: "the rest of a string" };
      next++;
      state = state.startsWith("key") ? ":" : open.length === 0 ? "end" : "next";
    } else if (state.startsWith("value")) {
      next = skip(SCALAR, text, index);
      state = next === index ? state : open.length === 0 ? "end" : "next";
    }
    if (next === index) break;
    index = skip(SPACE, text, next);
  }
  return { index, expected: EXPECTED[state] };
}

/** Where a match that begins at `index` ends; `index` itself if there is none. */
function skip(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : index;
}
