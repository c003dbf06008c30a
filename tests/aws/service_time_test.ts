import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../src/base/clock.ts";
import { ServiceTime } from "../../src/kinesis/mod.ts";
import { wrongClock } from "../support/wrong_clock.ts";

/** What a service reports that shows whole seconds, as HTTP does. */
const reported = (now: number) => ({ serverTime: new Date(Math.floor(now / 1_000) * 1_000) });

Deno.test("ServiceTime.now() is never ahead of the service, nor further behind than a second and a response takes", () =>
  fc.assert(fc.asyncProperty(
    fc.integer({ min: -1e10, max: 1e10 }),
    fc.array(fc.record({ pause: fc.nat(5_000), to: fc.nat(300), back: fc.nat(300) }), {
      minLength: 1,
    }),
    async (offset, requests) => {
      const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1) + 123 });
      const time = new ServiceTime(wrongClock(clock, () => offset));
      for (const { pause, to, back } of requests) {
        await clock.advance(pause);
        const sentAt = time.monotonic();
        await clock.advance(to);
        const response = reported(clock.now());
        await clock.advance(back);
        time.observe(response, sentAt);
        ok(time.now() <= clock.now());
        ok(time.now() >= clock.now() - 1_000 - back);
      }
      ok(time.startAt().getTime() <= clock.now() - 1_000);
    },
  )));

Deno.test("ServiceTime follows a service whose clock was set, and a machine that slept", async () => {
  const clock = new VirtualClock({ now: 1_000_000 });
  let slept = 0;
  const machine = { ...wrongClock(clock, () => 0), monotonic: () => clock.now() - slept };
  const time = new ServiceTime(machine);
  time.observe({ serverTime: new Date(1_000_000) }, time.monotonic());
  for (const set of [-50_000, 50_000]) {
    time.observe({ serverTime: new Date(clock.now() + set) }, time.monotonic());
    equal(time.now(), clock.now() + set);
  }
  await clock.advance(500_000);
  slept = 500_000;
  time.observe({ serverTime: new Date(clock.now()) }, time.monotonic());
  equal(time.now(), clock.now());
});

Deno.test("ServiceTime is the machine's where the service reports none, and passes evenly once it does", async () => {
  const clock = new VirtualClock({ now: 1_000_000 });
  let offset = 7_000;
  const time = new ServiceTime(wrongClock(clock, () => offset));
  time.observe({}, time.monotonic());
  equal(time.now(), 1_007_000);
  const begun = time.monotonic();
  await clock.advance(5_000);
  time.observe({ serverTime: new Date(clock.now()) }, time.monotonic());
  offset = -86_400_000;
  await clock.advance(5_000);
  equal(time.now(), 1_010_000);
  equal(time.at(begun), 1_000_000);
});
