import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { bundle, importLate, nameExports, requireLate } from "../../.github/release/bundle.ts";
import { ROOT } from "../../.github/release/packages.ts";
import { inFolder, runIn } from "./script.ts";

const GOLDEN = `${ROOT}tests/testdata/golden/onetiny`;

/** What a chunk imports, statically or dynamically. */
async function importsOf(chunk: string): Promise<{ statics: string[]; all: string[] }> {
  const text = await Deno.readTextFile(chunk);
  const named = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name!);
  const statics = named(/^(?:import|export)\b[^;]*?["'](\.?[^"'\n]+)["'];$/gm);
  return { statics, all: [...statics, ...named(/\bimport\("([^"]+)"\)/g)] };
}

/** The chunks that are loaded with one, without those that it imports dynamically. */
async function closure(folder: string, chunk: string, found = new Set<string>()) {
  if (found.has(chunk)) return found;
  found.add(chunk);
  for (const name of (await importsOf(join(folder, chunk))).statics) {
    if (name.startsWith("./")) await closure(folder, name.slice(2), found);
  }
  return found;
}

Deno.test("bundle() makes chunks that need no package, and load the SDK late", async () => {
  await inFolder(async (folder) => {
    await bundle(folder);
    const chunks = [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((name) => name.endsWith(".js"));
    ok(chunks.length > 50, `${chunks.length} chunks`);
    for (const chunk of chunks) {
      for (const name of (await importsOf(join(folder, chunk))).all) {
        match(name, /^(\.\/|node:)/, `${chunk} imports ${name}`);
      }
    }
    const started = await closure(folder, "cli.js");
    ok(started.size < 30, `${started.size} chunks`);
    for (const chunk of started) {
      const { statics } = await importsOf(join(folder, chunk));
      for (const late of ["node:module", "node:fs", "node:child_process", "node:process"]) {
        ok(!statics.includes(late), `${chunk} imports ${late}`);
      }
    }
    const texts = await Promise.all(
      [...started].map((chunk) => Deno.readTextFile(join(folder, chunk))),
    );
    const packages = texts.flatMap((
      text,
    ) => [...text.matchAll(/^\/\/ .*\/registry\.npmjs\.org\/((?:@[^/]+\/)?[^/]+)\//gm)]);
    deepStrictEqual([...new Set(packages.map(([, name]) => name))], ["commander"]);
    match(await Deno.readTextFile(join(folder, "commit.txt")), /^([0-9a-f]{40}(-modified)?)?\n$/);

    const flags = ["run", "--quiet", "--no-config", "--allow-all", join(folder, "cli.js")];
    const run = (...args: string[]) => runIn(folder, [Deno.execPath(), ...flags, ...args]);
    const printed = await run("cat", `${GOLDEN}.tri`);
    equal(printed.stdout, await Deno.readTextFile(`${GOLDEN}.ndjson`), printed.stderr);
    const failed = await run("--verbose", "cat", "no.tri");
    match(failed.stderr, /^triton: TritonError: Cannot read "no\.tri": no such file\n/);
    match(failed.stderr, /\bat (async )?main \(/, "a stack trace has names");
  });
});

/** Each `const { NAMES } = await import(CHUNK)` of a bundle. */
const NAMED = /const \{([^}]+)\} = await (import\("\.\/([^"]+)"\)[^;]*);/g;

Deno.test("bundle() keeps what dynamic imports name, also of CommonJS modules", async () => {
  await inFolder(async (folder) => {
    await bundle(folder);
    const checks: string[] = [];
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.endsWith(".js")) continue;
      const code = await Deno.readTextFile(join(folder, name));
      for (const [, names, imported] of code.matchAll(NAMED)) {
        for (const exported of names!.split(",").map((part) => part.split(":")[0]!.trim())) {
          checks.push(`  [await ${imported}, "${exported}", "${name}"],\n`);
        }
      }
    }
    ok(checks.length > 50, `${checks.length} names`);
    ok(checks.some((check) => check.includes("getDefaultRoleAssumer")));
    const program = `const checks = [\n${checks.join("")}];
for (const [chunk, name, from] of checks) if (!(name in chunk)) console.log(name, "for", from);\n`;
    await Deno.writeTextFile(join(folder, "check.js"), program);
    const flags = ["run", "--quiet", "--no-config", "--allow-all"];
    const { code, stdout, stderr } = await runIn(folder, [Deno.execPath(), ...flags, "check.js"]);
    deepStrictEqual([code, stdout], [0, ""], stderr);
  });
});

Deno.test("nameExports() adds the names of CommonJS modules", () => {
  equal(
    nameExports('import("./a.js"); import("./b.js")', new Set(["b.js"])),
    'import("./a.js"); import("./b.js").then(({ default: module }) => ({ ...module, default: module }))',
  );
});

Deno.test("requireLate() makes a require that loads the same, and leaves other code", async () => {
  const code = `var a = 1;
import { createRequire as __create } from "node:module";
var __require = __create(import.meta.url);
export const found = [a, __require("node:path").basename("/b/c"), typeof __require("./d.cjs")];
`;
  equal(requireLate("var a = 1;"), "var a = 1;");
  const late = requireLate(code);
  ok(!/^import .*"node:module"/m.test(late), late);
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "d.cjs"), "module.exports = () => {};");
    await Deno.writeTextFile(join(folder, "code.mjs"), late);
    deepStrictEqual((await import(`file://${folder}/code.mjs`)).found, [1, "c", "function"]);
  });
});

Deno.test("importLate() loads modules when they are used, and the code does the same", async () => {
  const code = `import fs2 from "node:fs";
import process from "node:process";
import { basename } from "node:path";
var late = process.getBuiltinModule;
export const found = [basename("/b/c"), fs2.existsSync("/"), fs2?.constants.R_OK, typeof process.env];
`;
  const late = importLate(code);
  deepStrictEqual(late.match(/^import .*$/gm), ['import { basename } from "node:path";']);
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "code.mjs"), late);
    deepStrictEqual((await import(`file://${folder}/code.mjs`)).found, ["c", true, 4, "object"]);
  });
});

Deno.test("importLate() leaves a module that is used as a value, or whose name is another's too", () => {
  for (const use of ["f(fs);", "const g = (fs) => fs.a;", "const { a } = fs;", "var o = { fs };"]) {
    const code = `import fs from "node:fs";\n${use}\nfs.existsSync("/");\n`;
    equal(importLate(code), code);
  }
});
