import { clearTimeout, setTimeout } from "node:timers";
import { type Clock, sleepBy, systemClock } from "../base/clock.ts";

/**
 * The machine's clock, for work in the background: its pauses keep the process alive only while
 * someone waits for what the work brings.
 */
export class BackgroundClock implements Clock {
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isAwaited = false;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return performance.now();
  }

  random(): number {
    return systemClock.random();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy((fire, ms) => this.#setTimer(fire, ms), ms, signal);
  }

  /** Waits for something that pauses may delay; one wait at a time. */
  async keepAlive<T>(wait: Promise<T>): Promise<T> {
    this.#isAwaited = true;
    for (const timer of this.#timers) timer.ref();
    try {
      return await wait;
    } finally {
      this.#isAwaited = false;
      for (const timer of this.#timers) timer.unref();
    }
  }

  #setTimer(fire: () => void, ms: number): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      fire();
    }, ms);
    this.#timers.add(timer);
    if (!this.#isAwaited) timer.unref();
    return () => {
      this.#timers.delete(timer);
      clearTimeout(timer);
    };
  }
}

/** A clock whose pauses never keep the process alive; one that is not the machine's is returned as it is. */
export function inBackground(clock: Clock): Clock {
  return clock === systemClock ? new BackgroundClock() : clock;
}
