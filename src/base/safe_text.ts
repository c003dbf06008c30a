/**
 * Characters that do something, or that nobody sees: controls (ESC, BEL, newline, C1 and all others),
 * format characters (bidi marks, joiners, tags), line and paragraph separators, lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** JSON's short escapes. */
const SHORT: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

/**
 * Makes a text safe for a terminal, and for a protocol of lines: one line, in which each character is
 * one that is seen.
 *
 * Names, messages of servers and rows of databases may hold anything: escape sequences that move the
 * cursor, newlines that look like another record, marks that turn the order of characters round.
 * Such characters are escaped as JSON escapes them, so a text of JSON keeps its meaning.
 *
 * @returns The text with escapes such as `\u001b` and `\n`; text without such characters as it is.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escape);
}

/** Makes a text of several lines safe for a terminal. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function escape(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return SHORT[character] ??
    units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
