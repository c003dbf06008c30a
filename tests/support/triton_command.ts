/**
 * The command with which tests, demo and benchmarks start the program.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** The permissions of the executable, read from the task that compiles it. */
export function compiledPermissions(): string[] {
  return compiledFlags().filter((flag) => flag.startsWith("--allow-"));
}

/** Permissions and V8 memory flags. */
export function compiledFlags(root: URL = ROOT): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  return tasks.compile.command.match(/--(allow-|v8-flags=)\S+/g);
}

/**
 * The command that runs `triton`, to be followed by its arguments.
 *
 * @param executable Path of a compiled executable. Default: the source, with the same permissions and
 * flags.
 * @param root The folder of the checkout whose source runs. Default: this one.
 */
export function tritonCommand(
  executable?: string,
  root: URL = ROOT,
): [program: string, ...args: string[]] {
  if (executable !== undefined) return [executable];
  const cli = new URL("cli.ts", root).pathname;
  return [Deno.execPath(), "run", "--no-prompt", "--quiet", ...compiledFlags(root), cli];
}
