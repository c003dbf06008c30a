/**
 * Random numbers that come again.
 *
 * @module
 */

import { mulberry32 } from "../base/random.ts";

/**
 * Numbers from a seed (mulberry32): the same seed gives the same numbers.
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
   * Creates a source of numbers.
   *
   * @param seed An integer; seeds that follow each other give runs that do not resemble each other.
   */
  constructor(seed: number) {
    this.#next = mulberry32(Math.imul(seed ^ (seed >>> 16), 0x9e3779b1));
    this.next();
  }

  /** The next number, from 0 up to, but not including, 1. */
  next(): number {
    return this.#next();
  }

  /** True so often. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** One of the values. */
  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)]!;
  }

  /** A source of its own, so that what one part draws does not shift what another does. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
