/** Wakes those who wait when something has changed; they then look for themselves. */
export class Notifier {
  readonly #waiting = new Set<() => void>();

  /** Wakes all who wait. */
  notify(): void {
    for (const wake of this.#waiting) wake();
  }

  /**
   * Waits for the next change.
   *
   * @param signal Ends the wait early, without an error.
   */
  async wait(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#waiting.add(wake);
    if (signal?.aborted) wake();
    signal?.addEventListener("abort", wake);
    await promise;
    // Both may live for years: nothing must be left on them.
    this.#waiting.delete(wake);
    signal?.removeEventListener("abort", wake);
  }
}

/** A signal that is aborted when one of the given ones is. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
