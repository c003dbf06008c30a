/**
 * Bundles the command line into dist/bundle/, of which the executable is made.
 *
 * An executable of the bundle starts in half of the time of one of the sources, which are hundreds of
 * files. What the sources import dynamically stays in chunks of its own, which are loaded when they
 * are used. Names are kept and nothing is minified, for stack traces; there are no source maps,
 * because an executable does not apply them.
 *
 * @module
 */

import { join } from "node:path";
import { currentCommit } from "./commit.ts";
import { ROOT, runDeno } from "./packages.ts";

const BUNDLE = `${ROOT}dist/bundle`;

/** How a chunk ends that is a CommonJS module: it has a default export only. */
const COMMON_JS = /^export default require_\w+\(\);\s*$/m;

/**
 * Gives dynamic imports of CommonJS modules the names that Deno gives them without a bundle.
 *
 * @param code The code of a chunk.
 * @param commonJs Names of the chunks that are CommonJS modules.
 */
export function nameExports(code: string, commonJs: ReadonlySet<string>): string {
  return code.replace(/\bimport\("\.\/([^"]+)"\)/g, (text, chunk: string) => {
    if (!commonJs.has(chunk)) return text;
    return `${text}.then(({ default: module }) => ({ ...module, default: module }))`;
  });
}

/** How `deno bundle` lets CommonJS modules load the modules of Node. */
const CREATE_REQUIRE =
  /^import \{ createRequire as (\w+) \} from "node:module";\nvar __require = \1\(import\.meta\.url\);$/m;

/**
 * Loads `node:module` when a CommonJS module first requires something: every start loads this chunk,
 * and `node:module` takes 4 ms, a tenth of the time of `triton --help`.
 *
 * @param code The code of a chunk.
 */
export function requireLate(code: string): string {
  return code.replace(
    CREATE_REQUIRE,
    "var __require = (name) =>\n" +
      '  globalThis.process.getBuiltinModule("node:module").createRequire(import.meta.url)(name);',
  );
}

/** How a chunk imports a module of Node that takes long to load and that is seldom used. */
const SELDOM_USED = /^import (\w+) from "(node:(?:child_process|fs|process))";\n/gm;

/**
 * Loads modules of Node when their members are used: Commander imports these for programs that are
 * subcommands, and they take a quarter of the time of `triton --help`.
 *
 * A module that is also used other than by its members is left as it is.
 *
 * @param code The code of a chunk.
 */
export function importLate(code: string): string {
  return [...code.matchAll(SELDOM_USED)].reduce((code, [statement, name, module]) => {
    const word = `(?<![\\w$.])${name!}(?![\\w$])`;
    const others = code.replace(statement, "");
    if (new RegExp(`${word}(?!\\??\\.\\w)`).test(others)) return code;
    const load = module === "node:process" ? "" : `.getBuiltinModule("${module}")`;
    return others.replace(new RegExp(word, "g"), `globalThis.process${load}`);
  }, code);
}

/**
 * Makes the bundle.
 *
 * @param folder Where it goes; what is there is removed.
 */
export async function bundle(folder = BUNDLE): Promise<void> {
  await emptyFolder(folder);
  await runDeno(
    ...["bundle", "--quiet", "--platform", "deno", "--code-splitting", "--keep-names"],
    ...["--outdir", folder, "cli.ts"],
  );
  const chunks = await readChunks(folder);
  const commonJs = new Set([...chunks.keys()].filter((name) => COMMON_JS.test(chunks.get(name)!)));
  for (const [name, code] of chunks) {
    await Deno.writeTextFile(
      join(folder, name),
      nameExports(importLate(requireLate(code)), commonJs),
    );
  }
  await Deno.writeTextFile(join(folder, "commit.txt"), `${await currentCommit()}\n`);
}

/** The chunks that are directly in a folder, by name. */
async function readChunks(folder: string): Promise<Map<string, string>> {
  const chunks = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) chunks.set(name, await Deno.readTextFile(join(folder, name)));
  }
  return chunks;
}

async function emptyFolder(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.remove(join(folder, name), { recursive: true });
  }
}

if (import.meta.main) await bundle();
