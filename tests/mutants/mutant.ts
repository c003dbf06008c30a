/**
 * A small wrong change to one file of `src/`, and the tests that must notice it.
 *
 * @module
 */

/** One wrong change. */
export interface Mutant {
  /** What the change breaks, in words: the rule that no longer holds. */
  readonly breaks: string;
  /** The file that is changed, from the root of the project. */
  readonly file: string;
  /** The text that is replaced. It must occur exactly once in the file. */
  readonly find: string;
  /** What replaces it. */
  readonly replace: string;
  /** The test files that must fail, from the root of the project. */
  readonly tests: readonly string[];
  /** Also run this many seeds of the simulation, where the test files pass. */
  readonly seeds?: number;
  /** Whether the change may make a test wait for ever, which counts as noticed. Default: false. */
  readonly mayHang?: boolean;
}

/**
 * Applies a mutant to the text of its file.
 *
 * @param source The text of the file.
 * @param mutant The mutant.
 * @returns The changed text.
 * @throws {RangeError} If the text to replace does not occur exactly once, or stays the same.
 */
export function mutate(source: string, mutant: Mutant): string {
  const parts = source.split(mutant.find);
  if (parts.length !== 2 || mutant.find === mutant.replace) {
    throw new RangeError(
      `Cannot apply mutant "${mutant.breaks}": "${mutant.find}" occurs ${parts.length - 1} times ` +
        `in ${mutant.file}; adapt the mutant to the code as it is now`,
    );
  }
  return parts.join(mutant.replace);
}

/**
 * Picks mutants that are spread over the whole list.
 *
 * @param mutants All mutants.
 * @param options How many to pick; `seed` decides which, so that other sources try others.
 */
export function sample(
  mutants: readonly Mutant[],
  { count, seed }: { readonly count: number; readonly seed: number },
): Mutant[] {
  if (count >= mutants.length) return [...mutants];
  const step = mutants.length / count;
  const offset = seed % mutants.length;
  return Array.from(
    { length: count },
    (_, n) => mutants[(offset + Math.floor(n * step)) % mutants.length]!,
  );
}
