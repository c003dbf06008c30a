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

/** Waits until a signal is aborted, or until nobody is interested any more. */
export function whenAborted(signal: AbortSignal, over?: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true, signal: over });
  });
}

/** Waits for work, but not past an abort: then it rejects with the signal's reason. */
export async function unlessAborted<T>(
  work: T | PromiseLike<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
