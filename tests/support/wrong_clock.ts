import type { Clock } from "../../src/base/clock.ts";

/**
 * The clock of a machine on which time passes as on another, but which shows another time.
 *
 * @param clock How time passes.
 * @param offset How far the clock is ahead now, in milliseconds: a clock that is set has another one.
 */
export function wrongClock(clock: Clock, offset: () => number): Clock {
  return {
    now: () => clock.now() + offset(),
    monotonic: () => clock.now(),
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}
