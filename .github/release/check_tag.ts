/**
 * Refuses a tag that is not what deno.json, src/base/version.ts and the changelog say.
 *
 *   deno run --allow-read .github/release/check_tag.ts v1.2.3
 *
 * @module
 */

import { VERSION } from "../../src/base/version.ts";
import { ROOT } from "./packages.ts";

/** All that has to agree. */
export interface ReleaseFacts {
  /** The tag, such as `v1.2.3`. */
  readonly tag: string;
  /** The version of deno.json. */
  readonly config: string;
  /** The version that the program prints. */
  readonly program: string;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
}

/** What is wrong with a release: one sentence each; none if it may be made. */
export function releaseFaults({ tag, config, program, changelog }: ReleaseFacts): string[] {
  const faults: string[] = [];
  if (!/^v\d+\.\d+\.\d+$/.test(tag)) faults.push(`The tag "${tag}" is not like v1.2.3`);
  const version = tag.slice(1);
  if (config !== version) faults.push(`deno.json has version ${config}, the tag ${version}`);
  if (program !== version) faults.push(`src/base/version.ts has ${program}, the tag ${version}`);
  const headings = [...changelog.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!);
  const newest = headings.find((heading) => heading !== "Unreleased") ?? "";
  if (!new RegExp(`^${version.replaceAll(".", "\\.")} - \\d{4}-\\d\\d-\\d\\d$`).test(newest)) {
    faults.push(`The newest part of CHANGELOG.md is "${newest}", not "${version} - YYYY-MM-DD"`);
  }
  const unreleased = /^## Unreleased\n([^]*?)(?=^## )/m.exec(changelog)?.[1] ?? "";
  if (unreleased.trim() !== "") faults.push("CHANGELOG.md still has lines under Unreleased");
  return faults;
}

if (import.meta.main) {
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const changelog = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  const facts = { tag: Deno.args[0] ?? "", config: version, program: VERSION, changelog };
  const faults = releaseFaults(facts);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
}
