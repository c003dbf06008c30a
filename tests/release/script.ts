/**
 * Runs the scripts of .github/release as the workflows do, in a folder of their own.
 *
 * @module
 */

import { ROOT } from "../../.github/release/packages.ts";

/** Where the scripts are. */
export const RELEASE = `${ROOT}.github/release`;

/** What a script left. */
export interface ScriptResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a folder. */
export async function runIn(
  cwd: string,
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<ScriptResult> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd, env }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Writes an executable that stands in for another one: a shell script. */
export async function writeProgram(path: string, script: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`);
  await Deno.chmod(path, 0o755);
}

/** Calls a function with a folder that is there as long as it runs. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
