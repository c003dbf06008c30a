/**
 * Running what sleeps on a virtual clock to its end.
 *
 * @module
 */

import type { VirtualClock } from "../../src/clock.ts";

/**
 * Moves the clock from sleeper to sleeper until a promise is settled.
 *
 * @param clock The clock that everything sleeps on.
 * @param promise What is waited for.
 * @returns What the promise gave.
 * @throws {Error} If nobody sleeps any more, or two hours have passed, and it is still not settled.
 */
export async function runUntil<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = () => settled = true;
  promise.then(done, done);
  const until = clock.now() + 7_200_000;
  for (let idle = 0; !settled;) {
    const wakeAt = clock.nextWake;
    await clock.advance(wakeAt === undefined ? 0 : wakeAt - clock.now());
    idle = wakeAt === undefined ? idle + 1 : 0;
    if (clock.now() > until) throw new Error("Cannot go on: two hours have passed");
    if (idle > 100) throw new Error("Cannot go on: nobody sleeps, and nothing happens");
  }
  return promise;
}
