import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { CheckpointError, KinesisError } from "../../src/base/errors.ts";
import { DirectoryObjectStore } from "../../src/objects/mod.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import {
  collect,
  FaultScript,
  MemoryCheckpointer,
  MemoryKinesis,
  MemoryLedger,
  MemoryObjectStore,
  type ProcessStep,
  putEvents,
  runUntil,
  SimulatedProcess,
  VirtualClock,
  withFaults,
} from "../../src/testing/mod.ts";

const BYTES = new Uint8Array([1, 2, 3]);

/** A store with a script, and its clock. */
function scripted(...rules: ConstructorParameters<typeof FaultScript>[0]) {
  const clock = new VirtualClock();
  const script = new FaultScript(rules);
  const real = new MemoryObjectStore();
  return { clock, script, real, store: withFaults(real, script, clock) };
}

Deno.test("withFaults() does not change calls that are not in the script", async () => {
  const { store, script } = scripted({ on: "put", nth: 2, fault: "throttled" });
  equal(await store.put("a", BYTES), "created");
  deepStrictEqual(await (await store.get("a")).bytes(), BYTES);
  equal(store.url, "memory:");
  equal(script.pending.length, 1);
});

Deno.test("withFaults() rejects a call without effect", async () => {
  const { store, real, script } = scripted({ on: "put", fault: "throttled" });
  await rejects(store.put("a", BYTES), { name: "ObjectStoreError", code: "SlowDown" });
  equal(await real.head("a"), undefined);
  equal(script.pending.length, 0);
  equal(await store.put("a", BYTES), "created");
});

Deno.test("withFaults() loses the response of a call that took effect", async () => {
  const { store, real } = scripted({ on: "put", fault: "lost", code: "RequestTimeout" });
  await rejects(store.put("a", BYTES), { code: "RequestTimeout", retryable: true });
  equal((await real.head("a"))?.size, 3);
});

Deno.test("withFaults() lets a late call take effect after the caller got an error", async () => {
  const { store, real, clock } = scripted({ on: "put", fault: "late", ms: 60_000 });
  const body = BYTES.slice();
  await rejects(store.put("a", body));
  body.fill(9); // what was sent is what was there when it was sent
  await clock.advance(59_999);
  equal(await real.head("a"), undefined);
  await clock.advance(1);
  deepStrictEqual(await (await real.get("a")).bytes(), BYTES);
});

Deno.test("withFaults() ends the wait for a slow response when the signal is aborted", async () => {
  const { store, real, clock } = scripted({ on: "put", fault: "slow", ms: 5_000 });
  const stop = new AbortController();
  const put = store.put("a", BYTES, { signal: stop.signal });
  await clock.advance(1_000);
  stop.abort(new Error("enough"));
  await rejects(put, /enough/);
  await clock.advance(10_000);
  equal(await real.head("a"), undefined);
});

Deno.test("withFaults() fails a listing as one call", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks", 3);
  const script = new FaultScript([{ on: "listShards", nth: { from: 1, to: 2 }, fault: "refused" }]);
  const flaky = withFaults(kinesis, script, clock);
  await rejects(collect(flaky.listShards("clicks")), KinesisError);
  await rejects(collect(flaky.listShards("clicks")), KinesisError);
  equal((await collect(flaky.listShards("clicks"))).length, 3);
});

Deno.test("withFaults() distinguishes the list of a store from that of a checkpointer", async () => {
  const clock = new VirtualClock();
  const script = new FaultScript([{ on: "list", service: "checkpointer", fault: "throttled" }]);
  const store = withFaults(new MemoryObjectStore(), script, clock);
  await using checkpointer = withFaults(new MemoryCheckpointer({ client: "me" }), script, clock);
  deepStrictEqual(await collect(store.list("")), []);
  equal(checkpointer.client, "me");
  await rejects(checkpointer.list(), CheckpointError);
  deepStrictEqual(await checkpointer.list(), []);
});

Deno.test("withFaults() fails calls of a ledger", async () => {
  const clock = new VirtualClock();
  const ledger = new MemoryLedger("clicks");
  const script = new FaultScript([{ on: "shards", fault: "refused", code: "57P01" }]);
  await rejects(withFaults(ledger, script, clock).shards(), { code: "57P01" });
});

Deno.test("withFaults() passes on errors of the service itself", async () => {
  const { store } = scripted();
  await rejects(store.get("nothing"), { code: "NoSuchKey" });
});

