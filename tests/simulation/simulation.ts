import { audit } from "./auditor.ts";
import { Trace } from "./trace.ts";
import { World, type WorldOptions } from "./world.ts";

/** What came of one seed. */
export interface Outcome {
  readonly seed: number;
  /** What is wrong; nothing if all is well. */
  readonly problems: readonly string[];
  /** Tells whether two runs were the same. */
  readonly hash: string;
  /** How many steps the run had. */
  readonly steps: number;
}

/**
 * Runs one seed and audits what is left.
 *
 * @param seed Decides everything.
 * @param options What is broken on purpose; which trouble there may be; who reads each step.
 */
export async function simulate(
  seed: number,
  options: WorldOptions & { readonly write?: ((line: string) => void) | undefined } = {},
): Promise<Outcome> {
  const trace = new Trace(options.write);
  const world = new World(seed, trace, options);
  const problems = [...await world.run()];
  if (problems.length === 0) problems.push(...audit(await world.facts()));
  return { seed, problems, hash: trace.hash, steps: trace.steps };
}
