/**
 * Rate limits of the in-memory Kinesis.
 *
 * @module
 */

/** So many events a second for each name, counted in whole seconds of the clock. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #windows = new Map<string, { second: number; taken: number }>();

  /** Creates a limit; none without a number. */
  constructor(perSecond = Infinity) {
    this.#perSecond = perSecond;
  }

  /** Takes one event, if the name has one left in this second of `now`, in milliseconds. */
  take(name: string, now: number): boolean {
    if (this.#perSecond === Infinity) return true;
    const second = Math.floor(now / 1000);
    const window = this.#windows.get(name);
    if (window?.second === second) return ++window.taken <= this.#perSecond;
    this.#windows.set(name, { second, taken: 1 });
    return this.#perSecond >= 1;
  }
}
