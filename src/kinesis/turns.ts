/** Where a task waits for its turn. */
export interface TurnLine {
  /**
   * Waits for a turn.
   *
   * @param signal Cancels the wait.
   * @returns The turn, which ends when it is disposed.
   * @throws The signal's reason, if it is aborted before.
   */
  take(signal?: AbortSignal): Promise<Disposable>;
}

/** A task that waits. */
interface Waiting {
  readonly of: unknown;
  readonly go: () => void;
}

/**
 * Lets a number of tasks run at once; the others wait in line.
 *
 * A free turn goes to the owner that has the fewest, and of its tasks to the one that has waited
 * longest: an owner with many tasks does not delay those that have one now and then.
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
export class Turns implements TurnLine {
  #free: number;
  readonly #waiting = new Set<Waiting>();
  /** How many turns each owner has. */
  readonly #taken = new Map<unknown, number>();

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
   * @param of Whose task it is, such as the name of a stream. Default: one owner for all.
   * @returns The turn, which ends when it is disposed.
   * @throws The signal's reason, if it is aborted before.
   */
  async take(signal?: AbortSignal, of?: unknown): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#give(of);
    else await this.#wait(of, signal);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (!isOver) this.#end(of);
        isOver = true;
      },
    };
  }

  /** The line of one owner's tasks. */
  lineOf(of: unknown): TurnLine {
    return { take: (signal) => this.take(signal, of) };
  }

  #wait(of: unknown, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(waiting);
        reject(signal?.reason);
      };
      const waiting = { of, go };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiting);
    });
  }

  #give(of: unknown): void {
    this.#free--;
    this.#taken.set(of, this.#takenBy(of) + 1);
  }

  #end(of: unknown): void {
    this.#free++;
    const left = this.#takenBy(of) - 1;
    if (left > 0) this.#taken.set(of, left);
    else this.#taken.delete(of);
    this.#pass();
  }

  /** Gives a turn to the next task, if one waits. */
  #pass(): void {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (next === undefined || this.#takenBy(waiting.of) < this.#takenBy(next.of)) next = waiting;
    }
    if (next === undefined) return;
    this.#give(next.of);
    next.go();
  }

  #takenBy(of: unknown): number {
    return this.#taken.get(of) ?? 0;
  }
}
