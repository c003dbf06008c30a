/**
 * Running what sleeps on a virtual clock to its end.
 *
 * @module
 */

import type { VirtualClock } from "../base/clock.ts";

/** Options of {@linkcode runUntil}. */
export interface RunUntilOptions {
  /** How much virtual time it may take, in milliseconds: two hours unless given. */
  readonly withinMs?: number;
}

/**
 * Moves the clock from sleeper to sleeper until a promise is settled.
 *
 * @example A day in no time
 * ```ts
 * import { runUntil, VirtualClock } from "@triton/triton/testing";
 * import { equal } from "node:assert/strict";
 * const clock = new VirtualClock({ now: 0 });
 * await runUntil(clock, clock.sleep(86_400_000), { withinMs: Infinity });
 * equal(clock.now(), 86_400_000);
 * ```
 * @param clock The clock that everything sleeps on.
 * @param promise What is waited for.
 * @param options How long to go on.
 * @returns What the promise gave.
 * @throws {Error} If nobody sleeps any more, or the time is over, and it is still not settled.
 */
export async function runUntil<T>(
  clock: VirtualClock,
  promise: Promise<T>,
  options: RunUntilOptions = {},
): Promise<T> {
  let settled = false;
  const done = () => settled = true;
  promise.then(done, done);
  const { withinMs = 7_200_000 } = options;
  const until = clock.now() + withinMs;
  for (let idle = 0; !settled;) {
    const wakeAt = clock.nextWake;
    await clock.advance(wakeAt === undefined ? 0 : wakeAt - clock.now());
    idle = wakeAt === undefined ? idle + 1 : 0;
    if (settled) break;
    if (clock.now() > until) {
      throw new Error(`Cannot go on: ${withinMs / 1000} seconds have passed`);
    }
    if (idle > 100) throw new Error("Cannot go on: nobody sleeps, and nothing happens");
  }
  return promise;
}
