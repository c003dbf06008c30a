/** Maximum number of events per second and name, counted in whole seconds of the clock. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #windows = new Map<string, { second: number; taken: number }>();

  /** Creates a limit. Default: none. */
  constructor(perSecond = Infinity) {
    this.#perSecond = perSecond;
  }

  /** Counts an event; false if the name has none left in the second of `now`, in milliseconds. */
  take(name: string, now: number): boolean {
    if (this.#perSecond === Infinity) return true;
    const second = Math.floor(now / 1000);
    const window = this.#windows.get(name);
    if (window?.second === second) return ++window.taken <= this.#perSecond;
    this.#windows.set(name, { second, taken: 1 });
    return this.#perSecond >= 1;
  }
}
