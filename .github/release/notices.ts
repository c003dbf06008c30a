/**
 * Prints THIRD_PARTY_NOTICES: the licences of what the executable is made of.
 *
 * @module
 */

import { npmCache, packagesOfTriton, type ShippedPackage } from "./packages.ts";

const LICENSE_FILE = /^(licen[cs]e|notice|copying)([.-].*)?$/i;

/** What a package says of its licence. */
export interface License {
  /** The SPDX expression of its package.json. */
  readonly expression: string;
  /** The texts of its licence files; none if it has no such file. */
  readonly texts: readonly string[];
}

/** Reads the licence of a package that Deno has downloaded. */
export async function readLicense(
  cache: string,
  { name, version }: Pick<ShippedPackage, "name" | "version">,
): Promise<License> {
  const folder = `${cache}/${name}/${version}`;
  const { license } = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  if (typeof license !== "string") throw new Error(`Cannot tell the licence of ${name}@${version}`);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const files = names.filter((name) => LICENSE_FILE.test(name));
  const texts = files.map((file) => Deno.readTextFile(`${folder}/${file}`));
  return { expression: license, texts: await Promise.all(texts) };
}

/** One part of the file. */
function notice(title: string, { expression, texts }: License): string {
  const text = texts.length > 0 ? texts.map((text) => text.trim()).join("\n\n") : expression;
  return `${"=".repeat(80)}\n${title}\nLicence: ${expression}\n\n${text}\n`;
}

/** The licence of the runtime that `deno compile` puts into the executable. */
function denoNotice(version: string): string {
  const source = `https://github.com/denoland/deno/tree/v${version}`;
  return notice(`Deno ${version}, ${source}`, {
    expression: "MIT",
    texts: [
      `Copyright 2018-2026 the Deno authors

Deno is made of V8 (BSD-3-Clause, Copyright the V8 project authors), SQLite (public domain) and
crates of Rust, whose licences are in its source: ${source}`,
      MIT,
    ],
  });
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** The whole file. */
export async function thirdPartyNotices(): Promise<string> {
  const cache = await npmCache();
  const parts = (await packagesOfTriton()).map(async (shipped) =>
    notice(`${shipped.name} ${shipped.version}`, await readLicense(cache, shipped))
  );
  const head = "The triton executable contains the following software.\n";
  return [head, denoNotice(Deno.version.deno), ...await Promise.all(parts)].join("\n");
}

if (import.meta.main) console.log(await thirdPartyNotices());
