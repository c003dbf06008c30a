import { deepStrictEqual, equal } from "node:assert/strict";
import { ArchiverMonitor } from "../../src/archiver/mod.ts";
import { KinesisError } from "../../src/base/errors.ts";
import type { MetricSink } from "../../src/telemetry/metric_sink.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

/** A meter that makes its instruments, and fails whenever it is told something. */
function brokenMeter(): MetricSink {
  const fail = () => {
    throw new Error("the meter is broken");
  };
  return {
    createCounter: () => ({ add: fail }),
    createHistogram: () => ({ record: fail }),
    createObservableGauge: () => ({}),
    addBatchObservableCallback: fail,
    removeBatchObservableCallback: fail,
  };
}

Deno.test("Archiver archives whatever its meter throws", async () => {
  const fixture = new Fixture(2);
  const { clock, kinesis } = fixture;
  const meter = brokenMeter();
  const monitor = new ArchiverMonitor({ stream: STREAM, client: "store", clock, meter });
  const getRecords = kinesis.getRecords.bind(kinesis);
  let refusals = 3; // so that retries are counted, too
  kinesis.getRecords = (...args) => {
    if (refusals-- <= 0) return getRecords(...args);
    const code = "ProvisionedThroughputExceededException";
    return Promise.reject(new KinesisError(`Cannot read: ${code}`, { code, retryable: true }));
  };
  const worker = fixture.start({ monitor, rotateMs: 60_000 });
  await fixture.put(20);
  await clock.advance(61_000);
  await fixture.put(20);
  await clock.advance(10_000);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
  equal(worker.status().totals["triton.records.archived"], 40);
});

Deno.test("Archiver archives whatever onFile throws, at once or later", async () => {
  const listeners = [
    () => {
      throw new Error("nobody listens");
    },
    () => Promise.reject(new Error("nobody listens")),
  ];
  for (const onFile of listeners) {
    const fixture = new Fixture(1);
    const worker = fixture.start({ rotateMs: 60_000, onFile });
    await fixture.put(20);
    await fixture.clock.advance(61_000);
    await fixture.put(20);
    await fixture.clock.advance(10_000);
    await worker.stop();
    deepStrictEqual(await fixture.archived(), fixture.expected);
  }
});
