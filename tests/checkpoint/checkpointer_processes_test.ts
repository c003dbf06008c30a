import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { killWhileSaving, openTogether } from "./processes.ts";

/** Runs a test with a directory of its own. */
async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-sqlite-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("SqlCheckpointer.save() survives a kill", () =>
  inDirectory((directory) => killWhileSaving(`sqlite://${directory}/triton.db`)));

Deno.test("openCheckpointer() of one SQLite file in several processes at once", () =>
  inDirectory((directory) => openTogether(`sqlite://${directory}/triton.db`)));

Deno.test("openCheckpointer() of a relative path opens it in the current folder", async () => {
  const directory = await Deno.makeTempDir();
  const program = new URL("./saving_program.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  // "file:" would be the beginning of an URI for SQLite.
  for (
    const [url, name] of [["sqlite://a.db", "a.db"], ["sqlite:b.db", "b.db"], [
      "sqlite://file:c.db",
      "file:c.db",
    ]]
  ) {
    const args = [
      "run",
      "-A",
      "--no-check",
      "--quiet",
      `--config=${config}`,
      program,
      url!,
      "open",
    ];
    const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: directory }).output();
    equal(code, 0);
    ok((await Deno.stat(`${directory}/${name}`)).isFile, name);
  }
  await Deno.remove(directory, { recursive: true });
});

/** One import of a module, as `deno info --json` tells it. */
interface Dependency {
  readonly specifier: string;
  readonly code?: unknown;
  readonly isDynamic?: boolean;
}

Deno.test("importing ./checkpoint loads neither driver", async () => {
  const entry = new URL("../../src/exports/checkpoint.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { dependencies?: Dependency[] }[];
  };
  const drivers = modules.flatMap(({ dependencies }) => dependencies ?? [])
    .filter(({ specifier, code }) => /^(postgres|node:sqlite)$/.test(specifier) && code)
    .map(({ specifier, isDynamic }) => `${specifier} ${isDynamic}`);
  deepStrictEqual([...new Set(drivers)].sort(), ["node:sqlite true", "postgres true"]);
});
