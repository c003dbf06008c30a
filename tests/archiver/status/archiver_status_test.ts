import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { ArchiverMonitor } from "../../../src/archiver/mod.ts";
import { CheckpointError, KinesisError, ObjectStoreError } from "../../../src/base/errors.ts";
import { MetricRegistry } from "../../../src/telemetry/metric_registry.ts";
import { METRICS } from "../../../src/telemetry/metrics.ts";
import { Fixture, STREAM } from "../archiver_fixture.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The values of a registry, as `name{attribute}` of those attributes that differ. */
function valuesOf(registry: MetricRegistry): Record<string, number> {
  const values: Record<string, number> = {};
  for (const metric of registry.collect()) {
    for (const point of metric.points) {
      const { stream, client, ...rest } = point.attributes;
      const { of } = METRICS[metric.name as keyof typeof METRICS];
      const key = of === "archiver" ? [STREAM, "store"] : [undefined, undefined];
      deepStrictEqual([stream, client], key, metric.name);
      const labels = Object.values(rest).join(",");
      values[metric.name + (labels && `{${labels}}`)] = "count" in point
        ? point.count
        : point.value;
    }
  }
  return values;
}

/** A fixture whose workers tell a registry. */
function watched(shards = 1) {
  const fixture = new Fixture(shards);
  const registry = new MetricRegistry();
  const { clock } = fixture;
  const monitor = new ArchiverMonitor({
    ...{ stream: STREAM, client: "store", clock },
    meter: registry,
  });
  return { fixture, monitor, values: () => valuesOf(registry) };
}

Deno.test("Archiver.status() tells lag, age and headroom of what is read but not archived", async () => {
  const fixture = new Fixture(1);
  const worker = fixture.start();
  equal(worker.status().shards, undefined, "nothing is known at the start");
  await fixture.clock.advance(5 * SECOND);
  await fixture.put(10);
  const arrivedAt = fixture.clock.now();
  await fixture.clock.advance(10 * MINUTE);
  const status = worker.status();
  const [shard] = status.shards!;
  deepStrictEqual([shard!.state, shard!.owner, shard!.epoch], ["reading", status.worker, 1]);
  equal(shard!.archivedUntil.getTime(), arrivedAt);
  equal(shard!.unarchivedAgeMs, 10 * MINUTE);
  equal(shard!.headroomMs, 24 * HOUR - 10 * MINUTE);
  ok(shard!.lagMs! <= SECOND, `${shard!.lagMs}`);
  deepStrictEqual([status.unarchivedAgeMs, status.headroomMs], [10 * MINUTE, shard!.headroomMs]);
  equal(status.openFile?.events, 10);
  deepStrictEqual([status.rotateMs, status.rotateOffsetMs], [HOUR, 0], "it is alone");
  ok(status.openFile!.openedAt.getTime() - arrivedAt <= SECOND);
  equal(status.memory.buffered, status.openFile?.bytes);
  await worker.stop();
  const after = worker.status();
  deepStrictEqual([after.state, after.openFile, after.uploads], ["stopping", undefined, 0]);
});

Deno.test("Archiver.status() takes what is committed for archived, and lists the file", async () => {
  const fixture = new Fixture(1);
  const worker = fixture.start({ rotateMs: MINUTE });
  await fixture.put(10);
  await fixture.clock.advance(MINUTE + 10 * SECOND);
  const { shards, recentFiles, totals } = worker.status();
  ok(shards![0]!.unarchivedAgeMs <= SECOND, `${shards![0]!.unarchivedAgeMs}`);
  const [file] = await fixture.files();
  deepStrictEqual(
    recentFiles.map(({ key, events, reason }) => ({ key, events, reason })),
    [{ key: file!.key, events: 10, reason: "time" }],
  );
  equal(shards![0]!.position, file!.manifest.shards.get(fixture.shards[0]!)?.last);
  deepStrictEqual([totals["triton.records.read"], totals["triton.records.archived"]], [10, 10]);
  await worker.stop();
});

Deno.test("Archiver.status() shows lag and age growing while Kinesis does not answer", async () => {
  const { fixture, monitor, values } = watched();
  const worker = fixture.start({ monitor });
  await fixture.clock.advance(5 * SECOND);
  const refuse = () => {
    const code = "ProvisionedThroughputExceededException";
    return Promise.reject(new KinesisError(`Cannot read: ${code}`, { code, retryable: true }));
  };
  fixture.kinesis.getRecords = refuse;
  fixture.kinesis.describeStream = refuse;
  await fixture.clock.advance(HOUR);
  const { shards, services, recentErrors } = worker.status();
  ok(Math.abs(shards![0]!.lagMs! - HOUR) <= 2 * SECOND, `${shards![0]!.lagMs}`);
  ok(Math.abs(shards![0]!.unarchivedAgeMs - HOUR) <= 2 * SECOND);
  match(services.Kinesis!.error!, /ProvisionedThroughputExceeded/);
  ok(services.Kinesis!.failingSince !== undefined);
  equal(services.ledger!.failingSince, undefined);
  equal(recentErrors.length, 1, "one that comes again is listed once");
  equal(recentErrors[0]!.times, values()["triton.retries{kinesis,throttling}"]);
  await worker.stop();
});

