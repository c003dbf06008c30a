import { deepEqual, equal, rejects } from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";

/** Runs something with timers that go off when they are told to. */
async function withTimers(
  test: (timers: { readonly ms: number; readonly goOff: () => void }[]) => Promise<void>,
): Promise<void> {
  const { setTimeout, clearTimeout } = globalThis;
  const timers: { ms: number; goOff: () => void }[] = [];
  const fake = (goOff: () => void, ms: number) => timers.push({ ms, goOff });
  Object.assign(globalThis, { setTimeout: fake, clearTimeout: () => {} });
  try {
    await test(timers);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

Deno.test("systemClock.sleep() waits longer than a timer can", () =>
  withTimers(async (timers) => {
    let awake = false;
    const slept = systemClock.sleep(2 ** 32).then(() => awake = true);
    for (const at of [0, 1]) {
      timers[at]!.goOff();
      await Promise.resolve();
      equal(awake, false);
    }
    timers[2]!.goOff();
    await slept;
    deepEqual(timers.map(({ ms }) => ms), [2 ** 31 - 1, 2 ** 31 - 1, 2]);
  }));

Deno.test("systemClock.sleep() waits for its signal if there is no end", () =>
  withTimers(async (timers) => {
    const stop = new AbortController();
    const slept = rejects(systemClock.sleep(Infinity, stop.signal), { message: "enough" });
    for (let at = 0; at < 5; at++) timers[at]!.goOff();
    deepEqual(new Set(timers.map(({ ms }) => ms)), new Set([2 ** 31 - 1]));
    stop.abort(new Error("enough"));
    await slept;
  }));
