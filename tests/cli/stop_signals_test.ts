import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Stopped, StopSignals } from "../../src/cli/stop_signals.ts";
import { VirtualClock } from "../../src/base/clock.ts";

function start() {
  const clock = new VirtualClock();
  const codes: number[] = [];
  return { clock, codes, stop: new StopSignals(clock, (code) => codes.push(code)) };
}

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  Deno.test(`StopSignals ends a command that does not end gracefully with ${code} at ${signal}`, () => {
    const { codes, stop } = start();
    stop.receive(signal);
    deepStrictEqual(codes, [code]);
  });

  Deno.test(`StopSignals treats ${signal}s within five seconds as one, and exits at the next with ${code}`, async () => {
    const { clock, codes, stop } = start();
    const { signal: asked } = stop;
    equal(asked.aborted, false);
    stop.receive(signal);
    ok(asked.reason instanceof Stopped);
    deepStrictEqual([asked.reason.signal, asked.reason.exitCode], [signal, code]);
    for (const ms of [0, 1_000, 3_999]) {
      await clock.advance(ms);
      stop.receive(signal);
    }
    deepStrictEqual(codes, []);
    await clock.advance(1);
    stop.receive(signal);
    deepStrictEqual(codes, [code]);
  });
}

Deno.test("StopSignals ends a command that exceeds its time limit", async () => {
  const { clock, codes, stop } = start();
  stop.signal;
  stop.endWithin(110_000);
  await clock.advance(1_000_000);
  stop.receive("SIGTERM");
  await clock.advance(109_999);
  deepStrictEqual(codes, []);
  await clock.advance(1);
  deepStrictEqual(codes, [143]);
});
