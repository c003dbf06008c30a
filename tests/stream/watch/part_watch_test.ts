import { deepEqual, equal, rejects } from "node:assert/strict";
import { VirtualClock } from "../../../src/base/clock.ts";
import { CheckpointError, KinesisError } from "../../../src/base/errors.ts";
import { encodeEvent } from "../../../src/codec/mod.ts";
import { MemoryCheckpointer } from "../../../src/exports/checkpoint.ts";
import { HistoryReader } from "../../../src/history/mod.ts";
import { MemoryKinesis, type MemoryKinesisOptions } from "../../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import {
  type PartStatus,
  type ProgramMonitor,
  StreamReader,
  StreamWriter,
} from "../../../src/stream/mod.ts";
import { MetricRegistry } from "../../../src/telemetry/metric_registry.ts";
import { putEvents, runUntil } from "../../../src/testing/mod.ts";
import { putFiles, START } from "../../archive/chain_archives.ts";
import { GroupWorld } from "../group/group_world.ts";

const [FIRST, SECOND] = ["shardId-000000000000", "shardId-000000000001"];
const HOUR = 3_600_000;

/** A monitor, and what it was told. */
function watched() {
  const meter = new MetricRegistry();
  const parts = new Set<() => PartStatus>();
  const monitor: ProgramMonitor = {
    meter,
    add(status) {
      parts.add(status);
      return () => parts.delete(status);
    },
  };
  /** The values, as `name{attribute}`; of histograms their counts. */
  const values = () =>
    Object.fromEntries(
      meter.collect().flatMap(({ name, points }) =>
        points.map((point) => {
          const { stream: _, client: __, ...rest } = point.attributes;
          const labels = Object.values(rest).join(",");
          const value = "count" in point ? point.count : point.value;
          return [`${name.replace("triton.", "")}${labels && `{${labels}}`}`, value];
        })
      ),
    );
  return { meter, monitor, values, statuses: () => [...parts].map((status) => status()) };
}

function setUp(shards = 1, options: MemoryKinesisOptions = {}) {
  const clock = new VirtualClock({ now: START });
  const kinesis = new MemoryKinesis({ clock, ...options });
  kinesis.createStream("s", shards);
  return { clock, kinesis, ...watched() };
}

Deno.test("StreamReader counts what it fetches of each shard, and shows how far it is behind", async () => {
  const { clock, kinesis, monitor, meter, values, statuses } = setUp(2);
  const data = encodeEvent({ n: 1 });
  for (const n of [1, 2, 3, 4, 5]) await kinesis.putRecords("s", [{ partitionKey: `k${n}`, data }]);
  await clock.advance(60_000);
  const checkpointer = new MemoryCheckpointer({ clock, client: "billing" });
  const stop = new AbortController();
  await using reader = new StreamReader(kinesis, "s", {
    ...{ clock, checkpointer, monitor, signal: stop.signal, autoCheckpoint: true },
  });
  deepEqual(meter.collect(), [], "nothing before it reads");
  const reading = Array.fromAsync(reader);
  await clock.advance(5_000);
  const seen = values();
  equal(seen[`reader.records{${FIRST}}`]! + seen[`reader.records{${SECOND}}`]!, 5);
  equal(seen[`reader.bytes{${FIRST}}`]! + seen[`reader.bytes{${SECOND}}`]!, 5 * data.length);
  deepEqual(
    [
      seen["reader.shards"],
      seen["reader.lag"]! < 2,
      seen["reader.buffered"],
      seen["reader.failing"],
    ],
    [2, true, 0, 0],
  );
  equal(seen["reader.checkpoint.duration"], 1);
  const attributes = { stream: "s", client: "billing" };
  const [lag] = meter.collect().filter(({ name }) => name === "triton.reader.lag");
  deepEqual(lag!.points[0]!.attributes, attributes);
  const [status] = statuses();
  deepEqual([status!.type, status!.state, status!.client], ["reader", "running", "billing"]);
  deepEqual(status!.shards!.map(({ shardId }) => shardId), [FIRST, SECOND]);
  equal(status!.totals["triton.reader.records"], 5);
  equal(status!.savedAt! > new Date(START + 60_000), true);
  stop.abort();
  await reading;
  await reader[Symbol.asyncDispose]();
  deepEqual(statuses(), []);
  deepEqual([values()["reader.lag"], values()[`reader.records{${FIRST}}`]! > 0], [undefined, true]);
});

