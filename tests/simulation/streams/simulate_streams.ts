import type { Outcome } from "../simulation.ts";
import { Trace } from "../trace.ts";
import { StreamsWorld } from "./streams_world.ts";

/**
 * Runs one seed of processes that archive many streams, and audits what is left.
 *
 * @param seed Decides everything.
 * @param options Who reads each step.
 */
export async function simulateStreams(
  seed: number,
  options: { readonly write?: ((line: string) => void) | undefined } = {},
): Promise<Outcome> {
  const trace = new Trace(options.write);
  const problems = await new StreamsWorld(seed, trace).run();
  return { seed, problems, hash: trace.hash, steps: trace.steps };
}
