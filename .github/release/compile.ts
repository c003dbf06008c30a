/**
 * Compiles the executable for one target into dist/TARGET/, with the flags of `deno task compile`.
 *
 *   deno run --allow-all .github/release/compile.ts aarch64-unknown-linux-gnu
 *
 * @module
 */

import { ROOT } from "./packages.ts";

/** What a release is compiled for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/**
 * The arguments of `deno` for one target.
 *
 * @param command The command of the task `compile`.
 * @throws {Error} If `target` is none of {@linkcode TARGETS}.
 */
export function compileArguments(command: string, target: string): string[] {
  if (!TARGETS.some((known) => known === target)) {
    throw new Error(`Cannot compile for "${target}": it is none of ${TARGETS.join(", ")}`);
  }
  const [, ...args] = command.split(" ");
  const name = target.includes("windows") ? "triton.exe" : "triton";
  args[args.indexOf("--output") + 1] = `dist/${target}/${name}`;
  return [...args.slice(0, -1), "--target", target, args.at(-1)!];
}

if (import.meta.main) {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const commands = [
    ["task", "bundle"],
    compileArguments(tasks.compile.command, Deno.args[0] ?? ""),
  ];
  for (const args of commands) {
    const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).spawn().status;
    if (code !== 0) Deno.exit(code);
  }
}
