/**
 * What commands evaluate when they start, which is most of the time of a short run.
 *
 * A process is asked, by the coverage that Deno collects of it: that has a file for each module,
 * imported statically or dynamically.
 *
 * @module
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { openCheckpointer } from "../../src/checkpoint/open_checkpointer.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const GOLDEN = new URL("../testdata/golden/onetiny.tri", import.meta.url).pathname;

/** What a command evaluates until it ends: npm packages, and how many files of Triton at most. */
interface Start {
  readonly args: readonly string[];
  readonly packages: readonly string[];
  readonly atMost: number;
  /** The modules of Node that Triton's files import; Commander imports some of its own. */
  readonly node?: readonly string[];
}

const STREAM = ["--stream", "clicks", "--config", "clicks.yaml"];
const ARCHIVE = [...STREAM, "--bucket", "file:archive"];
const DATABASE = ["--client-name", "store", "--checkpoint-db", "sqlite://positions.db"];
/** With a configuration; and with the log, because they use what may write to it. */
const CONFIGURED = ["@logtape/logtape", "commander", "yaml"];

/** These use nothing outside of the machine: so no client of AWS, and no driver of a database. */
const STARTS: readonly Start[] = [
  { args: ["--help"], packages: ["commander"], atMost: 21, node: ["timers"] },
  { args: ["--version"], packages: ["commander"], atMost: 21, node: ["timers"] },
  { args: ["version"], packages: ["commander"], atMost: 23, node: ["timers"] },
  { args: ["store", "--help"], packages: ["commander"], atMost: 36 },
  { args: ["cat", "--help"], packages: ["commander"], atMost: 32 },
  {
    args: ["cat", GOLDEN],
    packages: ["commander"],
    atMost: 75,
    node: ["buffer", "path", "timers", "url"],
  },
  { args: ["cat", ...ARCHIVE, "--start-date", "20150710"], packages: CONFIGURED, atMost: 146 },
  { args: ["ls", ...ARCHIVE], packages: CONFIGURED, atMost: 143 },
  { args: ["export", "--help"], packages: ["commander"], atMost: 37 },
  { args: ["verify", ...ARCHIVE], packages: CONFIGURED, atMost: 162 },
  {
    args: ["put", ...STREAM],
    packages: ["@logtape/logtape", "@opentelemetry/api", "commander", "yaml"],
    atMost: 144,
  },
  // It also reads what consumer groups have saved.
  { args: ["checkpoint", "list", ...STREAM, ...DATABASE], packages: CONFIGURED, atMost: 104 },
];

/** Runs a command in a folder, and returns the URLs of the modules that it evaluated. */
async function evaluated(args: readonly string[], cwd: string): Promise<string[]> {
  const coverage = await Deno.makeTempDir();
  try {
    const flags = ["run", "--quiet", "--allow-all", `--coverage=${coverage}`];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...flags, CLI, ...args],
      ...{ cwd, stdin: "null" },
    }).output();
    equal(code, 0, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    const files = [...Deno.readDirSync(coverage)].map(({ name }) => join(coverage, name));
    return files.filter((path) => path.endsWith(".json")).map((path) =>
      JSON.parse(Deno.readTextFileSync(path)).url
    );
  } finally {
    await Deno.remove(coverage, { recursive: true });
  }
}

/** The part of each URL that a pattern captures, without repetitions. */
function namesIn(urls: readonly string[], pattern: RegExp): string[] {
  const names = urls.map((url) => pattern.exec(url)?.[1]).filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}

/** Names of the modules of Node that files import statically. */
async function nodeModulesOf(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(
    files.map((file) => Deno.readTextFile(new URL(`../../${file}`, import.meta.url))),
  );
  const imports = texts.flatMap((text) =>
    text.match(/^import (?!type )[^;]*from "node:[^"]+"/gm) ?? []
  );
  return namesIn(imports, /"node:([^"]+)"/);
}

Deno.test("a command evaluates what it needs, and no more", async (t) => {
  const folder = await Deno.makeTempDir();
  const day = join(folder, "archive", "20150710");
  await Deno.mkdir(day, { recursive: true });
  await Deno.copyFile(GOLDEN, join(day, "clicks_prod-store-1436553581.tri"));
  await Deno.writeTextFile(
    join(folder, "clicks.yaml"),
    "clicks: {name: clicks_prod, partition_key: id, region: us-east-1}\n",
  );
  const url = `sqlite://${join(folder, "positions.db")}`;
  await (await openCheckpointer(url, { client: "store" }))
    [Symbol.asyncDispose]();
  for (const { args, packages, atMost, node } of STARTS) {
    await t.step(args.join(" ").replace(GOLDEN, "FILE"), async () => {
      const urls = await evaluated(args, folder);
      deepStrictEqual(
        namesIn(urls, /\/registry\.npmjs\.org\/((?:@[^/]+\/)?[^/]+)\//),
        packages,
      );
      const own = namesIn(urls, /\/((?:src\/.*|cli)\.ts)$/);
      ok(own.includes("src/cli/main.ts"), "Deno collected no coverage");
      ok(own.length <= atMost, `${own.length} files: ${own.join(" ")}`);
      if (node !== undefined) deepStrictEqual(await nodeModulesOf(own), node);
    });
  }
  await Deno.remove(folder, { recursive: true });
});
