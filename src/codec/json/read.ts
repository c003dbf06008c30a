/**
 * Reads JSON without calling `JSON.parse` for objects.
 *
 * V8 (15.0 in Deno 2.9.6, 13.7 in Deno 2.4.2) confuses keys with escapes: after `{"a":1,"\\":2}`, it
 * reads the second key of `{"a":1,"\"":2}` as a backslash too. It compares keys with those of earlier
 * objects before it resolves their escapes.
 *
 * @module
 */

const SPACE = " \t\r\n";
const TOKEN = /[ \t\r\n]*([[\]{},:]|"(?:[^"\\]|\\.)*"|[^ \t\r\n,\]}]+)/y;

/**
 * Whether any key in a JSON text has an escape.
 *
 * @param text The text, which should be JSON.
 */
export function hasEscapedKey(text: string): boolean {
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", at)) {
    // Inside a string: skip to its end.
    for (; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
    do at++; while (at < text.length && SPACE.includes(text[at]!));
    if (text[at] === ":") return true;
  }
  return false;
}

/**
 * Reads a text that is known to be JSON.
 *
 * @param toNumber Converts the source of a number to a value.
 */
export function readJson(text: string, toNumber: (source: string) => unknown): unknown {
  TOKEN.lastIndex = 0;
  const next = () => TOKEN.exec(text)![1]!;
  const readValue = (token: string): unknown => {
    if (token === "{") return Object.fromEntries(readMembers());
    if (token === "[") return readElements();
    return /^[-\d]/.test(token) ? toNumber(token) : JSON.parse(token);
  };
  const readMembers = (): [string, unknown][] => {
    const members: [string, unknown][] = [];
    for (let token = next(); token !== "}"; token = next()) {
      if (token === ",") continue;
      next(); // the colon
      members.push([JSON.parse(token), readValue(next())]);
    }
    return members;
  };
  const readElements = (): unknown[] => {
    const elements: unknown[] = [];
    for (let token = next(); token !== "]"; token = next()) {
      if (token !== ",") elements.push(readValue(token));
    }
    return elements;
  };
  return readValue(next());
}
