import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { verifyArchive } from "../../../../src/archive/mod.ts";
import { MemoryLedger } from "../../../../src/exports/checkpoint.ts";
import {
  carryOut,
  planRecovery,
  type Recovery,
} from "../../../../src/cli/commands/checkpoint/recover_checkpoints.ts";
import type { SequenceNumber, ShardId } from "../../../../src/base/record.ts";
import { Fixture, STREAM } from "../../../archiver/archiver_fixture.ts";

const MINUTE = 60_000;

/** The steps in the life of a stream; records are put before each. */
const STEPS: readonly ((fixture: Fixture) => void)[] = [
  () => {},
  ({ kinesis, shards }) => void kinesis.splitShard(STREAM, shards[0]!),
  () => {},
  ({ kinesis, shards }) => {
    const neighbour = "shardId-000000000003" as ShardId;
    kinesis.mergeShards(STREAM, neighbour, shards[1]!);
  },
  () => {},
];

/** Archives for a while. */
async function archive(fixture: Fixture): Promise<void> {
  const worker = fixture.start();
  await fixture.clock.advance(2 * MINUTE);
  await worker.stop();
}

/** A ledger with the rows of another one, like a backup. */
async function copyOf(ledger: MemoryLedger, fixture: Fixture): Promise<MemoryLedger> {
  const checkpoints = await ledger.checkpoints();
  const copy = new MemoryLedger(STREAM, { clock: fixture.clock, checkpoints });
  const shards = await ledger.shards();
  await copy.addShards(shards);
  for (const { shardId, state } of shards) {
    if (state === "open") continue;
    const epoch = (await copy.acquire(shardId, "backup", 1))!;
    await copy.end(shardId, epoch, checkpoints.get(shardId), []);
  }
  return copy;
}

async function recover({ store, ledger, clock }: Fixture): Promise<Recovery> {
  const { shards, problems } = await verifyArchive(store, { stream: STREAM, clock });
  deepStrictEqual(problems, []);
  const plan = await planRecovery(ledger, shards);
  await carryOut(plan, ledger, clock);
  return plan;
}

/** Performs all steps, with callbacks before and after each. */
async function live(fixture: Fixture, after: (step: number) => Promise<void>): Promise<void> {
  await after(0);
  for (const [index, step] of STEPS.entries()) {
    await fixture.put(40);
    step(fixture);
    await archive(fixture);
    await after(index + 1);
  }
}

/** Asserts that everything is archived once, and the chains are whole. */
async function check(fixture: Fixture): Promise<void> {
  deepStrictEqual(await fixture.archived(), fixture.expected);
  const { store, clock } = fixture;
  const report = await verifyArchive(store, { stream: STREAM, clock, deep: true });
  deepStrictEqual(report.problems, []);
  deepStrictEqual(await fixture.ledger.gaps(), []);
  const checkpoints = await fixture.ledger.checkpoints();
  for (const { shardId, last } of report.shards) equal(checkpoints.get(shardId), last);
}

Deno.test("carryOut() makes a lost database continue where the archive ends, whenever it was lost", async () => {
  for (let lostAt = 1; lostAt <= STEPS.length; lostAt++) {
    const fixture = new Fixture(2);
    await live(fixture, async (step) => {
      if (step !== lostAt) return;
      fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock });
      await fixture.put(5);
      const refused = fixture.start();
      await fixture.clock.advance(MINUTE);
      await rejects(refused.done, /goes further than the database knows.*checkpoint recover/);
      fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock });
      equal((await recover(fixture)).moves.length > 0, true);
    });
    await fixture.put(10);
    await archive(fixture);
    await check(fixture);
  }
});

Deno.test("carryOut() repairs a database that was restored from a backup of any age", async () => {
  for (let savedAt = 0; savedAt < STEPS.length; savedAt++) {
    const fixture = new Fixture(2);
    let backup = fixture.ledger;
    await live(fixture, async (step) => {
      if (step === savedAt) backup = await copyOf(fixture.ledger, fixture);
    });
    fixture.ledger = backup;
    await fixture.put(10);
    const refused = fixture.start();
    await fixture.clock.advance(MINUTE);
    await rejects(refused.done, /goes further than the database knows/);
    await recover(fixture);
    await archive(fixture);
    await check(fixture);
  }
});

