import { equal } from "node:assert/strict";
import { Archiver } from "../../src/archiver/mod.ts";
import type { Clock } from "../../src/clock.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const HOUR = 3_600_000;

/** A worker whose machine's clock is off by what `offset` says; time passes as in the fixture. */
function startAt(fixture: Fixture, offset: () => number) {
  const { kinesis, store, ledger } = fixture;
  const clock: Clock = {
    now: () => fixture.clock.now() + offset(),
    random: () => fixture.clock.random(),
    sleep: (ms, signal) => fixture.clock.sleep(ms, signal),
  };
  const stop = new AbortController();
  const archiver = new Archiver({ kinesis, store, ledger, clock });
  const done = archiver.run(stop.signal);
  return {
    status: () => archiver.status(),
    async stop() {
      stop.abort();
      await fixture.clock.advance(10_000);
      await done;
    },
  };
}

Deno.test("Archiver records a gap also while the machine's clock is behind by days", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  await fixture.put(10);
  await fixture.clock.advance(25 * HOUR);
  await fixture.put(10);
  const again = startAt(fixture, () => -48 * HOUR);
  await fixture.clock.advance(5_000);
  await again.stop();
  equal((await fixture.archived()).length, 20);
  equal((await fixture.ledger.gaps())[0]?.reason, "retention");
});

Deno.test("Archiver looks at the stream every minute also after the machine's clock was set back", async () => {
  const fixture = new Fixture(1);
  let offset = 0;
  const worker = startAt(fixture, () => offset);
  await fixture.clock.advance(61_000);
  offset = -48 * HOUR;
  fixture.kinesis.setRetention(STREAM, 48);
  await fixture.clock.advance(120_000);
  equal(worker.status().retentionMs, 48 * HOUR);
  await worker.stop();
});
