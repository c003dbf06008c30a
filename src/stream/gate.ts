/**
 * Waiting for something to change.
 *
 * @module
 */

/** Lets everyone through who waited before it was opened; then it is shut again. */
export class Gate {
  #waiting: PromiseWithResolvers<void> | undefined;

  /** Waits for the next {@linkcode open}. */
  wait(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Lets through who waits. */
  open(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