Deno.test("The lag of a StreamReader grows while Kinesis does not respond, and failures are counted", async () => {
  let code: string | undefined;
  const { clock, kinesis, monitor, values, statuses } = setUp(1, {
    intercept(operation) {
      if (operation !== "getRecords" || code === undefined) return;
      throw new KinesisError("Cannot read: away", { code, retryable: true });
    },
  });
  const retries: unknown[] = [];
  const stop = new AbortController();
  await using reader = new StreamReader(kinesis, "s", {
    ...{ clock, monitor, signal: stop.signal, onRetry: (event) => void retries.push(event) },
  });
  const reading = Array.fromAsync(reader);
  await clock.advance(5_000);
  code = "ECONNREFUSED";
  await clock.advance(300_000);
  code = "ThrottlingException";
  await clock.advance(60_000);
  const seen = values();
  equal(seen["reader.lag"]! > 350 && seen["reader.lag"]! < 365, true);
  equal(seen[`reader.shard.lag{${FIRST}}`], seen["reader.lag"]);
  const [lost, slow] = ["connection", "throttling"].map((kind) =>
    seen[`reader.retries{kinesis,${kind}}`]!
  );
  equal(lost! > 5 && slow! > 0, true);
  equal(retries.length, lost! + slow!, "the program's own callback is called, too");
  deepEqual(statuses()[0]!.recentErrors.map(({ message }) => message), ["Cannot read: away"]);
  stop.abort();
  await reading;
});

Deno.test("StreamReader counts invalid records, and is failing after an error until it reads again", async () => {
  const { clock, kinesis, monitor, values, statuses } = setUp();
  await kinesis.putRecords("s", [{ partitionKey: "a", data: Uint8Array.of(0xc1) }]);
  let isSkipped = false;
  await using reader = new StreamReader(kinesis, "s", {
    ...{ clock, monitor, idle: true },
    onInvalid: (error) => {
      if (!isSkipped) throw error;
    },
  });
  await rejects(runUntil(clock, Array.fromAsync(reader)));
  deepEqual([values()["reader.invalid"], values()["reader.failing"]], [1, 1]);
  const [status] = statuses();
  deepEqual([status!.state, status!.error], ["failed", status!.recentErrors[0]!.message]);
  isSkipped = true;
  await runUntil(clock, Array.fromAsync(reader));
  deepEqual([values()["reader.invalid"], values()["reader.failing"]], [2, 0]);
});

Deno.test("Counters of a shard that is read no longer leave after an hour", async () => {
  const { clock, kinesis, monitor, values } = setUp();
  await putEvents(kinesis, "s", [{ n: 1 }]);
  kinesis.splitShard("s", FIRST as never);
  const stop = new AbortController();
  await using reader = new StreamReader(kinesis, "s", { clock, monitor, signal: stop.signal });
  const reading = Array.fromAsync(reader);
  await clock.advance(0.9 * HOUR);
  equal(values()[`reader.records{${FIRST}}`], 1);
  await clock.advance(0.2 * HOUR);
  equal(values()[`reader.records{${FIRST}}`], undefined);
  equal(values()["reader.shards"], 2);
  stop.abort();
  await reading;
});

Deno.test("HistoryReader shows the archive and the live stream as one part", async () => {
  const { clock, kinesis, monitor, values, statuses } = setUp();
  const store = new MemoryObjectStore();
  await putFiles(store, { stream: "s", shards: { 7: [undefined, 1, 2] }, at: -50 });
  await putEvents(kinesis, "s", [{ n: 3 }]);
  await using history = new HistoryReader({ kinesis, store }, "s", {
    ...{ from: new Date(START - HOUR), clock, monitor, idle: true, onGap: () => {} },
  });
  const states: string[] = [];
  await runUntil(
    clock,
    (async () => {
      for await (const _record of history) states.push(statuses()[0]!.state);
    })(),
  );
  deepEqual(states, ["archive", "archive", "running"]);
  const seen = values();
  deepEqual([seen["reader.archived.records"], seen[`reader.records{${FIRST}}`]], [2, 1]);
  const [status, ...others] = statuses();
  deepEqual([others, status!.type, status!.shards!.length], [[], "history", 1]);
  equal(status!.totals["triton.reader.records"], 1);
  equal(status!.totals["triton.reader.archived.records"], 2);
});

