import { deepStrictEqual, equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Instruments, prometheusName } from "../../src/telemetry/instruments.ts";
import { MetricRegistry } from "../../src/telemetry/metric_registry.ts";
import { METRICS } from "../../src/telemetry/metrics.ts";
import { prometheusText } from "../../src/telemetry/prometheus_text.ts";

const DOCS = new URL("../../docs/metrics.md", import.meta.url);

Deno.test("docs/metrics.md describes every metric as the code has it", () => {
  const rows = readFileSync(DOCS, "utf8").split("\n").filter((line) => line.startsWith("| `triton"))
    .map((line) => line.split("|").slice(1, 7).map((cell) => cell.trim().replaceAll("`", "")));
  const expected = Object.entries(METRICS).map(([name, metric]) => {
    const { type, unit, attributes, description } = metric;
    return [name, prometheusName(name, metric), type, unit, attributes.join(", "), description];
  });
  deepStrictEqual(rows, expected);
});

Deno.test("prometheusName() adds unit and total by OpenTelemetry's rules", () => {
  equal(
    prometheusName("triton.shard.lag", { type: "gauge", unit: "s" }),
    "triton_shard_lag_seconds",
  );
  equal(
    prometheusName("triton.bytes.read", { type: "counter", unit: "By" }),
    "triton_bytes_read_total",
  );
  equal(prometheusName("triton.gaps", { type: "counter", unit: "{gap}" }), "triton_gaps_total");
});

Deno.test("Instruments report to every meter, with the common attributes", () => {
  const meters = [new MetricRegistry(), new MetricRegistry()];
  const instruments = new Instruments(meters, { stream: "clicks_prod" });
  instruments.count("triton.gaps", 2, { reason: "expired" });
  instruments.count("triton.gaps", 1, { reason: "expired" });
  let looks = 0;
  const end = instruments.observe(() => {
    looks++;
    return [{ name: "triton.lag", value: 1.5 }];
  });
  const expected = [
    ["triton.gaps", [{ attributes: { stream: "clicks_prod", reason: "expired" }, value: 3 }]],
    ["triton.lag", [{ attributes: { stream: "clicks_prod" }, value: 1.5 }]],
  ];
  for (const meter of meters) {
    deepStrictEqual(meter.collect().map(({ name, points }) => [name, points]), expected);
  }
  equal(looks, 2, "gauges are looked at when they are asked for");
  end();
  deepStrictEqual(meters[0]!.collect().map(({ name }) => name), ["triton.gaps"]);
});

Deno.test("Instruments remove a series from each meter that supports it", () => {
  const registry = new MetricRegistry();
  // OpenTelemetry's counters do not have this method.
  const added: number[] = [];
  class Meter extends MetricRegistry {
    override createCounter() {
      return { add: (value: number) => added.push(value) };
    }
  }
  const instruments = new Instruments([new Meter(), registry], { stream: "clicks_prod" });
  for (const shard of ["a", "b"]) instruments.count("triton.records.read", 2, { shard });
  instruments.forget("triton.records.read", { shard: "a" });
  const left = { attributes: { stream: "clicks_prod", shard: "b" }, value: 2 };
  deepStrictEqual(registry.collect().map(({ points }) => points), [[left]]);
  instruments.forget("triton.records.read", { shard: "b" });
  deepStrictEqual(registry.collect(), [], "a metric without series is none");
  deepStrictEqual(added, [2, 2]);
});

Deno.test("Instruments report metrics of the process without the attributes of a stream", () => {
  const registry = new MetricRegistry();
  for (const stream of ["clicks", "orders"]) {
    new Instruments([registry], { stream, client: "store" }).observe(() => [
      { name: "triton.lag", value: 1 },
      { name: "triton.memory.rss", value: 2 },
    ]);
  }
  deepStrictEqual(registry.collect().map(({ name, points }) => [name, points]), [
    ["triton.lag", [
      { attributes: { stream: "clicks", client: "store" }, value: 1 },
      { attributes: { stream: "orders", client: "store" }, value: 1 },
    ]],
    ["triton.memory.rss", [{ attributes: {}, value: 2 }]],
  ]);
});

Deno.test("Instruments remove all series of a stream, and no others", () => {
  const registry = new MetricRegistry();
  const [clicks, others] = ["clicks", "orders"].map((stream) => {
    const instruments = new Instruments([registry], { stream, client: "store" });
    instruments.count("triton.gaps", 1, { reason: "expired" });
    instruments.count("triton.leases.lost", 1);
    instruments.record("triton.upload.duration", 0.7);
    return instruments;
  });
  const same = new Instruments([registry], { stream: "clicks", client: "audit" });
  same.count("triton.leases.lost", 1);
  clicks!.forgetAll();
  const left = registry.collect().flatMap(({ name, points }) =>
    points.map(({ attributes: { stream, client } }) => [name, stream, client].join(" "))
  );
  deepStrictEqual(left.sort(), [
    "triton.gaps orders store",
    "triton.leases.lost clicks audit",
    "triton.leases.lost orders store",
    "triton.upload.duration orders store",
  ]);
  others!.forgetAll();
  same.forgetAll();
  deepStrictEqual(registry.collect(), []);
});

Deno.test("prometheusText() writes counters, gauges and histograms", () => {
  const registry = new MetricRegistry();
  const options = { unit: "s", description: 'Of "it",\nby \\.' };
  registry.createCounter("triton.gaps", { ...options, unit: "{gap}" })
    .add(2, { reason: 'a "b"\n\\', "shard.id": "x" });
  const histogram = registry.createHistogram("triton.upload.duration", {
    ...options,
    advice: { explicitBucketBoundaries: [0.5, 1] },
  });
  for (const value of [0.25, 0.5, 0.75, 2]) histogram.record(value, {});
  registry.createHistogram("triton.unused", options);
  equal(
    prometheusText(registry.collect()),
    `# HELP triton_gaps_total Of "it",\\nby \\\\.
# TYPE triton_gaps_total counter
triton_gaps_total{reason="a \\"b\\"\\n\\\\",shard_id="x"} 2
# HELP triton_upload_duration_seconds Of "it",\\nby \\\\.
# TYPE triton_upload_duration_seconds histogram
triton_upload_duration_seconds_bucket{le="0.5"} 2
triton_upload_duration_seconds_bucket{le="1"} 3
triton_upload_duration_seconds_bucket{le="+Inf"} 4
triton_upload_duration_seconds_sum 3.5
triton_upload_duration_seconds_count 4
`,
  );
});
