import { ROOT } from "./packages.ts";

async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The commit of the working copy, with `-modified` if files differ from it; an empty text without git
 * or outside of a clone.
 */
export async function currentCommit(): Promise<string> {
  const commit = await git("rev-parse", "--verify", "HEAD");
  const changes = await git("status", "--porcelain");
  if (commit === undefined || changes === undefined) return "";
  return changes === "" ? commit : `${commit}-modified`;
}
