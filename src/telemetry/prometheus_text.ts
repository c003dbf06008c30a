import { prometheusName } from "./instruments.ts";
import type { MetricAttributes } from "./metric_sink.ts";
import type { CollectedMetric, HistogramPoint, NumberPoint } from "./metric_registry.ts";

/** The content type of {@linkcode prometheusText}. */
export const PROMETHEUS_TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Formats metrics in the text format of Prometheus.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function prometheusText(metrics: readonly CollectedMetric[]): string {
  return metrics.map(textOf).join("");
}

function textOf(metric: CollectedMetric): string {
  const name = prometheusName(metric.name, metric);
  const help = metric.description.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${metric.type}`];
  for (const point of metric.points) {
    if ("bounds" in point) lines.push(...histogramLines(name, point));
    else lines.push(line(name, point));
  }
  return lines.map((text) => `${text}\n`).join("");
}

function line(name: string, { attributes, value }: NumberPoint): string {
  return `${name}${labels(attributes)} ${value}`;
}

/** The lines of a histogram; in Prometheus, buckets are cumulative. */
function histogramLines(name: string, point: HistogramPoint): string[] {
  const { attributes, bounds, counts, sum, count } = point;
  let value = 0;
  const buckets = [...bounds.map(String), "+Inf"].map((le, index) => {
    value += counts[index]!;
    return line(`${name}_bucket`, { attributes: { ...attributes, le }, value });
  });
  return [
    ...buckets,
    line(`${name}_sum`, { attributes, value: sum }),
    line(`${name}_count`, { attributes, value: count }),
  ];
}

function labels(attributes: MetricAttributes): string {
  const pairs = Object.entries(attributes).map(([name, value]) => {
    const text = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    return `${name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${text.replaceAll("\n", "\\n")}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
