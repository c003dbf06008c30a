import { deepStrictEqual } from "node:assert/strict";
import { Instruments } from "../../src/telemetry/instruments.ts";
import { MetricRegistry } from "../../src/telemetry/metric_registry.ts";
import { type CounterName, METRICS } from "../../src/telemetry/metrics.ts";
import { prometheusText } from "../../src/telemetry/prometheus_text.ts";
import { checkWithPromtool } from "../support/promtool.ts";

Deno.test("prometheusText() of every metric passes promtool check metrics", async () => {
  const registry = new MetricRegistry();
  const instruments = new Instruments([registry], { stream: "clicks_prod", client: "store" });
  for (const [name, { type, attributes }] of Object.entries(METRICS)) {
    const values = Object.fromEntries(attributes.map((attribute) => [attribute, "some-value"]));
    if (type === "counter") instruments.count(name as CounterName, 3, values);
    if (type === "histogram") instruments.record("triton.upload.duration", 0.7);
  }
  instruments.observe(() => [{ name: "triton.headroom", value: 86_400.25 }]);
  const text = prometheusText(registry.collect());
  const check = await checkWithPromtool(text);
  if (check !== undefined) deepStrictEqual(check, { code: 0, said: "" });
});
