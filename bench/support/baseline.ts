/**
 * Measures this checkout and another commit in turns, so that a machine whose speed drifts slows both.
 *
 * @module
 */

import type { Report } from "./result.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What is measured in pairs. */
export interface PairOptions {
  /** Arguments that choose the rows. */
  readonly args: readonly string[];
  /** How many times each side is measured. */
  readonly pairs: number;
}

/** The reports of a commit and of this checkout; those with the same index were measured in turn. */
export interface Pairs {
  readonly baseline: readonly Report[];
  readonly current: readonly Report[];
}

/**
 * Measures rows in pairs. Each side runs its own benchmarks, so that rows whose code has changed
 * measure what they did then; rows with the same name and amount are compared.
 */
export async function measurePairs(
  revision: string,
  { args, pairs }: PairOptions,
): Promise<Pairs> {
  const folder = await Deno.makeTempDir({ prefix: "triton-bench-" });
  const [tree, json] = [`${folder}/baseline`, `${folder}/report.json`];
  await run("git", ["-C", ROOT, "worktree", "add", "--quiet", "--detach", tree, revision]);
  try {
    const baseline: Report[] = [];
    const current: Report[] = [];
    const measure = async (root: string, reports: Report[]) => {
      const bench = ["run", "--quiet", "--allow-all", "bench/bench.ts", ...args, "--json", json];
      await run(Deno.execPath(), bench, root);
      reports.push(JSON.parse(await Deno.readTextFile(json)));
    };
    for (let pair = 1; pair <= pairs; pair++) {
      console.error(`pair ${pair} of ${pairs}: ${revision}, then this checkout`);
      await measure(tree, baseline);
      await measure(ROOT, current);
    }
    return { baseline, current };
  } finally {
    await run("git", ["-C", ROOT, "worktree", "remove", "--force", tree]);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a command; its standard error is ours. */
async function run(command: string, args: readonly string[], cwd?: string): Promise<void> {
  const { success } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
}