Deno.test("Archiver.status() tells what waits while the object store is down", async () => {
  const { fixture, monitor, values } = watched();
  await fixture.put(10);
  const put = fixture.store.put.bind(fixture.store);
  const worker = fixture.start({ monitor, rotateMs: MINUTE });
  await fixture.clock.advance(10 * SECOND);
  fixture.store.put = () =>
    Promise.reject(
      new ObjectStoreError("Cannot put: refused", { code: "ECONNREFUSED", retryable: true }),
    );
  await fixture.clock.advance(5 * MINUTE);
  const down = worker.status();
  deepStrictEqual([down.uploads, down.openFile, down.recentFiles.length], [1, undefined, 0]);
  ok(down.memory.buffered > 0);
  ok(down.unarchivedAgeMs! >= 5 * MINUTE);
  ok(values()["triton.retries{object_store,connection}"]! > 3);
  fixture.store.put = put;
  await fixture.clock.advance(MINUTE);
  const up = worker.status();
  deepStrictEqual([up.uploads, up.memory.buffered < 100, up.recentFiles.length], [0, true, 1]);
  equal(up.services["object store"]!.failingSince, undefined);
  equal(values()["triton.upload.duration"], 1);
  await worker.stop();
});

Deno.test("Archiver.status() shows a database that answers, but takes nothing in, as failing", async () => {
  const { fixture, monitor } = watched();
  const worker = fixture.start({ monitor });
  await fixture.clock.advance(5 * SECOND);
  const { ledger } = fixture;
  const renew = ledger.renew.bind(ledger);
  const full = new CheckpointError("disk is full", { code: "SQLITE_FULL", retryable: true });
  ledger.renew = () => Promise.reject(full);
  await fixture.clock.advance(MINUTE);
  const down = worker.status();
  const { lastAnswerAt, failingSince, error } = down.services.ledger!;
  ok(down.at.getTime() - lastAnswerAt!.getTime() < 5 * SECOND, "the shards are listed");
  ok(down.at.getTime() - failingSince!.getTime() > 50 * SECOND);
  equal(error, "disk is full");
  ledger.renew = renew;
  await fixture.clock.advance(MINUTE);
  equal(worker.status().services.ledger!.failingSince, undefined);
  await worker.stop();
});

Deno.test("Archiver.status() shows shards of another worker, and those that wait or have ended", async () => {
  const fixture = new Fixture(2);
  const [a, b] = [fixture.start(), fixture.start()];
  await fixture.clock.advance(MINUTE);
  const states = a.status().shards!.map(({ state, owner }) => [state, owner]);
  deepStrictEqual(states.map(([state]) => state).sort(), ["another", "reading"]);
  deepStrictEqual(
    states.map(([, owner]) => owner).sort(),
    [a.status().worker, b.status().worker].sort(),
  );
  deepStrictEqual(a.status().workers, b.status().workers);
  await b.stop();
  await fixture.put(4);
  fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  await fixture.clock.advance(2 * MINUTE);
  const { shards, endedShards } = a.status();
  deepStrictEqual(
    [shards!.length, endedShards, shards!.map(({ state }) => state)],
    [3, 1, ["reading", "reading", "reading"]],
  );
  await a.stop();
});

Deno.test("Archiver.status() has no shard whose end is committed, though the database fails then", async () => {
  const { fixture, monitor, values } = watched();
  const [parent] = fixture.shards;
  const worker = fixture.start({ monitor });
  await fixture.put(4);
  await fixture.clock.advance(5 * SECOND);
  ok(values()[`triton.shard.lag{${parent}}`] !== undefined);
  const { ledger } = fixture;
  const [end, shards] = [ledger.end.bind(ledger), ledger.shards.bind(ledger)];
  ledger.end = (...args) => {
    const lost = new CheckpointError("connection lost", { code: "ECONNRESET", retryable: true });
    ledger.shards = () => Promise.reject(lost);
    return end(...args);
  };
  fixture.kinesis.splitShard(STREAM, parent!);
  await fixture.clock.advance(MINUTE);
  deepStrictEqual(worker.status().shards, []);
  deepStrictEqual(Object.keys(values()).filter((name) => name.startsWith("triton.shard.")), []);
  ledger.shards = shards;
  await fixture.clock.advance(MINUTE);
  equal(worker.status().shards!.length, 2);
  await worker.stop();
});