Deno.test("withFaults() works on any implementation", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = new FaultScript([{ on: "put", nth: { from: 1 }, fault: "lost" }]);
    const directory = new DirectoryObjectStore(folder);
    await rejects(withFaults(directory, script, new VirtualClock()).put("a", BYTES));
    equal((await directory.head("a"))?.size, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("withFaults() cannot crash a plain clock", async () => {
  const { store } = scripted({ on: "put", fault: "crash" });
  await rejects(store.put("a", BYTES), TypeError);
});

Deno.test("FaultScript counts calls across restarts", async () => {
  const clock = new VirtualClock();
  const script = new FaultScript([{ on: "put", nth: 3, fault: "throttled" }]);
  const real = new MemoryObjectStore();
  const first = withFaults(real, script, new SimulatedProcess(clock));
  await first.put("a", BYTES);
  await first.put("b", BYTES);
  await rejects(withFaults(real, script, new SimulatedProcess(clock)).put("c", BYTES));
});

Deno.test("SimulatedProcess receives nothing after a crash, but its sent requests take effect", async () => {
  const clock = new VirtualClock();
  const steps: ProcessStep[] = [];
  const process = new SimulatedProcess(clock, { onStep: (step) => steps.push(step) });
  const script = new FaultScript([{ on: "put", fault: "crash after" }]);
  const real = new MemoryObjectStore();
  const store = withFaults(real, script, process);
  let woke = false;
  void process.sleep(1_000).then(() => woke = true);
  void store.put("a", BYTES).finally(() => woke = true);
  equal(await runUntil(clock, process.crashed), "after put");
  void store.put("b", BYTES).finally(() => woke = true);
  await clock.advance(10_000);
  equal(woke, false);
  equal(process.alive, false);
  ok(await real.head("a"));
  equal(await real.head("b"), undefined);
  deepStrictEqual(steps.map(({ type }) => type), ["call", "answer", "crash"]);
});

Deno.test("SimulatedProcess.pause() delays responses and sleeps until it ends", async () => {
  const clock = new VirtualClock({ now: 0 });
  const steps: ProcessStep[] = [];
  const process = new SimulatedProcess(clock, { onStep: (step) => steps.push(step) });
  const script = new FaultScript([{ on: "put", fault: "slow", ms: 1_000 }]);
  const real = new MemoryObjectStore();
  const woke: [string, number][] = [];
  const note = (what: string) => () => void woke.push([what, process.now()]);
  void process.sleep(500).then(note("sleep"));
  void withFaults(real, script, process).put("a", BYTES).then(note("put"));
  const abort = new AbortController();
  void process.sleep(60_000, abort.signal).catch(note("abort"));
  process.pause(10_000);
  process.pause(10_000);
  await clock.advance(5_000);
  abort.abort();
  ok(await real.head("a"), "what was sent arrives");
  equal(woke.length, 0);
  await clock.advance(20_000);
  deepStrictEqual(woke.map(([what]) => what).sort(), ["abort", "put", "sleep"]);
  deepStrictEqual(new Set(woke.map(([, at]) => at)), new Set([20_000]));
  deepStrictEqual(steps.filter(({ type }) => type === "pause").length, 2);
});

Deno.test("SimulatedProcess.crash() during a pause leaves nothing to wake", async () => {
  const clock = new VirtualClock();
  const process = new SimulatedProcess(clock);
  let woke = false;
  void process.sleep(1).then(() => woke = true);
  process.pause(1_000);
  process.crash();
  process.pause(1_000);
  await clock.advance(10_000);
  equal(woke, false);
});

Deno.test("SimulatedProcess.crash() stops a slow call that was not sent yet", async () => {
  const clock = new VirtualClock();
  const process = new SimulatedProcess(clock);
  const script = new FaultScript([{ on: "put", fault: "slow", ms: 5_000 }]);
  const real = new MemoryObjectStore();
  void withFaults(real, script, process).put("a", BYTES);
  await clock.advance(1_000);
  process.crash("power cut");
  await clock.advance(10_000);
  equal(await process.crashed, "power cut");
  equal(await real.head("a"), undefined);
});

Deno.test("putEvents() splits large batches, and returns the positions", async () => {
  const kinesis = new MemoryKinesis();
  kinesis.createStream("clicks", 2);
  const events = Array.from({ length: 1_200 }, (_, n) => ({ n }));
  const positions = await putEvents(kinesis, "clicks", events);
  equal(positions.length, 1_200);
  deepStrictEqual([...new Set(positions.map(({ shardId }) => shardId))].length, 2);
  const [, second] = positions.filter(({ shardId }) => shardId === positions[0]!.shardId);
  const iterator = await kinesis.getShardIterator(
    { stream: "clicks", shardId: positions[0]!.shardId },
    { type: "after", sequenceNumber: positions[0]!.sequenceNumber },
  );
  const { records } = await kinesis.getRecords(iterator);
  equal(records[0]?.sequenceNumber, second?.sequenceNumber);
});

Deno.test("putEvents() throws if an event is rejected", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock, putsPerSecond: 2 });
  kinesis.createStream("clicks");
  const events = [{ n: 1 }, { n: 2 }, { n: 3 }];
  await rejects(putEvents(kinesis, "clicks", events), /Cannot put event 3: Rate exceeded/);
});

Deno.test("collect() collects all, some, or no items", async () => {
  let closed = 0;
  async function* numbers() {
    try {
      for (let n = 1; n <= 3; n++) yield await Promise.resolve(n);
    } finally {
      closed++;
    }
  }
  deepStrictEqual(await collect(numbers()), [1, 2, 3]);
  deepStrictEqual(await collect(numbers(), 2), [1, 2]);
  deepStrictEqual(await collect(numbers(), 0), []);
  equal(closed, 2);
});

Deno.test("runUntil() throws if nothing sleeps any more, or the time is up", async () => {
  const clock = new VirtualClock();
  await rejects(runUntil(clock, new Promise(() => {})), /nothing sleeps/);
  const forever = async () => {
    for (;;) await clock.sleep(1_000);
  };
  await rejects(runUntil(clock, forever(), { withinMs: 5_000 }), /5 seconds have passed/);
});

Deno.test("A position whose save response is lost is saved once", async () => {
  const clock = new VirtualClock();
  const real = new MemoryCheckpointer({ clock });
  const script = new FaultScript([{ on: "save", fault: "lost", retryable: false }]);
  const positions = new Map([["shardId-000000000000" as ShardId, "7" as SequenceNumber]]);
  await rejects(withFaults(real, script, clock).save("clicks", positions), { retryable: false });
  equal((await real.list("clicks")).length, 1);
});
