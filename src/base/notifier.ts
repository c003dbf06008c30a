/** Wakes those who wait when something has changed; they then look for themselves. */
export class Notifier {
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Wakes all who wait. */
  notify(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  /**
   * Waits for the next change.
   *
   * @param signal Ends the wait early, without an error.
   */
  async wait(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return await this.#changed.promise;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#changed.promise.then(wake);
    if (signal.aborted) wake();
    signal.addEventListener("abort", wake);
    await promise;
    // The signal may live for years: nothing must be left on it.
    signal.removeEventListener("abort", wake);
  }
}

/** A signal that is aborted when one of the given ones is. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
