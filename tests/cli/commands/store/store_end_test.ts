import { equal, match, rejects } from "node:assert/strict";
import { ArchiverMonitor } from "../../../../src/archiver/mod.ts";
import { endInTime, lateError } from "../../../../src/cli/commands/store/store_end.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";

const monitor = () =>
  new ArchiverMonitor({ clock: new VirtualClock(), stream: "clicks", client: "store" });

const never = () => new Promise<void>(() => {});

Deno.test("endInTime() gives up two seconds before the time limit", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const ended = endInTime(never, { limitMs: 110_000, late: () => new Error("late") }, {
    clock,
    signal: stop.signal,
  });
  let over = false;
  const failed = rejects(ended, { message: "late" }).then(() => over = true);
  await clock.advance(1_000_000);
  stop.abort();
  await clock.advance(107_999);
  equal(over, false);
  await clock.advance(1);
  await failed;
});

Deno.test("endInTime() returns before the work is finished if nothing is lost", async () => {
  const clock = new VirtualClock();
  const signal = AbortSignal.abort();
  const ended = endInTime(never, { limitMs: 3_000, late: () => undefined }, { clock, signal });
  await clock.advance(1_000);
  await ended;
});

Deno.test("endInTime() does not affect work that ends in time, or fails", async () => {
  const clock = new VirtualClock();
  const { signal } = new AbortController();
  const options = { limitMs: 3_000, late: () => new Error("late") };
  await endInTime(() => Promise.resolve(), options, { clock, signal });
  const failure = new Error("why");
  await rejects(endInTime(() => Promise.reject(failure), options, { clock, signal }), failure);
  equal(clock.nextWake, undefined);
});

Deno.test("lateError() reports how much is not archived, and what happens to it", () => {
  const error = lateError({ files: 2, events: 1234, quarantined: 1 }, 110_000, [monitor()]);
  match(
    error!.message,
    /^Cannot archive 1,234 events and 1 quarantined record in 2 files within 110 s of the signal \(--stop-timeout\); the next reader of the shards reads them again$/,
  );
  equal(lateError({ files: 0, events: 0, quarantined: 0 }, 110_000, [monitor()]), undefined);
  equal(lateError({ files: 0, events: 0, quarantined: 0 }, 110_000, []), undefined);
});

Deno.test("lateError() lists each reason once, and at most five of them", () => {
  const left = { files: 2, events: 2, quarantined: 0 };
  const failing = (error: string) => {
    const failed = monitor();
    failed.retried("ledger", new Error("the database does not respond"));
    failed.retried("object store", new Error(error));
    return failed;
  };
  const message = (...errors: string[]) => lateError(left, 110_000, errors.map(failing))!.message;
  match(
    message("b0", "b0"),
    / \(ledger: the database does not respond; object store: b0\)$/,
  );
  match(
    message("b0", "b1", "b2", "b3", "b4", "b5"),
    / \(ledger: the database does not respond; object store: b0; .*: b3; and 2 more\)$/,
  );
});
