/** One line of text input. */
export interface Line {
  /** Its number, from 1. */
  readonly number: number;
  /** The line without its end. */
  readonly text: string;
}

/**
 * Cuts bytes into lines of UTF-8 text; a missing line end at the very end is no matter.
 *
 * @throws {TypeError} If the bytes are not UTF-8.
 */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let number = 1;
  for await (const bytes of source) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const text of lines) yield { number: number++, text: withoutReturn(text) };
  }
  rest += decoder.decode();
  if (rest !== "") yield { number, text: withoutReturn(rest) };
}

function withoutReturn(text: string): string {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