Deno.test("carryOut() is complete, and changes nothing if nothing is behind", async () => {
  const fixture = new Fixture(2);
  await live(fixture, () => Promise.resolve());
  const before = await fixture.ledger.shards();
  deepStrictEqual(await recover(fixture), { moves: [], ended: [], left: [] });
  deepStrictEqual(await fixture.ledger.shards(), before);
});

Deno.test("carryOut() records up to when each shard is archived, so that later losses are detected", async () => {
  const fixture = new Fixture(1);
  await fixture.put(5);
  await archive(fixture);
  const lastArrival = (await fixture.files())[0]!.manifest.shards.get(fixture.shards[0]!)!
    .lastArrival;
  await fixture.put(5);
  fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock });
  await fixture.clock.advance(30 * 3_600_000);
  await fixture.put(5);
  await recover(fixture);
  await archive(fixture);
  deepStrictEqual((await fixture.archived()).length, 10);
  const [gap] = await fixture.ledger.gaps();
  equal(gap?.reason, "retention");
  equal(lastArrival.getTime() < gap!.recordedAt.getTime(), true);
});

Deno.test("planRecovery() fails while a worker is alive, and while an intent is open", async () => {
  const fixture = new Fixture(1);
  const { ledger, clock, shards: [shardId] } = fixture;
  await ledger.addShards([{ shardId: shardId!, parents: [], start: { type: "trim-horizon" } }]);
  const epoch = (await ledger.acquire(shardId!, "worker-7", 20_000))!;
  await rejects(planRecovery(ledger, []), /worker worker-7 archives shardId-000000000000; stop/);
  const last = "5" as SequenceNumber;
  const ranges = [{ shardId: shardId!, epoch, previous: undefined, last }];
  await ledger.intend({ id: "intent-9", key: "20260101/clicks_prod-store-1.tri", ranges });
  await clock.advance(20_001);
  await rejects(planRecovery(ledger, []), /archive "20260101\S+" \(intent intent-9\) was started/);
  await ledger.cancel("intent-9");
  deepStrictEqual(await planRecovery(ledger, []), { moves: [], ended: [], left: [] });
});

Deno.test("carryOut() fails if a worker was faster, and releases its leases", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  await archive(fixture);
  fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock });
  const { store, clock, ledger } = fixture;
  await ledger.addShards(
    fixture.shards.map((shardId) => ({ shardId, parents: [], start: { type: "trim-horizon" } })),
  );
  const { shards } = await verifyArchive(store, { stream: STREAM, clock });
  const plan = await planRecovery(ledger, shards);
  await ledger.acquire(fixture.shards[1]!, "faster", 20_000);
  await rejects(carryOut(plan, ledger, clock), /archives shardId-000000000001/);
  deepStrictEqual((await ledger.shards()).map(({ owner }) => owner), [undefined, "faster"]);
});

Deno.test("planRecovery() does not change shards that are ahead, have ended, or were skipped", async () => {
  const fixture = new Fixture(1);
  await fixture.put(5);
  await archive(fixture);
  const { store, clock, shards: [shardId] } = fixture;
  const { shards } = await verifyArchive(store, { stream: STREAM, clock });
  const ahead = new Map([[shardId!, `9${shards[0]!.last}` as SequenceNumber]]);
  const plan = await planRecovery(new MemoryLedger(STREAM, { checkpoints: ahead }), shards);
  deepStrictEqual([plan.moves, plan.left.length], [[], 1]);
  const ended = new MemoryLedger(STREAM);
  await ended.addShards([{ shardId: shardId!, parents: [], start: { type: "trim-horizon" } }]);
  await ended.end(shardId!, (await ended.acquire(shardId!, "w", 1))!, undefined, []);
  equal((await planRecovery(ended, shards)).left.length, 1);
  const skipped = new MemoryLedger(STREAM);
  await skipped.addShards([{ shardId: shardId!, parents: [], start: { type: "trim-horizon" } }]);
  await skipped.recordGap({
    ...{ stream: STREAM, shardId: shardId!, after: shards[0]!.last, until: undefined },
    ...{ reason: "skipped", recordedAt: new Date(0) },
  });
  deepStrictEqual(await planRecovery(skipped, shards), { moves: [], ended: [], left: [] });
});
