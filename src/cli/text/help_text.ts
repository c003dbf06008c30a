import type { Output } from "../cli_context.ts";

/** Width of help texts: that of the terminal, but at most 100. */
export function helpWidth({ columns }: Output): number {
  return Math.min(100, columns || 100);
}

/**
 * Rewraps paragraphs that have a line over the width; indented lines are not changed.
 *
 * @param text Lines, with an empty or an indented one between paragraphs.
 * @param width Longest line, in characters.
 */
export function reflow(text: string, width: number): string {
  return text.replace(/^\S.*(?:\n\S.*)*/gm, (paragraph) => {
    const fits = paragraph.split("\n").every((line) => line.length <= width);
    return fits ? paragraph : fill(paragraph, width).join("\n");
  });
}

/**
 * Examples for the end of a command's help, which a test runs.
 *
 * @param examples What a command line does, and the line.
 */
export function examples(examples: Readonly<Record<string, string>>): string {
  const texts = Object.entries(examples).map(([what, line]) => `# ${what}\n${line}`);
  return `\nExamples:\n${texts.join("\n\n").replace(/^(?=.)/gm, "  ")}`;
}

/** Breaks text into lines of at most `width` characters, except for longer words. */
export function fill(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
