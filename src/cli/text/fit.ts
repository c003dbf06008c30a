import { fill } from "./help_text.ts";

/**
 * Makes texts fit a terminal.
 *
 * The rule for all commands: on a terminal, no line of a table is wider than the terminal, and
 * sentences break between words. What is not on a terminal stays whole.
 */

const ELLIPSIS = "…";

/** A name that is cut keeps at least this many characters; other texts lose their end instead. */
const LEAST_NAME = 8;

/** Texts whose length is their width, as nearly all are. */
const PLAIN = /^[\x20-\x7e…]*$/;

/** Characters that take two columns: most of East Asia's, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return [...text].reduce((width, character) => width + widthOfCharacter(character), 0);
}

function widthOfCharacter(character: string): number {
  if (/\p{Mark}|\u200d/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Pads a text to a width. */
export function pad(text: string, width: number, side: "left" | "right"): string {
  const spaces = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "left" ? spaces + text : text + spaces;
}

/**
 * Shortens a text to a width: its longest word in the middle, such as `prod-user…_activity`, because
 * names often differ at both ends; where that leaves too little of the word, the end of the text.
 */
export function shorten(text: string, width: number): string {
  const over = widthOf(text) - width;
  if (over <= 0) return text;
  const words = text.split(" ");
  const longest = words.reduce((one, other) => widthOf(other) > widthOf(one) ? other : one);
  const left = widthOf(longest) - over;
  if (words.length > 1 && left < LEAST_NAME) return takeStart(text, width - 1) + ELLIPSIS;
  const tail = Math.floor((left - 1) / 2);
  const cut = takeStart(longest, left - 1 - tail) + ELLIPSIS + takeEnd(longest, tail);
  return words.with(words.indexOf(longest), cut).join(" ");
}

/** The longest start of a text that is not wider. */
function takeStart(text: string, width: number): string {
  return take([...text], width).join("");
}

function takeEnd(text: string, width: number): string {
  return take([...text].reverse(), width).reverse().join("");
}

function take(characters: readonly string[], width: number): string[] {
  let left = width;
  const end = characters.findIndex((character) => (left -= widthOfCharacter(character)) < 0);
  return characters.slice(0, end < 0 ? undefined : end);
}

/** Sentences are not made narrower than this, in characters. */
const LEAST_SENTENCE = 20;

/**
 * Breaks a text between words; its further lines are indented.
 *
 * @param head What stands before the text.
 * @param columns Width of the terminal; undefined to leave the text as it is.
 * @param indent Of the further lines. Default: the width of `head`.
 */
export function hang(
  head: string,
  text: string,
  columns: number | undefined,
  indent = widthOf(head),
): string {
  if (columns === undefined) return head + text;
  const width = Math.max(LEAST_SENTENCE, columns - indent);
  return head + fill(text, width).join(`\n${" ".repeat(indent)}`);
}

/** Puts cells two spaces apart, over as many lines as that takes; further lines are indented by two. */
export function wrapCells(cells: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const cell of cells) {
    const line = lines.at(-1);
    const fits = line !== undefined && widthOf(line) + 2 + widthOf(cell) <= columns;
    if (fits) lines[lines.length - 1] = `${line}  ${cell}`;
    else lines.push(line === undefined ? cell : hang("  ", cell, columns));
  }
  return lines.join("\n");
}