Deno.test("ArchiverMonitor tells what was counted of an ended shard for an hour, then forgets it", async () => {
  const { fixture, monitor, values } = watched(2);
  const [mine, others] = fixture.shards;
  const worker = fixture.start({ monitor });
  await fixture.put(40);
  await fixture.clock.advance(5 * SECOND);
  const other = fixture.start();
  await fixture.clock.advance(MINUTE);
  // Both were read here; one is archived to its end here, the other by another worker.
  for (const shard of [mine, others]) fixture.kinesis.splitShard(STREAM, shard!);
  await fixture.put(40);
  await fixture.clock.advance(2 * MINUTE);
  const seriesOf = (shard: string) =>
    Object.keys(values()).filter((name) => name.endsWith(`{${shard}}`));
  const counted = ["records.read", "bytes.read", "records.archived"];
  for (const shard of [mine!, others!]) {
    deepStrictEqual(seriesOf(shard), counted.map((name) => `triton.${name}{${shard}}`));
  }
  const before = { now: values(), totals: worker.status().totals };
  const open = worker.status().shards!.find(({ state }) => state === "reading")!.shardId;
  await fixture.clock.advance(50 * MINUTE);
  const last = `triton.records.archived{${mine}}`;
  equal(values()[last], before.now[last], "whoever sums them has seen the last file by then");
  await fixture.clock.advance(15 * MINUTE);
  for (const shard of [mine!, others!]) deepStrictEqual(seriesOf(shard), []);
  await fixture.clock.advance(2 * HOUR);
  ok(values()[`triton.records.read{${open}}`]! > 0, "a shard that is open stays, however idle");
  const { totals } = worker.status();
  for (const name of Object.keys(totals)) ok(totals[name]! >= before.totals[name]!, name);
  await Promise.all([worker.stop(), other.stop()]);
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("ArchiverMonitor tells a meter what is counted, and the gauges while a worker runs", async () => {
  const { fixture, monitor, values } = watched();
  equal(values()["triton.files.archived{time}"], 0, "counters begin at 0");
  const worker = fixture.start({ monitor, rotateMs: MINUTE });
  await fixture.put(10);
  await fixture.kinesis.putRecords(STREAM, [{ partitionKey: "x", data: new Uint8Array([0xc1]) }]);
  await fixture.clock.advance(MINUTE + SECOND);
  const [shard] = fixture.shards;
  const now = values();
  equal(now[`triton.records.read{${shard}}`], 11);
  equal(now[`triton.records.archived{${shard}}`], 11);
  equal(now["triton.records.quarantined"], 1);
  equal(now["triton.files.archived{time}"], 1);
  equal(now["triton.leases.held"], 1);
  equal(now["triton.retention"], 24 * 3600);
  equal(now["triton.last.commit.timestamp"], worker.status().recentFiles[0]!.at.getTime() / 1000);
  ok(now[`triton.shard.headroom{${shard}}`]! > 86_390);
  ok(now[`triton.bytes.read{${shard}}`]! > 80);
  const files = await fixture.files();
  const { size } = (await fixture.store.head(files[0]!.key))!;
  equal(now["triton.bytes.archived"], size);
  await worker.stop();
  equal(values()["triton.leases.held"], undefined, "nobody holds what has stopped");
});

Deno.test("ArchiverMonitor counts a gap that the ledger has, not one that it refused", async () => {
  const { fixture, monitor, values } = watched();
  await fixture.put(2);
  const before = fixture.start();
  await fixture.clock.advance(5 * SECOND);
  await before.stop();
  await fixture.put(2);
  await fixture.clock.advance(25 * 60 * MINUTE);
  await fixture.put(2);
  const recordGap = fixture.ledger.recordGap.bind(fixture.ledger);
  // As after a lease that was lost.
  fixture.ledger.recordGap = () => {
    fixture.ledger.recordGap = recordGap;
    return Promise.resolve(false);
  };
  const worker = fixture.start({ monitor });
  await fixture.clock.advance(MINUTE);
  equal(values()["triton.gaps{retention}"], 1);
  equal((await fixture.ledger.gaps()).length, 1);
  await worker.stop();
});

Deno.test("ArchiverMonitor counts gaps by their reason, and lost leases", async () => {
  const { fixture, monitor, values } = watched();
  await fixture.put(3);
  const worker = fixture.start({ monitor, skipToLatest: true });
  await fixture.clock.advance(10 * SECOND);
  equal(values()["triton.gaps{skipped}"], 1);
  const [shardId] = fixture.shards;
  fixture.ledger.renew = () => Promise.resolve({ held: new Map(), workers: [] });
  await fixture.clock.advance(5 * SECOND);
  ok(values()["triton.leases.lost"]! >= 1);
  match(monitor.recentErrors.map(({ message }) => message).join(), new RegExp(shardId!));
  await worker.stop();
});
