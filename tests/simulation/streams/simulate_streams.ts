import type { Outcome } from "../simulation.ts";
import { Trace } from "../trace.ts";
import type { StreamsPlant } from "./streams_plants.ts";
import { StreamsWorld } from "./streams_world.ts";

/**
 * Runs one seed of processes that archive many streams, and audits what is left.
 *
 * @param seed Decides everything.
 * @param options What is broken on purpose, and who reads each step.
 */
export async function simulateStreams(
  seed: number,
  options: {
    readonly plant?: StreamsPlant | undefined;
    readonly write?: ((line: string) => void) | undefined;
  } = {},
): Promise<Outcome> {
  const trace = new Trace(options.write);
  using _planted = options.plant?.();
  const problems = await new StreamsWorld(seed, trace).run();
  return { seed, problems, hash: trace.hash, steps: trace.steps };
}
