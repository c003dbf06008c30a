/**
 * The commands of the run book, as it prints them.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { readPage } from "../docs/markdown.ts";
import type { TritonResult } from "../support/triton_process.ts";
import type { Pipeline } from "./pipeline.ts";

const PAGE = readPage("docs/operations.md").text;

/**
 * The `triton` commands under a heading, in order, with the words of the page.
 *
 * @param heading The heading's text.
 */
export function commandsUnder(heading: string): string[] {
  const begin = PAGE.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  ok(begin !== undefined, `docs/operations.md has no heading "${heading}"`);
  return begin.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm).toArray()
    .flatMap(([, text]) => text!.split("\n").map((line) => line.trim()))
    .filter((line) => line !== "");
}

/** Runs a command of the page: its stream is the pipeline's, its buckets are those that are given. */
export async function runLine(
  { run }: Pick<Pipeline, "run">,
  line: string,
  buckets: Readonly<Record<string, string>> = {},
): Promise<TritonResult> {
  const [program, ...args] = line.split(" ");
  equal(program, "triton", line);
  return await run(args.map((arg) => arg === "user_activity" ? "clicks" : buckets[arg] ?? arg));
}

/** Runs commands of the page, each of which is to succeed. */
export async function runLines(
  pipeline: Pick<Pipeline, "run">,
  lines: readonly string[],
  buckets?: Readonly<Record<string, string>>,
): Promise<TritonResult[]> {
  const results: TritonResult[] = [];
  for (const line of lines) {
    const result = await runLine(pipeline, line, buckets);
    equal(result.code, 0, `${line}\n${result.stdout}${result.stderr}`);
    results.push(result);
  }
  return results;
}
