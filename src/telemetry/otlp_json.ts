import type { MetricAttributes } from "./metric_sink.ts";
import type { CollectedMetric, HistogramPoint, NumberPoint } from "./metric_registry.ts";

export interface OtlpContext {
  /** Attributes of the resource, such as `service.name`. */
  readonly resource: MetricAttributes;
  readonly version: string;
  /** When counting started, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** When the values were collected, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Counters and histograms are cumulative over all exports. */
const CUMULATIVE = 2;

/**
 * Converts metrics to the body of an OTLP request in JSON.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function toOtlp(metrics: readonly CollectedMetric[], context: OtlpContext): unknown {
  const scope = { name: "triton", version: context.version };
  const scopeMetrics = [{ scope, metrics: metrics.map((metric) => toMetric(metric, context)) }];
  return {
    resourceMetrics: [{ resource: { attributes: toPairs(context.resource) }, scopeMetrics }],
  };
}

function toMetric(metric: CollectedMetric, context: OtlpContext) {
  const { name, unit, description } = metric;
  const aggregationTemporality = CUMULATIVE;
  const times = {
    startTimeUnixNano: toNanos(context.startedAt),
    timeUnixNano: toNanos(context.at),
  };
  const common = { name, unit, description };
  if (metric.type === "histogram") {
    const dataPoints = metric.points.map((point) => ({ ...times, ...toHistogram(point) }));
    return { ...common, histogram: { aggregationTemporality, dataPoints } };
  }
  const dataPoints = metric.points.map((point) => ({ ...times, ...toNumber(point) }));
  return metric.type === "gauge"
    ? { ...common, gauge: { dataPoints } }
    : { ...common, sum: { aggregationTemporality, isMonotonic: true, dataPoints } };
}

function toNumber({ attributes, value }: NumberPoint) {
  return { attributes: toPairs(attributes), asDouble: value };
}

function toHistogram({ attributes, bounds, counts, sum, count }: HistogramPoint) {
  return {
    attributes: toPairs(attributes),
    count: String(count), // OTLP's JSON has 64-bit integers as text
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
  };
}

function toPairs(attributes: MetricAttributes) {
  return Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function toNanos(ms: number): string {
  return String(BigInt(Math.round(ms)) * 1_000_000n);
}
