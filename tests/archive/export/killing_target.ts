/** A target of exports that are killed, for tests. */

import { MemoryObjectStore, type ObjectRequest } from "../../../src/objects/mod.ts";

/** A process that dies at one of its requests: before it takes effect, or after. */
export class Killed extends Error {}

/** The target as a process sees that is killed at request `step`; never if that is not reached. */
export class KillingTarget {
  readonly store: MemoryObjectStore;
  /** Of the process that is running. */
  #step = 0;
  #killAt = Infinity;
  #isBefore = true;

  constructor() {
    this.store = new MemoryObjectStore({
      intercept: <T>(_request: ObjectRequest, proceed: () => Promise<T>) => this.#pass(proceed),
    });
  }

  async #pass<T>(proceed: () => Promise<T>): Promise<T> {
    const isLast = ++this.#step === this.#killAt;
    if (isLast && this.#isBefore) throw new Killed();
    const response = await proceed();
    if (isLast) throw new Killed();
    return response;
  }

  /** Runs a process; returns whether it was killed. */
  async run(run: () => Promise<unknown>, killAt = Infinity, isBefore = true): Promise<boolean> {
    [this.#step, this.#killAt, this.#isBefore] = [0, killAt, isBefore];
    try {
      await run();
      return false;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return true;
    } finally {
      this.#killAt = Infinity;
    }
  }
}
