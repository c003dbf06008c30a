import { deepEqual, equal, rejects } from "node:assert/strict";
import { Archiver } from "../../../src/archiver/mod.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { FaultScript, runUntil, SimulatedProcess, withFaults } from "../../../src/testing/mod.ts";
import { Fixture } from "../archiver_fixture.ts";

const MINUTE = 60_000;
const OTHER = { name: "CheckpointError", code: "OtherStore" };

async function archiveOnce(fixture: Fixture): Promise<void> {
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
}

async function keysOf(store: MemoryObjectStore): Promise<string[]> {
  return await Array.fromAsync(store.list(""), ({ key }) => key);
}

Deno.test("Archiver refuses another bucket while an intent is open, and puts nothing there", async () => {
  const fixture = new Fixture();
  const { kinesis, ledger, clock } = fixture;
  await fixture.put(3);
  const dies = new SimulatedProcess(clock);
  const script = new FaultScript([{ on: "put", nth: 3, fault: "crash after" }]); // 1 and 2 are probes
  const store = withFaults(fixture.store, script, dies);
  const first = new Archiver({ kinesis, store, ledger, clock: dies }, { rotateMs: 10_000 });
  first.run(new AbortController().signal).catch(() => {});
  await runUntil(clock, dies.crashed);
  const other = new MemoryObjectStore();
  const second = new Archiver({ kinesis, store: other, ledger, clock });
  const end = second.run(new AbortController().signal);
  await rejects(runUntil(clock, end), {
    ...OTHER,
    message: /the archive of client "store" is in memory:.*move-bucket/,
  });
  deepEqual(await keysOf(other), []);
  await clock.advance(MINUTE);
  await archiveOnce(fixture);
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver that was paused over a move puts nothing into the old bucket", async () => {
  const fixture = new Fixture();
  const { ledger, clock } = fixture;
  const worker = fixture.start({ rotateMs: MINUTE });
  await fixture.put(5);
  await clock.advance(30_000);
  const move = ledger.intend.bind(ledger);
  ledger.intend = async (...args) => {
    ledger.intend = move;
    await ledger.leave(worker.status().worker); // what its leases' end looks like
    const shards = await ledger.shards();
    equal(shards[0]?.epoch, 1);
    await ledger.moveStore("s3://new");
    return await move(...args);
  };
  await clock.advance(MINUTE);
  await rejects(worker.done, OTHER);
  deepEqual(await fixture.archived(), []);
});

Deno.test("Archiver takes any bucket while nothing is archived", async () => {
  const fixture = new Fixture();
  await archiveOnce(fixture);
  const wrong = await fixture.ledger.store();
  equal(wrong, fixture.store.identity);
  const { kinesis, ledger, clock } = fixture;
  const stop = new AbortController();
  const right = new MemoryObjectStore();
  const run = new Archiver({ kinesis, store: right, ledger, clock }).run(stop.signal);
  await clock.advance(5_000);
  stop.abort();
  await runUntil(clock, run);
  equal(await ledger.store(), right.identity);
});

Deno.test("Archiver gives the ledger of an older Triton a bucket only if the archive is there", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  await archiveOnce(fixture);
  const { ledger } = fixture;
  const old = new Proxy(ledger, {
    get(target, name) {
      if (name === "store") return () => Promise.resolve(undefined);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  fixture.ledger = old;
  await archiveOnce(fixture);
  const empty = new Fixture();
  Object.assign(empty, { kinesis: fixture.kinesis, ledger: old, clock: fixture.clock });
  const refused = empty.start();
  await fixture.clock.advance(5_000);
  await rejects(refused.done, { ...OTHER, message: /to be archived, is not there/ });
  deepEqual(await keysOf(empty.store), []);
});
