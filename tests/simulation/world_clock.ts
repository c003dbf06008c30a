import type { Clock } from "../../src/base/clock.ts";

/** How a clock goes wrong. */
export interface ClockError {
  /** How far ahead it is at first, in milliseconds; behind if negative. */
  readonly offset: number;
  /** By how much it is too fast: 0.01 gains 36 seconds an hour. */
  readonly drift: number;
}

/** A clock that is wrong, and by which waiting takes as long as it says. */
export function wrongClock(clock: Clock, { offset, drift }: ClockError): Clock {
  const since = clock.now();
  const now = () => Math.floor(clock.now() + offset + (clock.now() - since) * drift);
  if (drift === 0) {
    return { now, random: () => clock.random(), sleep: (ms, signal) => clock.sleep(ms, signal) };
  }
  return {
    now,
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms / (1 + drift), signal),
  };
}
