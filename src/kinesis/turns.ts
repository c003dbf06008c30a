import { CONNECTION_CODES } from "../base/connection_codes.ts";
import { KinesisError } from "../base/errors.ts";

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
  /** Notes whether the service responded to the last request. */
  noteResponse?(hasResponded: boolean): void;
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
 * longest: an owner with many tasks does not delay those that have one now and then. Owners whose service
 * does not respond share half of the turns: each of their requests takes as long as the time-out.
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
  /** How many turns the owners have at most whose service does not respond. */
  readonly #silentLimit: number;
  readonly #silent = new WeakSet<object>();
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
    this.#silentLimit = Math.max(1, Math.floor(count / 2));
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
    if (this.#free > 0 && this.#mayRun(of)) this.#give(of);
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
  lineOf(of: object): TurnLine {
    return {
      take: (signal) => this.take(signal, of),
      noteResponse: (hasResponded) => {
        if (!hasResponded) this.#silent.add(of);
        else if (this.#silent.delete(of)) this.#pass();
      },
    };
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

  /** Gives the free turns to those that wait. */
  #pass(): void {
    while (this.#free > 0) {
      let next: Waiting | undefined;
      for (const waiting of this.#waiting) {
        if (!this.#mayRun(waiting.of)) continue;
        const isNext = next === undefined || this.#takenBy(waiting.of) < this.#takenBy(next.of);
        if (isNext) next = waiting;
      }
      if (next === undefined) return;
      this.#give(next.of);
      next.go();
    }
  }

  #mayRun(of: unknown): boolean {
    if (!this.#isSilent(of)) return true;
    let taken = 0;
    for (const [owner, count] of this.#taken) if (this.#isSilent(owner)) taken += count;
    return taken < this.#silentLimit;
  }

  #isSilent(of: unknown): boolean {
    return typeof of === "object" && of !== null && this.#silent.has(of);
  }

  #takenBy(of: unknown): number {
    return this.#taken.get(of) ?? 0;
  }
}

/** Sends a request once it is its turn, and notes whether the service responds. */
export async function inTurn<T>(
  turns: TurnLine | undefined,
  signal: AbortSignal | undefined,
  request: () => Promise<T>,
): Promise<T> {
  using _turn = await turns?.take(signal);
  try {
    const response = await request();
    turns?.noteResponse?.(true);
    return response;
  } catch (error) {
    if (error instanceof KinesisError) turns?.noteResponse?.(!CONNECTION_CODES.has(error.code));
    throw error;
  }
}
