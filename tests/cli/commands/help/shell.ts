/**
 * As much of a shell as the examples need: quotes, `\` at the end of a line, pipes, `<`, `>`, `*` and
 * `~`. `triton` is a function, other programs are processes.
 *
 * @module
 */

import { readdirSync } from "node:fs";

/** One program of a pipeline. */
interface Stage {
  readonly words: string[];
  /** The file that is its standard input. */
  from?: string;
  /** The file that receives its standard output. */
  to?: string;
}

/** What a program has printed. */
export interface Printed {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs a program. */
export type RunProgram = (args: readonly string[], stdin: Uint8Array) => Promise<Printed>;

/**
 * Runs a line. The programs of a pipeline run one after the other.
 *
 * @param triton Runs `triton`.
 * @returns What the last program has printed, where it failed or was the last; its file counts as
 * standard output.
 */
export async function runLine(line: string, triton: RunProgram): Promise<Printed> {
  let last: Printed = { code: 0, stdout: new Uint8Array(), stderr: "" };
  for (const { words, from, to } of parseLine(line)) {
    const [program, ...args] = words;
    const stdin = from === undefined ? last.stdout : await Deno.readFile(from);
    last = program === "triton" ? await triton(args, stdin) : await spawn(program!, args, stdin);
    if (to !== undefined) await Deno.writeFile(to, last.stdout);
    if (last.code !== 0) break;
  }
  return last;
}

/** A word, with its quotes, or an operator. */
const TOKENS = /(?:[^\s'"|<>]|'[^']*'|"[^"]*")+|[|<>]/g;

function parseLine(line: string): Stage[] {
  const stages: Stage[] = [{ words: [] }];
  let place: "from" | "to" | undefined;
  for (const [token] of line.replace(/\\\n/g, " ").matchAll(TOKENS)) {
    const stage = stages.at(-1)!;
    if (token === "|") stages.push({ words: [] });
    else if (token === "<") place = "from";
    else if (token === ">") place = "to";
    else if (place === undefined) stage.words.push(...expand(token));
    else {
      stage[place] = expand(token)[0]!;
      place = undefined;
    }
  }
  return stages;
}

/** Expands `~` and `*` in a word without quotes, and takes the quotes of others away. */
function expand(word: string): string[] {
  if (/['"]/.test(word)) return [word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2")];
  const path = word.replace(/^~/, Deno.env.get("HOME")!);
  if (!path.includes("*")) return [path];
  const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
  const found = readdirSync(".").filter((name) => pattern.test(name)).sort();
  return found.length > 0 ? found : [path];
}

async function spawn(
  program: string,
  args: readonly string[],
  stdin: Uint8Array,
): Promise<Printed> {
  const child = new Deno.Command(program, {
    ...{ args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(stdin);
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}
