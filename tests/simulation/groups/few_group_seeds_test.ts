/** What `deno task test:fast` runs of the groups' simulation; `group_simulation_test.ts` runs the rest. */

import { deepStrictEqual, notEqual, ok } from "node:assert/strict";
import { runHere } from "../seed_runner.ts";
import { MODES, planGroup } from "./group_scenario.ts";
import { simulateGroup } from "./simulate_group.ts";
import { Random } from "../../../src/testing/mod.ts";

const SEEDS = 200;

Deno.test("simulateGroup() runs the same way for the same seed, with and without a trace", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const first = await simulateGroup(seed);
    const lines: string[] = [];
    deepStrictEqual(await simulateGroup(seed, { write: (line) => lines.push(line) }), first);
    ok(lines.length === first.steps && first.steps > 20);
    notEqual((await simulateGroup(seed + 1)).hash, first.hash);
  }
});

Deno.test("planGroup() plans every way to consume", () => {
  const modes = new Set(
    Array.from({ length: SEEDS }, (_, seed) => planGroup(new Random(seed)).mode),
  );
  deepStrictEqual([...modes].sort(), [...MODES].sort());
});

Deno.test(`Group processes every record, and commits each effect once and in order, under ${SEEDS} seeds`, async () => {
  const failures = await runHere({ from: 1, count: SEEDS, groups: true });
  deepStrictEqual(failures.map(({ seed, problems }) => `${seed}: ${problems[0]}`), []);
});
