import { deepStrictEqual, equal } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import { ArchiverMonitor } from "../../src/archiver/mod.ts";
import type { ShardId } from "../../src/base/record.ts";
import { needsExporter, observeProcess, OtlpExporter } from "../../src/monitor/mod.ts";
import { MetricRegistry } from "../../src/telemetry/metric_registry.ts";
import { startOtlpReceiver } from "../support/otlp_receiver.ts";
import { untilTrue } from "../support/within.ts";

const options = { unit: "s", description: "It." };

function filledRegistry(): MetricRegistry {
  const registry = new MetricRegistry();
  registry.createCounter("triton.gaps", options).add(3, { reason: "expired" });
  registry.createHistogram("triton.upload.duration", {
    ...options,
    advice: { explicitBucketBoundaries: [1, 2] },
  }).record(1.5, {});
  const gauge = registry.createObservableGauge("triton.lag", options);
  registry.addBatchObservableCallback((result) => result.observe(gauge, 0.5, {}));
  return registry;
}

Deno.test("OtlpExporter exports at the interval, and once more at the end", async () => {
  await using receiver = startOtlpReceiver();
  const [clock, registry] = [new VirtualClock(), filledRegistry()];
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20token, x=y",
    OTEL_METRIC_EXPORT_INTERVAL: "5000",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment=test",
    OTEL_SERVICE_NAME: "triton-test",
  };
  const exporter = new OtlpExporter({ env, registry, clock });
  await clock.advance(4_999);
  equal(receiver.metrics.size, 0);
  await clock.advance(1);
  await untilTrue(() => receiver.metrics.size > 0, "metrics to arrive");
  const sent = { service: "triton-test", authorization: "Bearer token" };
  deepStrictEqual(Object.fromEntries(receiver.metrics), {
    "triton.gaps": [{ value: 3, attributes: { reason: "expired" }, ...sent }],
    "triton.upload.duration": [{ value: 1, attributes: {}, ...sent }],
    "triton.lag": [{ value: 0.5, attributes: {}, ...sent }],
  });
  registry.createCounter("triton.gaps", options).add(1, { reason: "expired" });
  await exporter[Symbol.asyncDispose]();
  equal(receiver.metrics.get("triton.gaps")![0]!.value, 4);
});

Deno.test("OtlpExporter sends the metrics of each stream, and those of the process once", async () => {
  await using receiver = startOtlpReceiver();
  const [clock, registry] = [new VirtualClock(), new MetricRegistry()];
  const unobserve = observeProcess(new Date(7_000), registry);
  const monitors = ["clicks", "orders"].map((stream) =>
    new ArchiverMonitor({ stream, client: "store", clock, meter: registry })
  );
  monitors[1]!.leaseLost("shardId-0" as ShardId);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  const exporter = new OtlpExporter({ env, registry, clock });
  await clock.advance(60_000);
  await untilTrue(() => receiver.metrics.size > 0, "metrics to arrive");
  const sent = (name: string) =>
    receiver.metrics.get(name)!.map(({ attributes, value }) => [attributes, value]);
  deepStrictEqual(sent("triton.leases.lost"), [
    [{ stream: "clicks", client: "store" }, 0],
    [{ stream: "orders", client: "store" }, 1],
  ]);
  deepStrictEqual(sent("triton.start.timestamp"), [[{}, 7]]);
  monitors[0]![Symbol.dispose]();
  await exporter[Symbol.asyncDispose]();
  deepStrictEqual(sent("triton.leases.lost"), [[{ stream: "orders", client: "store" }, 1]]);
  unobserve();
});

Deno.test("OtlpExporter continues when the collector is gone, and still ends", async () => {
  const receiver = startOtlpReceiver();
  await receiver[Symbol.asyncDispose]();
  const clock = new VirtualClock();
  const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.url}/v1/metrics` };
  const exporter = new OtlpExporter({ env, registry: filledRegistry(), clock });
  await clock.advance(60_000);
  await exporter[Symbol.asyncDispose]();
});

Deno.test("needsExporter() is true if Deno should export metrics but does not", () => {
  equal(needsExporter({ OTEL_DENO: "true" }), true, "this process has no OTEL_DENO of its own");
  equal(needsExporter({ OTEL_DENO: "false" }), false);
  equal(needsExporter({}), false);
});
