/**
 * Tests against real engines: `deno task test:engines`, which `.ci/run` calls.
 *
 * Installs them from PyPI into a virtual environment in the folder for temporary files, once for each
 * list of packages, then runs the tests in `*_engine.ts`. Spark also needs Java 17 or later. Arguments
 * are passed to `deno test`, such as `--filter DuckDB`.
 *
 * @module
 */

import { join } from "node:path";
import { makeEnvironment, run } from "./engines_environment.ts";

const HERE = new URL("./", import.meta.url).pathname;

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
