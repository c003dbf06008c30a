import { deepEqual, match, ok, rejects } from "node:assert/strict";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { findPositions } from "../../../src/kinesis/mod.ts";
import { moveArchiver } from "../../../src/ledger/move_archiver.ts";
import { runUntil } from "../../../src/testing/mod.ts";
import { Fixture, STREAM } from "../archiver_fixture.ts";
import { readLog } from "../../support/read_log.ts";

const HOUR = 3_600_000;
const GONE = { name: "CheckpointError", code: "ArchiveGone", retryable: false };

async function archive(fixture: Fixture, count: number): Promise<void> {
  if (count > 0) await fixture.put(count);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
}

/** Another bucket under the same name, with nothing in it. */
function empty(fixture: Fixture): void {
  const { url, identity } = fixture.store;
  fixture.store = Object.defineProperties(
    new MemoryObjectStore({ now: () => fixture.clock.now() }),
    { url: { value: url }, identity: { value: identity } },
  );
}

async function rewind(fixture: Fixture): Promise<void> {
  const { kinesis, ledger, clock } = fixture;
  const positions = await findPositions(kinesis, STREAM, "trim-horizon", { clock });
  const againSince = new Date(clock.now() - 24 * HOUR);
  await moveArchiver(ledger, positions, { dryRun: false, clock, againSince });
}

Deno.test("Archiver refuses a bucket that was emptied while Kinesis holds its records", async () => {
  const fixture = new Fixture(2);
  await archive(fixture, 20);
  empty(fixture);
  await fixture.put(5);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await rejects(worker.done, {
    ...GONE,
    message:
      /"2026\S+\.tri", which the database knows.* Kinesis still holds what arrived since .*T/,
  });
  deepEqual(await fixture.archived(), []);
  await rewind(fixture);
  await archive(fixture, 0);
  deepEqual(await fixture.archived(), fixture.expected);
  await archive(fixture, 5);
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver archives behind files that are gone once Kinesis has dropped them, and says so", async () => {
  const fixture = new Fixture();
  await archive(fixture, 10);
  empty(fixture);
  await fixture.clock.advance(25 * HOUR);
  const log = await readLog(() => archive(fixture, 5));
  const missing = log.filter(({ event }) => event === "archive.missing");
  match(String(missing[0]?.reason), /Kinesis does not hold the records of these files/);
  deepEqual(await fixture.archived(), fixture.expected.slice(10));
});

Deno.test("Archiver: positions moved back while files are left are refused as behind the archive", async () => {
  const fixture = new Fixture();
  await archive(fixture, 10);
  await archive(fixture, 10);
  await rewind(fixture);
  const worker = fixture.start();
  await rejects(runUntil(fixture.clock, worker.done), { code: "BehindArchive" });
  deepEqual(await fixture.archived(), fixture.expected);
  // One that recovers continues where the files end.
  await fixture.put(3);
  const recovering = fixture.start({ recover: true });
  await fixture.clock.advance(5_000);
  await recovering.stop();
  deepEqual(await fixture.archived(), fixture.expected);
  ok((await fixture.files()).at(-1)?.manifest !== undefined);
});
