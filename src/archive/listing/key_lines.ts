import { TritonError } from "../../base/errors.ts";
import type { NamedKey } from "./find_archives.ts";

/** The longest line, in characters: `ls --json --long` prints 200 for each shard. */
const MAX_LINE = 1 << 24;

/**
 * Reads the keys of archives from lines: each a key, alone or followed by a tab and other columns, or
 * an object with a `key`. So it reads what `triton ls` and `triton ls --json` print. Blank lines are
 * skipped.
 *
 * @example Usage
 * ```ts
 * import { readKeyLines } from "@triton/triton/archive";
 * import { deepEqual } from "node:assert/strict";
 * const file = new Blob(['{"key":"20151001/clicks_prod-store-1443657600.tri","size":10}\n']);
 * deepEqual(await Array.fromAsync(readKeyLines(file.stream(), "keys.ndjson")), [
 *   { key: "20151001/clicks_prod-store-1443657600.tri", place: "line 1 of keys.ndjson" },
 * ]);
 * ```
 * @param source UTF-8 text, in pieces of any size; it is read as the keys are needed.
 * @param name What errors call the text, such as the name of the file.
 * @returns The keys, for `findArchives`.
 * @throws {TritonError} If a line is JSON without a `key`, or longer than 16 MiB. The message names
 * the line.
 */
export async function* readKeyLines(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<NamedKey> {
  let count = 0;
  for await (const line of linesOf(source)) {
    const place = `line ${++count} of ${name}`;
    const key = line === undefined ? tooLong(place) : keyOf(line.trim(), place);
    if (key !== "") yield { key, place };
  }
}

function keyOf(line: string, place: string): string {
  if (!line.startsWith("{")) return line.split("\t", 1)[0]!.trimEnd();
  const key = parse(line, place)?.key;
  if (typeof key === "string" && key !== "") return key;
  throw new TritonError(`Cannot read ${place}: the object has no text "key"`);
}

function parse(line: string, place: string): { readonly key?: unknown } {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new TritonError(`Cannot read ${place}: it is neither a key nor JSON`, { cause: error });
  }
}

/** Yields the lines of a text; undefined, as the last one, if a line is too long. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of source) {
    const lines = decoder.decode(bytes, { stream: true }).split("\n");
    lines[0] = rest + lines[0];
    rest = lines.pop()!;
    yield* lines;
    if (rest.length > MAX_LINE) return yield undefined;
  }
  yield rest + decoder.decode();
}

function tooLong(place: string): never {
  throw new TritonError(`Cannot read ${place}: it is longer than 16 MiB`);
}
