/**
 * Reads the imports of the project's sources.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The project's folder. */
export const ROOT = new URL("../..", import.meta.url).pathname;

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;"']*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;

/** A file without its block comments, because their examples have imports too. */
export function codeOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
}

/** What a source file imports, types and dynamic imports included. */
export interface Imports {
  /** Files of the project, as paths from its folder. */
  readonly files: readonly string[];
  /** All other imports, as written. */
  readonly packages: readonly string[];
}

/** Reads the imports of a file, whose path starts at the project's folder. */
export function importsOf(path: string): Imports {
  const names = [...codeOf(path).matchAll(IMPORT)].map((match) => match[1] ?? match[2]!);
  const relative = names.filter((name) => name.startsWith("."));
  return {
    files: relative.map((name) => normalize(join(dirname(path), name))),
    packages: names.filter((name) => !name.startsWith(".")),
  };
}
