/**
 * Lets a number of tasks run at once; the others wait in line.
 *
 * @example Usage
 * ```ts
 * import { Turns } from "@triton/triton/kinesis";
 * const turns = new Turns(8);
 * {
 *   using _turn = await turns.take();
 *   // At most seven others are here.
 * }
 * ```
 */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /**
   * Creates turns, all of them free.
   *
   * @param count How many tasks may run at once.
   */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for a turn.
   *
   * @param signal Cancels the wait.
   * @returns The turn, which ends when it is disposed.
   * @throws The signal's reason, if it is aborted before.
   */
  async take(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (!isOver) this.#pass();
        isOver = true;
      },
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(go);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(go);
    });
  }

  /** Gives a turn to the task that has waited longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
