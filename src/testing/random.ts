import { mulberry32 } from "../base/clock.ts";

/**
 * A seeded random number generator (mulberry32): the same seed gives the same numbers.
 *
 * @example Usage
 * ```ts
 * import { Random } from "@triton/triton/testing";
 * import { equal } from "node:assert/strict";
 * equal(new Random(7).next(), new Random(7).next());
 * ```
 */
export class Random {
  readonly #next: () => number;

  /**
   * Creates a generator.
   *
   * @param seed An integer; consecutive seeds give unrelated sequences.
   */
  constructor(seed: number) {
    this.#next = mulberry32(Math.imul(seed ^ (seed >>> 16), 0x9e3779b1));
    this.next();
  }

  /** Returns the next number, at least 0 and less than 1. */
  next(): number {
    return this.#next();
  }

  /** Returns true with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns an integer from `low` to `high`, both inclusive. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Returns one of the values. */
  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)]!;
  }

  /** Returns an independent generator, so that one part of a test does not affect another. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
