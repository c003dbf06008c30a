/**
 * Runs the simulation by hand:
 *
 *     deno run -A tests/simulation/simulate.ts --seeds 200000 [--from 1] [--plant NAME]
 *     deno run -A tests/simulation/simulate.ts --seed 4711 --trace [--plant NAME]
 *
 * `--groups` simulates consumer groups instead of archivers, `--streams` processes that archive many
 * streams.
 *
 * `--trouble NAME`, which can be repeated, allows these kinds of trouble and no others; `--trouble
 * none` allows none. `--database sqlite` keeps leases and positions in SQLite, `--database postgres`
 * on a PostgreSQL server that is started for it.
 *
 * Exits with 1 if a seed failed.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { databaseOf } from "./databases.ts";
import { groupPlantOf } from "./groups/group_plants.ts";
import { plantOf, runSeed, runSeeds } from "./seed_runner.ts";
import type { Outcome } from "./simulation.ts";
import { streamsPlantOf } from "./streams/streams_plants.ts";
import { startDatabase } from "./start_database.ts";
import { troubleOf } from "./troubles.ts";

/** After so many failing seeds the rest would tell nothing new. */
const MAX_FAILURES = 20;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    plant: { type: "string" },
    groups: { type: "boolean", default: false },
    streams: { type: "boolean", default: false },
    trouble: { type: "string", multiple: true },
    database: { type: "string", default: "memory" },
  },
});
const databaseName = databaseOf(values.database);
const troubles = values.trouble?.filter((name) => name !== "none").map(troubleOf);

const running = await startDatabase(databaseName);
const { database } = running;
const failed = values.seed === undefined ? await runMany() : await runOne(Number(values.seed));
await running[Symbol.asyncDispose]();
Deno.exit(failed ? 1 : 0);

async function runOne(seed: number): Promise<boolean> {
  const outcome = await runSeed(seed, {
    ...{ plant: values.plant, groups: values.groups, streams: values.streams, troubles, database },
    write: values.trace ? (line) => console.log(line) : undefined,
  });
  console.log(`seed ${seed}: ${outcome.steps} steps, trace ${outcome.hash}`);
  for (const problem of outcome.problems) console.log(`  ${problem}`);
  if (outcome.problems.length === 0) console.log("  nothing is wrong");
  return outcome.problems.length > 0;
}

async function runMany(): Promise<boolean> {
  const [from, count] = [Number(values.from), Number(values.seeds)];
  if (values.plant !== undefined) findPlant(values.plant);
  const startedAt = performance.now();
  const perSecond = (done: number) => done / (performance.now() - startedAt) * 1000;
  const failures: Outcome[] = [];
  let shown = 0;
  const { plant, groups, streams } = values;
  const done = await runSeeds({ from, count, plant, groups, streams, troubles, database }, {
    cores: navigator.hardwareConcurrency,
    onDone(done) {
      if (done < count && done - shown < 1000) return;
      shown = done;
      console.error(`${done} of ${count} seeds, ${perSecond(done).toFixed(0)} a second`);
    },
    onFailures(more) {
      more.forEach(report);
      return failures.push(...more) >= MAX_FAILURES;
    },
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${done} seeds in ${seconds} s: ${failures.length} failed`);
  return failures.length > 0;
}

/** Fails if there is no planted bug of that name. */
function findPlant(name: string): void {
  if (values.groups) groupPlantOf(name);
  else if (values.streams) streamsPlantOf(name);
  else plantOf(name);
}

function report({ seed, problems }: Outcome): void {
  console.log(`seed ${seed}:`);
  for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`);
  if (problems.length > 5) console.log(`  and ${problems.length - 5} more`);
  const plant = [
    ...values.groups ? [" --groups"] : [],
    ...values.streams ? [" --streams"] : [],
    ...values.plant === undefined ? [] : [` --plant "${values.plant}"`],
    ...(values.trouble ?? []).map((name) => ` --trouble "${name}"`),
    ...databaseName === "memory" ? [] : [` --database ${databaseName}`],
  ].join("");
  const script = "tests/simulation/simulate.ts";
  console.log(`  replay: deno run -A ${script} --seed ${seed} --trace${plant}`);
}
