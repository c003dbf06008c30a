/**
 * A checkout that is measured. The rows, their data and their servers are always those of this
 * checkout; only the program and the modules under test come from the tree.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { tritonCommand } from "../../tests/support/triton_command.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The program and the modules of one checkout. */
export interface Tree {
  /** The command that runs `triton`. */
  readonly triton: readonly string[];
  /** The command that runs a program of `bench/programs` with the modules of the tree. */
  program(file: string, ...args: readonly unknown[]): readonly string[];
}

/**
 * The tree in a folder, its dependencies included.
 *
 * @param executable Path of a compiled `triton` to run instead of the source.
 */
export function treeIn(root: string = ROOT, executable?: string): Tree {
  return {
    triton: tritonCommand(executable, pathToFileURL(`${root}/`)),
    program: (file, ...args) => [
      ...[Deno.execPath(), "run", "--quiet", "--allow-all", "--config", `${root}/deno.json`],
      ...[fileURLToPath(new URL(`../programs/${file}`, import.meta.url)), root],
      ...args.map(String),
    ],
  };
}

/** Checks out a commit into a folder, which must not exist; disposing removes it. */
export async function checkOut(
  revision: string,
  folder: string,
): Promise<Tree & AsyncDisposable> {
  await git("worktree", "add", "--quiet", "--detach", folder, revision);
  return {
    ...treeIn(folder),
    [Symbol.asyncDispose]: () => git("worktree", "remove", "--force", folder),
  };
}

async function git(...args: readonly string[]): Promise<void> {
  const command = new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "inherit" });
  const { success } = await command.output();
  if (!success) throw new Error(`git ${args.join(" ")} failed`);
}
