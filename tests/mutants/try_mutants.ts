import type { Mutant } from "./mutant.ts";
import { type Verdict, Workshop } from "./workshop.ts";

/**
 * Tries mutants on two copies of the project at a time.
 *
 * @param mutants What to try.
 * @param options Receives each verdict; with `isSound`, all tests are known to pass as things are.
 * @returns The mutants that were not caught, in words.
 */
export async function tryMutants(
  mutants: readonly Mutant[],
  options: {
    readonly isSound?: boolean;
    readonly onVerdict?: (mutant: Mutant, verdict: Verdict) => void;
  } = {},
): Promise<string[]> {
  const next = mutants.values();
  const missed: string[] = [];
  const work = async () => {
    await using workshop = await Workshop.open();
    for (const mutant of next) {
      const verdict = await workshop.try(mutant, options);
      options.onVerdict?.(mutant, verdict);
      if (verdict !== "caught") missed.push(`${verdict}: ${mutant.breaks} (${mutant.file})`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, mutants.length) }, work));
  return missed;
}
