/**
 * The virtual environments with the engines.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a program whose output is shown if it fails. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    ...{ args: [...args], stdin: "null" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${text}`);
  return text;
}

/**
 * Makes a virtual environment, unless it is there; returns its Python.
 *
 * @param list The file with its packages.
 */
export async function makeEnvironment(list = "requirements.txt"): Promise<string> {
  const requirements = new URL(list, import.meta.url).pathname;
  const version = await run("python3", ["--version"]);
  const hash = createHash("sha256").update(version).update(await Deno.readFile(requirements));
  const folder = join(tmpdir(), `triton-engines-${hash.digest("hex").slice(0, 12)}`);
  const [python, ready] = [join(folder, "bin", "python"), join(folder, "ready")];
  const isReady = await Deno.stat(ready).then(() => true, () => false);
  if (isReady) return python;
  console.error(`Installing the engines into ${folder} ...`);
  const started = Date.now();
  await run("python3", ["-m", "venv", "--clear", folder]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await run(python, [...pip, "--requirement", requirements]);
  await Deno.writeTextFile(ready, version);
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s`);
  return python;
}
