/** What `deno task test:fast` runs of the simulation; `simulation_test.ts` runs the rest. */

import { deepStrictEqual, equal, notEqual, ok } from "node:assert/strict";
import { runHere } from "./seed_runner.ts";
import { simulate } from "./simulation.ts";

const SEEDS = 300;
const SEEDS_ON_SQLITE = 20;

Deno.test("simulate() runs the same way for the same seed", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [first, second] = [await simulate(seed), await simulate(seed)];
    deepStrictEqual(second, first);
    ok(first.steps > 20, "something happens");
    notEqual((await simulate(seed + 1)).hash, first.hash);
  }
});

Deno.test("simulate() runs the same way with and without a trace", async () => {
  const lines: string[] = [];
  const outcome = await simulate(7, { write: (line) => lines.push(line) });
  deepStrictEqual(outcome, await simulate(7));
  equal(lines.length, outcome.steps);
});

for (const [database, count] of [["memory", SEEDS], ["sqlite", SEEDS_ON_SQLITE]] as const) {
  Deno.test(`Archiver archives every record exactly once under ${count} seeds (${database})`, async () => {
    const failures = await runHere({ from: 1, count, database });
    deepStrictEqual(failures.map(({ seed, problems }) => `${seed}: ${problems[0]}`), []);
  });
}
