/**
 * Random numbers that come again.
 *
 * @module
 */

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
  #state: number;

  /**
   * Creates a source of numbers.
   *
   * @param seed An integer; seeds that follow each other give runs that do not resemble each other.
   */
  constructor(seed: number) {
    this.#state = Math.imul(seed ^ (seed >>> 16), 0x9e3779b1) >>> 0;
    this.next();
  }

  /** The next number, from 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
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
