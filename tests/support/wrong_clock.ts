import type { Clock } from "../../src/base/clock.ts";

/**
 * A clock that runs like another one, but shows a different time.
 *
 * @param clock The clock it follows.
 * @param offset How far it is ahead, in milliseconds; may change when the clock is set.
 */
export function wrongClock(clock: Clock, offset: () => number): Clock {
  return {
    now: () => clock.now() + offset(),
    monotonic: () => clock.now(),
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}
