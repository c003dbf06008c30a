import type { Output } from "../cli_context.ts";

/** The lines of help are no longer than the terminal's, nor than people like to read. */
export function helpWidth({ columns }: Output): number {
  return Math.min(100, columns || 100);
}

/**
 * Fills the lines of paragraphs anew where one is too long; indented lines stay as they are.
 *
 * @param text Lines, with an empty or an indented one between paragraphs.
 * @param width The longest that a line may be.
 */
export function reflow(text: string, width: number): string {
  return text.replace(/^\S.*(?:\n\S.*)*/gm, (paragraph) => {
    const fits = paragraph.split("\n").every((line) => line.length <= width);
    return fits ? paragraph : fill(paragraph, width).join("\n");
  });
}

/** Breaks text into lines no longer than a width, where its words are not. */
export function fill(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
