/**
 * Applies small wrong changes to a copy of `src/`, one at a time, and expects tests to fail:
 *
 *     deno task mutants [--only TEXT] [--list]
 *
 * `--only` takes the mutants whose rule or file contains the text. Exits with 1 if one was not
 * caught.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { MUTANTS } from "./catalogue/mod.ts";
import { tryMutants } from "./try_mutants.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, list: { type: "boolean", default: false } },
});

const chosen = MUTANTS.filter(({ breaks, file }) => `${breaks} ${file}`.includes(values.only));
if (values.list) {
  for (const { breaks, file } of chosen) console.log(`${file}: ${breaks}`);
  Deno.exit(0);
}
if (chosen.length === 0) {
  console.error(`No mutant contains "${values.only}"; --list shows all ${MUTANTS.length}`);
  Deno.exit(2);
}
const startedAt = performance.now();
const missed = await tryMutants(chosen, {
  onVerdict: ({ breaks, file }, verdict) => console.log(`${verdict}: ${breaks} (${file})`),
});
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
console.log(`${chosen.length} mutants in ${seconds} s: ${missed.length} not caught`);
Deno.exit(missed.length > 0 ? 1 : 0);
