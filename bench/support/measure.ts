/**
 * Measures in turns, so that a machine whose speed drifts slows everything that is compared.
 *
 * @module
 */

import type { Usage } from "./child.ts";
import type { Tree } from "./tree.ts";

/** One line of the table. */
export interface Case {
  /** What is measured, with its amount. */
  readonly what: string;
  /** How much work one measurement is, in {@linkcode Case.unit}. */
  readonly amount: number;
  /** `MB`, `records`, `archives` and the like. */
  readonly unit: string;
  /** Does the work once, with the program or the modules of a tree. */
  measure(tree: Tree): Promise<Usage>;
  /** Other programs that do the same work, by name. */
  readonly others?: Readonly<Record<string, () => Promise<Usage>>>;
}

/** What {@linkcode measureInTurns} compares. */
export interface Turns {
  readonly current: Tree;
  readonly baseline?: Tree | undefined;
  /** How many times each is measured. */
  readonly runs: number;
  /** Whether each runs once more before that: a first run fills the caches of Deno and the kernel. */
  readonly warmUp: boolean;
}

/** Measurements; those with the same index were made in turn. */
export interface Measured {
  readonly current: readonly Usage[];
  /** Of the baseline; or why it could not be measured. */
  readonly baseline?: readonly Usage[] | string;
  readonly others: Readonly<Record<string, readonly Usage[]>>;
}

/** Measures the baseline, this checkout and the other programs in turns. */
export async function measureInTurns(
  { measure, others = {} }: Pick<Case, "measure" | "others">,
  { current, baseline, runs, warmUp }: Turns,
): Promise<Measured> {
  const sides = [
    ...baseline === undefined ? [] : [sideOf(() => measure(baseline))],
    sideOf(() => measure(current)),
    ...Object.values(others).map(sideOf),
  ];
  for (let run = warmUp ? -1 : 0; run < runs; run++) {
    for (const side of sides) {
      if (side.fault !== undefined) continue;
      try {
        const usage = await side.measure();
        if (run >= 0) side.usages.push(usage);
      } catch (error) {
        // Only the baseline may be unable to do what this checkout can do.
        if (baseline === undefined || side !== sides[0]) throw error;
        side.fault = error instanceof Error ? error.message : String(error);
      }
    }
  }
  const before = baseline === undefined ? undefined : sides.shift()!;
  const [now, ...rest] = sides.map(({ usages }) => usages);
  const names = Object.keys(others);
  return {
    current: now!,
    ...before && { baseline: before.fault ?? before.usages },
    others: Object.fromEntries(names.map((name, n) => [name, rest[n]!])),
  };
}

function sideOf(measure: () => Promise<Usage>) {
  return { measure, usages: [] as Usage[], fault: undefined as string | undefined };
}
