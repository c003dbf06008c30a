import { deepStrictEqual, equal } from "node:assert/strict";
import { runHere, runSeeds } from "../seed_runner.ts";
import type { Outcome } from "../simulation.ts";
import { STREAMS_PLANTS } from "./streams_plants.ts";

const SEEDS = 150;
const SEEDS_FOR_A_PLANT = 200;

Deno.test(`ArchiverHost archives every record of five streams exactly once under ${SEEDS} seeds`, async () => {
  const failures: Outcome[] = [];
  const done = await runSeeds({ from: 1, count: SEEDS, streams: true }, {
    cores: navigator.hardwareConcurrency,
    onFailures: (more) => failures.push(...more) > 0,
  });
  const script = "tests/simulation/simulate.ts";
  const replay = failures.map(({ seed, problems }) =>
    `${problems[0]}; replay: deno run -A ${script} --streams --seed ${seed} --trace`
  );
  deepStrictEqual(replay, []);
  equal(done, SEEDS);
});

for (const plant of Object.keys(STREAMS_PLANTS)) {
  Deno.test(`a planted bug of many streams is found within ${SEEDS_FOR_A_PLANT} seeds: ${plant}`, async () => {
    for (let from = 1; from <= SEEDS_FOR_A_PLANT; from += 10) {
      if ((await runHere({ from, count: 10, plant, streams: true })).length > 0) return;
    }
    throw new Error("No seed has found it");
  });
}
