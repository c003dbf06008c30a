/**
 * Writes dist/commit.txt: the commit of the working copy, with `-modified` if files differ from it.
 *
 * Without git, or outside of a clone, the file is empty, and `triton version --json` says unknown.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** The commit, or an empty text where none can be found. */
export async function currentCommit(): Promise<string> {
  const commit = await git("rev-parse", "--verify", "HEAD");
  const changes = await git("status", "--porcelain");
  if (commit === undefined || changes === undefined) return "";
  return changes === "" ? commit : `${commit}-modified`;
}

if (import.meta.main) {
  await Deno.mkdir(`${ROOT}dist`, { recursive: true });
  await Deno.writeTextFile(`${ROOT}dist/commit.txt`, `${await currentCommit()}\n`);
}
