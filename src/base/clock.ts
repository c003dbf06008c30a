/**
 * Time and random numbers, passed in so that tests and simulations control both.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000;
/** A day, in milliseconds. */
export const DAY_MS: number = 24 * HOUR_MS;

/** Source of time and random numbers. */
export interface Clock {
  /** The current time, in milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Monotonic time, which does not jump when the clock is set, in milliseconds since some moment.
   * Default: {@linkcode now}.
   */
  monotonic?(): number;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
  /**
   * Waits.
   *
   * @param ms How long, in milliseconds. Zero still lets other work run; `Infinity` waits for the
   * signal.
   * @param signal Ends the wait early: the promise then rejects with the signal's reason.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A timer that is set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The monotonic time of a clock, in milliseconds since some moment: to measure durations. */
export function monotonicNow(clock: Clock): number {
  return clock.monotonic?.() ?? clock.now();
}

/** Sleeps; false if the signal was aborted before the time was over. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}

/** The machine's own clock and random numbers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  sleep: (ms, signal) => sleepBy(setTimer, ms, signal),
};

/** Sets a timer of at most {@linkcode MAX_TIMER_MS}; returns how to clear it. */
type SetTimer = (fire: () => void, ms: number) => () => void;

function setTimer(fire: () => void, ms: number): () => void {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}

/** Sleeps, as {@linkcode Clock.sleep} does, by timers of a kind. */
export function sleepBy(setTimer: SetTimer, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let rest = ms;
    const sleepOn = () => {
      const part = Math.min(rest, MAX_TIMER_MS);
      rest -= part;
      return setTimer(wake, part);
    };
    const wake = () => {
      if (rest > 0) {
        clear = sleepOn();
        return;
      }
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const abort = () => {
      clear();
      reject(signal!.reason);
    };
    let clear = sleepOn();
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Someone waiting on a {@linkcode VirtualClock}. */
interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/**
 * A clock that moves only in `advance()`, with random numbers from a seed.
 *
 * @example Usage
 * ```ts
 * import { VirtualClock } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * const clock = new VirtualClock({ now: 0 });
 * let awake = false;
 * clock.sleep(60_000).then(() => awake = true);
 * await clock.advance(59_999);
 * equal(awake, false);
 * await clock.advance(1);
 * equal(awake, true);
 * ```
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #random: () => number;
  readonly #sleepers = new Set<Sleeper>();

  /**
   * Creates a clock.
   *
   * @param options `now` in milliseconds since the Unix epoch (default: 2026-01-01), and the `seed`
   * of the random numbers.
   */
  constructor(options: { readonly now?: number; readonly seed?: number } = {}) {
    this.#now = options.now ?? Date.UTC(2026, 0, 1);
    this.#random = mulberry32(options.seed ?? 1);
  }

  /** The virtual time, in milliseconds since the Unix epoch. */
  now(): number {
    return this.#now;
  }

  /** The next number of the seeded sequence (mulberry32), from 0 up to, but not including, 1. */
  random(): number {
    return this.#random();
  }

  /**
   * Waits until the clock was moved far enough.
   *
   * @param ms How long, in virtual milliseconds.
   * @param signal Ends the wait early: the promise then rejects with the signal's reason.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = {
        wakeAt: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      const abort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal!.reason);
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** When the next sleeper wakes, in milliseconds since the Unix epoch; undefined if none sleeps. */
  get nextWake(): number | undefined {
    let next: number | undefined;
    for (const { wakeAt } of this.#sleepers) {
      if (next === undefined || wakeAt < next) next = wakeAt;
    }
    return next;
  }

  /**
   * Moves the clock, waking each sleeper at its time and letting it run before the next one.
   *
   * @param ms How far, in milliseconds.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.nextWake; next !== undefined && next <= until; next = this.nextWake) {
      this.#now = Math.max(this.#now, next);
      this.#wakeDue();
      await settle();
    }
    this.#now = until;
  }

  #wakeDue(): void {
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.wakeAt > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

/** Runs everything that does not wait for the clock: one turn of the event loop. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Generates numbers from 0 up to, but not including, 1: mulberry32 with a seed. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
