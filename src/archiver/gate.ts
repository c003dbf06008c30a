/** Lets tasks through while it is open, and makes them wait while it is closed. */
export class Gate {
  #opened: PromiseWithResolvers<void> | undefined;

  /** Makes tasks wait from now on. */
  close(): void {
    this.#opened ??= Promise.withResolvers<void>();
  }

  /** Lets those who wait go on. */
  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  /** Returns when the gate is open, or when `signal` is aborted. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.#opened !== undefined && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const go = () => resolve();
      this.#opened.promise.then(go);
      signal.addEventListener("abort", go);
      await promise;
      // The signal lives for as long as a shard is read, which may be years.
      signal.removeEventListener("abort", go);
    }
  }
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
