/**
 * Waiting for something to change.
 *
 * @module
 */

/** Wakes whoever waits when something has changed; they then look for themselves. */
export class Notifier {
  #wake: () => void = () => {};
  #changed: Promise<void> = this.#renew();

  /** Wakes all who wait. */
  notify(): void {
    const wake = this.#wake;
    this.#changed = this.#renew();
    wake();
  }

  /** Waits for the next change. */
  wait(): Promise<void> {
    return this.#changed;
  }

  #renew(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}
