/**
 * How tests, demo and benchmarks start the program.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** The permissions that the executable is compiled with, read from the task that compiles it. */
export function compiledPermissions(): string[] {
  return compiledFlags().filter((flag) => flag.startsWith("--allow-"));
}

/** Permissions, and how V8 uses memory. */
export function compiledFlags(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  return tasks.compile.command.match(/--(allow-|v8-flags=)\S+/g);
}

/**
 * The command that runs `triton`, to be followed by its arguments.
 *
 * @param executable Path of a compiled executable; the source is run unless given, with the same
 * permissions and flags.
 */
export function tritonCommand(executable?: string): [program: string, ...args: string[]] {
  if (executable !== undefined) return [executable];
  const cli = new URL("cli.ts", ROOT).pathname;
  return [Deno.execPath(), "run", "--no-prompt", "--quiet", ...compiledFlags(), cli];
}
