import { setImmediate } from "node:timers";
import type { Clock } from "../../src/base/clock.ts";
import type { Random } from "../../src/testing/mod.ts";

/** Something that happens at a moment of virtual time. */
export interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * How many turns of the microtask queue lie between two timers. Code that needs more goes on while
 * later timers run, as on a slow machine; a run is the same each time either way. A turn of the
 * event loop instead would cost 25 µs, which is ten times as much.
 */
const TURNS = { slow: 12, fast: 100 };

/** Virtual time: timers run one after the other, those of one moment in an order that chance decides. */
export class Scheduler {
  /** The time, in milliseconds since the Unix epoch. */
  now: number;
  /** How fast the machine is: on a slow one a worker may need minutes for a file when few timers run. */
  speed: keyof typeof TURNS = "slow";
  readonly #random: Random;
  readonly #heap: Timer[] = [];
  /** How many things are under way that take real time. */
  #held = 0;

  constructor(now: number, random: Random) {
    this.now = now;
    this.#random = random;
  }

  /** Runs something in so many milliseconds; `cancelled` keeps it from running. */
  after(ms: number, run: () => void): Timer {
    const at = this.now + Math.max(0, Math.round(ms));
    const timer = { at, order: this.#random.next(), run, cancelled: false };
    this.#push(timer);
    return timer;
  }

  /** Lets no time pass until something is over that takes turns of the event loop. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work();
    } finally {
      this.#held--;
    }
  }

  /** A clock on this time, with chance of its own. */
  clock(random: Random): Clock {
    return {
      now: () => this.now,
      random: () => random.next(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = () => {
        timer.cancelled = true;
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /**
   * Runs timers until something is so, none is left, or a time has come.
   *
   * @returns Whether it became so.
   */
  async runUntil(isSo: () => boolean, deadline = Infinity): Promise<boolean> {
    for (;;) {
      for (let turn = 0; turn < TURNS[this.speed]; turn++) await null;
      while (this.#held > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      if (isSo()) return true;
      if (this.#heap.length === 0) {
        // Whatever still runs without a timer gets all the turns that it wants.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (isSo()) return true;
        if (this.#heap.length === 0) return false;
      }
      if (this.#heap[0]!.at > deadline) return false;
      const timer = this.#pop();
      if (timer.cancelled) continue;
      this.now = timer.at;
      timer.run();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (isBefore(heap[above]!, timer)) break;
      heap[index] = heap[above]!;
      index = above;
    }
    heap[index] = timer;
  }

  #pop(): Timer {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (let below = 1; below < heap.length; below = 2 * index + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (isBefore(last, heap[below]!)) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
