import type { Database } from "./databases.ts";
import { groupPlantOf } from "./groups/group_plants.ts";
import { simulateGroup } from "./groups/simulate_group.ts";
import { PLANTS } from "./plants.ts";
import { type Outcome, simulate } from "./simulation.ts";
import { simulateStreams } from "./streams/simulate_streams.ts";
import { streamsPlantOf } from "./streams/streams_plants.ts";
import type { Trouble } from "./troubles.ts";

/** Seeds to run, and what to break. */
export interface SeedRange {
  readonly from: number;
  readonly count: number;
  /** Whether groups are simulated, and not archivers. */
  readonly groups?: boolean | undefined;
  /** Whether processes are simulated that archive many streams, and not archivers of one. */
  readonly streams?: boolean | undefined;
  /** Name of a planted bug. */
  readonly plant?: string | undefined;
  /** The kinds of trouble that there may be: all unless given. */
  readonly troubles?: readonly Trouble[] | undefined;
  /** Where leases and positions are kept: in memory unless given. */
  readonly database?: Database | undefined;
}

/** How many seeds a core takes on at a time, at most. */
const BATCH = 50;

/**
 * Runs seeds on several cores.
 *
 * @param range Which seeds.
 * @param options On how many cores; who is told after each batch how many are done, and of failures.
 * Where `onFailures` returns true, no more seeds are begun.
 * @returns How many seeds were run.
 */
export async function runSeeds(
  range: SeedRange,
  options: {
    readonly cores: number;
    readonly onDone?: (done: number) => void;
    readonly onFailures: (failures: readonly Outcome[]) => boolean;
  },
): Promise<number> {
  const batchSize = Math.min(BATCH, Math.ceil(range.count / options.cores));
  let next = range.from;
  const end = range.from + range.count;
  let done = 0;
  const runCore = async (): Promise<void> => {
    using core = new Core();
    while (next < end) {
      const batch = { ...range, from: next, count: Math.min(batchSize, end - next) };
      next += batch.count;
      const failures = await core.run(batch);
      done += batch.count;
      options.onDone?.(done);
      if (failures.length > 0 && options.onFailures(failures)) next = end;
    }
  };
  await Promise.all(Array.from({ length: options.cores }, runCore));
  return done;
}

/** Runs seeds here, one after the other; returns those that failed. */
export async function runHere(
  { from, count, ...range }: SeedRange,
): Promise<Outcome[]> {
  const failures: Outcome[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await runSeed(seed, range);
    if (outcome.problems.length > 0) failures.push(outcome);
  }
  return failures;
}

/**
 * Runs one seed.
 *
 * @param seed The seed.
 * @param options What is simulated, what is broken, and who reads each step.
 */
export function runSeed(
  seed: number,
  { groups, streams, plant, troubles, database, write }: Omit<SeedRange, "from" | "count"> & {
    readonly write?: ((line: string) => void) | undefined;
  },
): Promise<Outcome> {
  if (groups) {
    const planted = plant === undefined ? undefined : groupPlantOf(plant);
    return simulateGroup(seed, { plant: planted, write });
  }
  if (streams) {
    const planted = plant === undefined ? undefined : streamsPlantOf(plant);
    return simulateStreams(seed, { plant: planted, write });
  }
  const planted = plant === undefined ? undefined : plantOf(plant);
  return simulate(seed, {
    ...{ plant: planted, troubles: troubles && new Set(troubles), database },
    write,
  });
}

/** The planted bug of a name. */
export function plantOf(name: string) {
  const plant = PLANTS[name];
  if (plant !== undefined) return plant;
  throw new RangeError(`No planted bug "${name}"; there are: ${Object.keys(PLANTS).join(", ")}`);
}

/** A thread that runs seeds. */
class Core {
  readonly #worker = new Worker(new URL("./seed_worker.ts", import.meta.url), { type: "module" });

  run(range: SeedRange): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<Outcome[]>) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`Cannot run seeds from ${range.from}: ${event.message}`));
      };
      this.#worker.postMessage(range);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
