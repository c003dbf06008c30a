import { deepStrictEqual, equal } from "node:assert/strict";
import { runHere, runSeeds } from "../seed_runner.ts";
import type { Outcome } from "../simulation.ts";
import { GROUP_PLANTS } from "./group_plants.ts";

const SEEDS = 5_000;
const SEEDS_FOR_A_PLANT = 2_000;

Deno.test(`Group processes every record, and commits each effect once and in order, under ${SEEDS} seeds`, async () => {
  const failures: Outcome[] = [];
  const done = await runSeeds({ from: 1, count: SEEDS, groups: true }, {
    cores: navigator.hardwareConcurrency,
    onFailures: (more) => failures.push(...more) > 0,
  });
  const script = "tests/simulation/simulate.ts";
  const replay = failures.map(({ seed, problems }) =>
    `${problems[0]}; replay: deno run -A ${script} --groups --seed ${seed} --trace`
  );
  deepStrictEqual(replay, []);
  equal(done, SEEDS);
});

for (const plant of Object.keys(GROUP_PLANTS)) {
  Deno.test(`a planted bug of groups is found within ${SEEDS_FOR_A_PLANT} seeds: ${plant}`, async () => {
    for (let from = 1; from <= SEEDS_FOR_A_PLANT; from += 10) {
      if ((await runHere({ from, count: 10, plant, groups: true })).length > 0) return;
    }
    throw new Error("No seed has found it");
  });
}
