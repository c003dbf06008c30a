import { equal } from "node:assert/strict";
import type { Clock } from "../../src/clock.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const HOUR = 3_600_000;

/** A machine's clock that is off by what `offset` says; time passes as in the fixture. */
function wrongClock({ clock }: Fixture, offset: () => number): Clock {
  return {
    now: () => clock.now() + offset(),
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}

Deno.test("Archiver records a gap also while the machine's clock is behind by days", async () => {
  const fixture = new Fixture(1);
  await fixture.dropUnread();
  const again = fixture.start({}, wrongClock(fixture, () => -48 * HOUR));
  await fixture.clock.advance(5_000);
  await again.stop();
  equal((await fixture.archived()).length, 20);
  equal((await fixture.ledger.gaps())[0]?.reason, "retention");
});

Deno.test("Archiver looks at the stream every minute also after the machine's clock was set back", async () => {
  const fixture = new Fixture(1);
  let offset = 0;
  const worker = fixture.start({}, wrongClock(fixture, () => offset));
  await fixture.clock.advance(61_000);
  offset = -48 * HOUR;
  fixture.kinesis.setRetention(STREAM, 48);
  await fixture.clock.advance(120_000);
  equal(worker.status().retentionMs, 48 * HOUR);
  await worker.stop();
});
