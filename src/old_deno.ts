/**
 * Telling apart what Deno's Node modules can do.
 *
 * @module
 */

import process from "node:process";

/** Whether this is a Deno before 2.9: what was found missing in 2.4 works there. */
export function isOldDeno(): boolean {
  const { deno } = process.versions;
  if (deno === undefined) return false;
  const [major, minor] = deno.split(".").map(Number) as [number, number];
  return major < 2 || (major === 2 && minor < 9);
}
