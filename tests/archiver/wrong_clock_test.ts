import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { wrongClock } from "../support/wrong_clock.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How far a machine's clock can be off. */
const OFFSETS = [-3 * DAY, -60_000, -900, 900, 3_000, 60_000, 3 * DAY];

Deno.test("Archiver records a gap also while the machine's clock is behind by days", async () => {
  const fixture = new Fixture(1);
  await fixture.dropUnread();
  const again = fixture.start({}, wrongClock(fixture.clock, () => -48 * HOUR));
  await fixture.clock.advance(5_000);
  await again.stop();
  equal((await fixture.archived()).length, 20);
  equal((await fixture.ledger.gaps())[0]?.reason, "retention");
});

Deno.test("Archiver looks at the stream every minute also after the machine's clock was set back", async () => {
  const fixture = new Fixture(1);
  let offset = 0;
  const worker = fixture.start({}, wrongClock(fixture.clock, () => offset));
  await fixture.clock.advance(61_000);
  offset = -48 * HOUR;
  fixture.kinesis.setRetention(STREAM, 48);
  await fixture.clock.advance(120_000);
  equal(worker.status().retentionMs, 48 * HOUR);
  await worker.stop();
});

Deno.test("Archiver begins at latest on a machine with any clock, and keeps the start over restarts", async () => {
  for (const offset of OFFSETS) {
    const fixture = new Fixture(1);
    await fixture.put(10);
    await fixture.clock.advance(60_000);
    const machine = wrongClock(fixture.clock, () => offset);
    for (let restarts = 0; restarts < 3; restarts++) {
      const worker = fixture.start({ from: { type: "latest" } }, machine);
      await fixture.clock.advance(1_000 * (restarts + 1));
      await worker.stop();
      await fixture.put(5);
      await fixture.clock.advance(60_000);
    }
    const last = fixture.start({ from: { type: "latest" } }, machine);
    await fixture.clock.advance(5_000);
    await last.stop();
    deepStrictEqual(await fixture.archived(), fixture.expected.slice(10), `off by ${offset} ms`);
    deepStrictEqual(await fixture.ledger.gaps(), []);
  }
});

Deno.test("Archiver passes over what is there, and nothing else, on a machine with any clock", async () => {
  for (const offset of OFFSETS) {
    const fixture = new Fixture(1);
    await fixture.put(10);
    await fixture.clock.advance(60_000);
    const machine = wrongClock(fixture.clock, () => offset);
    const worker = fixture.start({ skipToLatest: true }, machine);
    await fixture.clock.advance(5_000);
    await fixture.put(5);
    await fixture.clock.advance(5_000);
    await worker.stop();
    deepStrictEqual(await fixture.archived(), fixture.expected.slice(10), `off by ${offset} ms`);
    deepStrictEqual((await fixture.ledger.gaps()).map(({ reason }) => reason), ["skipped"]);
  }
});

Deno.test("Archiver begins at latest with what arrived since it was started, however long it was kept waiting", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  await fixture.clock.advance(60_000);
  const { clock } = fixture;
  fixture.ledger = new class extends MemoryLedger {
    override async identify(createdAt: Date): Promise<void> {
      await clock.sleep(600_000);
      await super.identify(createdAt);
    }
  }(STREAM, { clock });
  const worker = fixture.start({ from: { type: "latest" } });
  await fixture.clock.advance(60_000);
  await fixture.put(5);
  await fixture.clock.advance(600_000);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected.slice(10));
});

Deno.test("Archiver takes a start in the future, by Kinesis' clock, for now", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  await fixture.clock.advance(60_000);
  const timestamp = new Date(fixture.clock.now() + 30_000); // now, on a machine ahead by that
  const worker = fixture.start({ from: { type: "at-timestamp", timestamp } });
  await fixture.clock.advance(1_000);
  await fixture.put(5);
  await fixture.clock.advance(5_000);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected.slice(10));
});

Deno.test("Archiver goes on from a start in the future that an earlier version wrote down", async () => {
  const fixture = new Fixture(1);
  const timestamp = new Date(fixture.clock.now() + HOUR);
  await fixture.ledger.addFirstShards(fixture.shards.map((shardId) => (
    { shardId, parents: [], start: { type: "at-timestamp", timestamp } as const }
  )));
  const worker = fixture.start();
  await fixture.clock.advance(1_000);
  await fixture.put(5);
  await fixture.clock.advance(5_000);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver records no gap, whatever is done to the machine's clock and the database's", async () => {
  for (const steps of [[0, 2 * DAY], [0, -2 * DAY], [3 * DAY, 0], [-3 * DAY, 0]]) {
    const fixture = new Fixture(2);
    let offset = steps[0]!;
    const machine = wrongClock(fixture.clock, () => offset);
    fixture.useLedgerOf(machine); // as SQLite does, which has the machine's clock
    for (const step of steps) {
      const worker = fixture.start({ rotateMs: 60_000 }, machine);
      await fixture.put(20);
      await fixture.clock.advance(90_000);
      offset = step;
      await fixture.put(20);
      await fixture.clock.advance(90_000);
      const { unarchivedAgeMs, lagMs } = worker.status();
      ok(unarchivedAgeMs! < 100_000 && lagMs! < 5_000, `${unarchivedAgeMs}, ${lagMs}`);
      await worker.stop();
    }
    deepStrictEqual(await fixture.ledger.gaps(), []);
    deepStrictEqual(await fixture.archived(), fixture.expected);
    const days = (await fixture.files()).map(({ key }) => key.slice(0, 8));
    deepStrictEqual([...new Set(days)], ["20260101"], "keys are by Kinesis' clock");
  }
});
