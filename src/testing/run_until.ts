import type { VirtualClock } from "../base/clock.ts";

/** Options of {@linkcode runUntil}. */
export interface RunUntilOptions {
  /** Limit of virtual time, in milliseconds. Default: two hours. */
  readonly withinMs?: number;
}

/**
 * Advances the clock from sleeper to sleeper until a promise is settled.
 *
 * @example Sleep for a day
 * ```ts
 * import { runUntil, VirtualClock } from "@triton/triton/testing";
 * import { equal } from "node:assert/strict";
 * const clock = new VirtualClock({ now: 0 });
 * await runUntil(clock, clock.sleep(86_400_000), { withinMs: Infinity });
 * equal(clock.now(), 86_400_000);
 * ```
 * @param clock The clock that everything sleeps on.
 * @param promise The promise to wait for.
 * @param options The time limit.
 * @returns The value of the promise.
 * @throws {Error} If the promise is not settled when nothing sleeps any more or the time is up.
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
      throw new Error(`Cannot continue: ${withinMs / 1000} seconds have passed`);
    }
    if (idle > 100) {
      throw new Error(
        "Cannot continue: nothing sleeps on the clock, and the promise is still pending",
      );
    }
  }
  return promise;
}
