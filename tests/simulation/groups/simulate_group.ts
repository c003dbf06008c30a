import type { Outcome } from "../simulation.ts";
import { Trace } from "../trace.ts";
import type { GroupPlant } from "./group_plants.ts";
import { GroupWorld } from "./group_world.ts";

/**
 * Runs one seed of a group, and audits what is left.
 *
 * @param seed Decides everything.
 * @param options What is broken on purpose, and who reads each step.
 */
export async function simulateGroup(
  seed: number,
  options: {
    readonly plant?: GroupPlant | undefined;
    readonly write?: ((line: string) => void) | undefined;
  } = {},
): Promise<Outcome> {
  const trace = new Trace(options.write);
  const problems = await new GroupWorld(seed, trace, options.plant).run();
  return { seed, problems, hash: trace.hash, steps: trace.steps };
}
