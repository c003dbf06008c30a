/**
 * Tests against real engines: `deno task test:engines`, which `.ci/run` calls.
 *
 * Installs them from PyPI into a virtual environment in the folder for temporary files, once for each
 * list of packages, then runs the tests in `*_engine.ts`. Spark also needs Java 17 or later. Arguments
 * are passed to `deno test`, such as `--filter DuckDB`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

const HERE = new URL("./", import.meta.url).pathname;
const REQUIREMENTS = join(HERE, "requirements.txt");

/** Runs a program whose output is shown if it fails. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    ...{ args: [...args], stdin: "null" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${text}`);
  return text;
}

/** Makes the virtual environment, unless it is there; returns its Python. */
async function makeEnvironment(): Promise<string> {
  const version = await run("python3", ["--version"]);
  const hash = createHash("sha256").update(version).update(await Deno.readFile(REQUIREMENTS));
  const folder = join(tmpdir(), `triton-engines-${hash.digest("hex").slice(0, 12)}`);
  const [python, ready] = [join(folder, "bin", "python"), join(folder, "ready")];
  const isReady = await Deno.stat(ready).then(() => true, () => false);
  if (isReady) return python;
  console.error(`Installing the engines into ${folder} ...`);
  const started = Date.now();
  await run("python3", ["-m", "venv", "--clear", folder]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await run(python, [...pip, "--requirement", REQUIREMENTS]);
  await Deno.writeTextFile(ready, version);
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s`);
  return python;
}

async function main(): Promise<number> {
  await run("java", ["-version"]);
  const python = await makeEnvironment();
  const tests = [...Deno.readDirSync(HERE)].map(({ name }) => name)
    .filter((name) => name.endsWith("_engine.ts")).sort();
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--quiet",
      "--allow-all",
      ...Deno.args,
      ...tests.map((name) => join(HERE, name)),
    ],
    env: { TRITON_ENGINES_PYTHON: python },
  }).spawn().status;
  return code;
}

Deno.exit(await main());