Deno.test("A group shows the shards of its member, and its saves", async () => {
  const world = new GroupWorld(2);
  await world.put(10);
  const { monitor, values, statuses } = watched();
  const { group } = world.member({ monitor });
  let count = 0;
  await world.until((async () => {
    for await (const _record of group) {
      if (++count < 10) continue;
      equal(values()["reader.shards"], 2);
      deepEqual(statuses().map(({ type, state }) => [type, state]), [["group", "running"]]);
      break;
    }
  })());
  const { "reader.checkpoint.duration": saves, ...rest } = values();
  equal(saves! > 0, true);
  equal(rest[`reader.records{${FIRST}}`]! + rest[`reader.records{${SECOND}}`]!, 10);
  await group[Symbol.asyncDispose]();
  deepEqual(statuses(), []);
});

Deno.test("StreamWriter counts what the stream accepts and refuses, and shows what waits", async () => {
  let isDown = false;
  const { clock, kinesis, monitor, values, statuses } = setUp(1, {
    intercept(operation) {
      if (operation !== "putRecords" || !isDown) return;
      throw new KinesisError("Cannot put: away", { code: "ECONNRESET", retryable: true });
    },
  });
  await using writer = new StreamWriter(kinesis, "s", { clock, monitor });
  const put = () => writer.put({ partitionKey: "a", data: encodeEvent({ n: 1 }) });
  await put();
  await clock.advance(1_000);
  const seen = values();
  deepEqual(
    [seen["writer.records"], seen["writer.bytes"], seen["writer.waiting"], seen["writer.refused"]],
    [1, 1 + encodeEvent({ n: 1 }).length, 0, 0],
  );
  isDown = true;
  await put();
  await put();
  await clock.advance(60_000);
  const stuck = values();
  deepEqual([stuck["writer.waiting"], stuck["writer.records"]], [2, 1]);
  equal(stuck["writer.waiting.age"]! > 58, true);
  equal(stuck["writer.retries{kinesis,connection}"]! > 3, true);
  const [status] = statuses();
  deepEqual([status!.type, status!.state, status!.waiting], ["writer", "running", 2]);
  isDown = false;
  await clock.advance(60_000);
  const well = values();
  deepEqual([well["writer.waiting"], well["writer.waiting.age"], well["writer.records"]], [
    0,
    0,
    3,
  ]);
  equal(well["writer.request.duration"], 2);
});

Deno.test("StreamWriter counts refused records, and is failing after an error", async () => {
  let refusal = "ProvisionedThroughputExceededException";
  const { clock, kinesis, monitor, values, statuses } = setUp();
  const putRecords = kinesis.putRecords.bind(kinesis);
  let refusals = 2;
  kinesis.putRecords = async (stream, entries, options) => {
    if (refusals-- <= 0) return await putRecords(stream, entries, options);
    return entries.map(() => ({ ok: false, code: refusal, message: "no" }));
  };
  const writer = new StreamWriter(kinesis, "s", { clock, monitor });
  await writer.put({ partitionKey: "a", data: encodeEvent({ n: 1 }) });
  await runUntil(clock, writer.flush());
  deepEqual([values()["writer.refused"], values()["writer.records"]], [2, 1]);
  equal(values()["writer.failing"], 0);
  [refusal, refusals] = ["InternalPermanent", 1];
  await writer.put({ partitionKey: "a", data: encodeEvent({ n: 1 }) });
  await rejects(runUntil(clock, writer.flush()));
  equal(values()["writer.failing"], 1);
  equal(statuses()[0]!.error?.includes("InternalPermanent"), true);
});

Deno.test("A failed save is counted as one of the database", async () => {
  const { clock, kinesis, monitor, values } = setUp();
  await putEvents(kinesis, "s", [{ n: 1 }]);
  const checkpointer = new MemoryCheckpointer({ clock });
  const save = checkpointer.save.bind(checkpointer);
  let failures = 3;
  checkpointer.save = (...args) =>
    failures-- > 0
      ? Promise.reject(new CheckpointError("Cannot save: away", { code: "x", retryable: true }))
      : save(...args);
  const options = { clock, monitor, checkpointer, idle: true, autoCheckpoint: true } as const;
  await using reader = new StreamReader(kinesis, "s", options);
  await runUntil(clock, Array.fromAsync(reader));
  equal(values()["reader.retries{checkpoint,other}"], 3);
});
