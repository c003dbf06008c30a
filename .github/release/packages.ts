/**
 * The npm packages that are part of the executable, as deno.lock pins them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A package at the version that is shipped. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** As npm has it: `sha512-`, then base64. */
  readonly integrity: string;
  /** Packages it needs, as `name@version`. */
  readonly dependencies: readonly string[];
}

interface LockedPackage {
  readonly integrity: string;
  readonly dependencies?: readonly string[];
}

/** The part of deno.lock, version 5, that is read. */
export interface LockFile {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
}

/** Splits `name@version`, whose name may begin with `@`; what follows `_` are peers. */
export function splitId(id: string): { name: string; version: string } {
  const at = id.indexOf("@", 1);
  if (at < 0) throw new Error(`Cannot read deno.lock: "${id}" has no version`);
  return { name: id.slice(0, at), version: id.slice(at + 1).split("_")[0]! };
}

/**
 * Follows the dependencies of some packages through a lock file.
 *
 * @param roots Names of packages that the program imports.
 * @returns All packages that these need, themselves included, by name and version.
 * @throws {Error} If the lock file has no such package.
 */
export function shippedPackages(lock: LockFile, roots: Iterable<string>): ShippedPackage[] {
  const found = new Map<string, ShippedPackage>();
  const waiting = [...roots].map((name) => rootId(lock, name));
  for (const id of waiting) {
    if (found.has(id)) continue;
    const locked = lock.npm[id]!;
    const dependencies = (locked.dependencies ?? []).map((dependency) => findId(lock, dependency));
    found.set(id, { ...splitId(id), integrity: locked.integrity, dependencies });
    waiting.push(...dependencies);
  }
  return [...found.keys()].sort().map((id) => found.get(id)!);
}

function rootId(lock: LockFile, name: string): string {
  const specifier = Object.keys(lock.specifiers).find((key) => key.startsWith(`npm:${name}@`));
  if (specifier === undefined) throw new Error(`Cannot find "${name}" in deno.lock`);
  return findId(lock, `${name}@${lock.specifiers[specifier]}`);
}

/** The key of a package: a dependency names its version only where there are several. */
function findId(lock: LockFile, dependency: string): string {
  if (dependency in lock.npm) return dependency;
  const ids = Object.keys(lock.npm).filter((id) => splitId(id).name === dependency);
  if (ids.length !== 1) throw new Error(`Cannot find "${dependency}" in deno.lock`);
  return ids[0]!;
}

/** Names of the npm packages that cli.ts imports, directly or from src/. */
export async function importedPackages(): Promise<string[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const graph = await runDeno("info", "--json", "cli.ts");
  const names = new Set<string>();
  for (const { dependencies = [] } of JSON.parse(graph).modules) {
    for (const { specifier } of dependencies) {
      if (specifier in imports) names.add(imports[specifier].match(/^npm:(@?[^@]+)/)[1]);
    }
  }
  return [...names].sort();
}

/** The packages of this project's executable. */
export async function packagesOfTriton(): Promise<ShippedPackage[]> {
  const lock = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
  return shippedPackages(lock, await importedPackages());
}

/** The folder in which Deno keeps a package that it downloaded. */
export async function npmCache(): Promise<string> {
  return `${JSON.parse(await runDeno("info", "--json")).npmCache}/registry.npmjs.org`;
}

/** Runs Deno in the project's folder, and returns what it prints. */
export async function runDeno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
