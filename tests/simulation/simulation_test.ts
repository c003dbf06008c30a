import { deepStrictEqual, equal } from "node:assert/strict";
import type { DatabaseName } from "./databases.ts";
import { PLANT_OF_TROUBLE, PLANTS } from "./plants.ts";
import { runHere, runSeeds, type SeedRange } from "./seed_runner.ts";
import type { Outcome } from "./simulation.ts";
import { startDatabase } from "./start_database.ts";
import type { Trouble } from "./troubles.ts";

const SEEDS = 15_000;
const SEEDS_ON_SQLITE = 150;
const SEEDS_ON_POSTGRES = 15;
const SEEDS_FOR_A_PLANT = 2_000;

Deno.test(`Archiver archives every record exactly once under ${SEEDS} seeds`, async () => {
  await runAll({ from: 1, count: SEEDS });
});

Deno.test(`Archiver archives every record exactly once on SQLite under ${SEEDS_ON_SQLITE} seeds`, async () => {
  await runAll({ from: 1, count: SEEDS_ON_SQLITE }, "sqlite");
});

Deno.test(`Archiver archives every record exactly once on PostgreSQL under ${SEEDS_ON_POSTGRES} seeds`, async () => {
  await runAll({ from: 1, count: SEEDS_ON_POSTGRES }, "postgres");
});

/** Runs seeds, and fails with how to replay those that failed. */
async function runAll(range: SeedRange, name: DatabaseName = "memory"): Promise<void> {
  await using running = await startDatabase(name);
  const failures: Outcome[] = [];
  const done = await runSeeds({ ...range, database: running.database }, {
    cores: navigator.hardwareConcurrency,
    onFailures: (more) => failures.push(...more) > 0,
  });
  const options = name === "memory" ? "" : ` --database ${name}`;
  const replay = failures.map(({ seed, problems }) =>
    `${
      problems[0]
    }; replay: deno run -A tests/simulation/simulate.ts --seed ${seed} --trace${options}`
  );
  deepStrictEqual(replay, []);
  equal(done, range.count);
}

for (const plant of Object.keys(PLANTS)) {
  Deno.test(`audit() finds a planted bug within ${SEEDS_FOR_A_PLANT} seeds: ${plant}`, async () => {
    await findPlant(plant);
  });
}

for (const [trouble, plant] of Object.entries(PLANT_OF_TROUBLE)) {
  Deno.test(`audit() finds a bug that only ${trouble} reveal within ${SEEDS_FOR_A_PLANT} seeds: ${plant}`, async () => {
    await findPlant(plant, [trouble as Trouble]);
  });
}

/** Runs seeds with a planted bug, until one fails. */
async function findPlant(plant: string, troubles?: readonly Trouble[]): Promise<void> {
  for (let from = 1; from <= SEEDS_FOR_A_PLANT; from += 10) {
    if ((await runHere({ from, count: 10, plant, troubles })).length > 0) return;
  }
  throw new Error("No seed has found it");
}
