import type {
  GaugeResult,
  MetricAttributes,
  MetricCounter,
  MetricGauge,
  MetricOptions,
  MetricSink,
} from "./metric_sink.ts";

/** One series of a counter or a gauge. */
export interface NumberPoint {
  /** What distinguishes it from the metric's other series. */
  readonly attributes: MetricAttributes;
  readonly value: number;
}

export interface HistogramPoint {
  /** What distinguishes it from the metric's other series. */
  readonly attributes: MetricAttributes;
  /** Upper bounds of all buckets except the last. */
  readonly bounds: readonly number[];
  /** Number of values in each bucket; the last bucket has those above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** A metric with its values at one point in time. */
export type CollectedMetric =
  & { readonly name: string; readonly unit: string; readonly description: string }
  & (
    | { readonly type: "counter" | "gauge"; readonly points: readonly NumberPoint[] }
    | { readonly type: "histogram"; readonly points: readonly HistogramPoint[] }
  );

/** Reports the values of gauges. */
type Look = (result: GaugeResult) => void;

/** A metric and its series, by {@linkcode keyOf} their attributes. */
interface Kept {
  readonly type: CollectedMetric["type"];
  readonly options: MetricOptions;
  readonly series: Map<string, NumberPoint | HistogramPoint>;
}

/**
 * A meter that keeps the values itself, with only what Triton's metrics need. Any number of
 * {@linkcode Instruments} share one: they create the same metrics, each with series of its own.
 *
 * OpenTelemetry's SDK does this and more, in six packages.
 */
export class MetricRegistry implements MetricSink {
  readonly #metrics = new Map<string, Kept>();
  readonly #looks = new Set<Look>();

  createCounter(name: string, options: MetricOptions): MetricCounter {
    const { series } = this.#keep("counter", name, options);
    return {
      add(value, attributes) {
        const key = keyOf(attributes);
        const before = (series.get(key) as NumberPoint | undefined)?.value ?? 0;
        series.set(key, { attributes, value: before + value });
      },
      remove(attributes) {
        series.delete(keyOf(attributes));
      },
    };
  }

  /** Creates a histogram, with the buckets in `options.advice`. */
  createHistogram(name: string, options: MetricOptions): ReturnType<MetricSink["createHistogram"]> {
    const { series } = this.#keep("histogram", name, options);
    const bounds = options.advice?.explicitBucketBoundaries ?? [];
    return {
      record(value, attributes) {
        const key = keyOf(attributes);
        const before = series.get(key) as HistogramPoint | undefined;
        const counts = [...before?.counts ?? Array(bounds.length + 1).fill(0)];
        const bucket = bounds.findIndex((bound) => value <= bound);
        counts[bucket < 0 ? bounds.length : bucket]++;
        const [sum, count] = [(before?.sum ?? 0) + value, (before?.count ?? 0) + 1];
        series.set(key, { attributes, bounds, counts, sum, count });
      },
    };
  }

  /** Creates a gauge, whose value is read at each {@linkcode collect}. */
  createObservableGauge(name: string, options: MetricOptions): MetricGauge {
    return this.#keep("gauge", name, options);
  }

  addBatchObservableCallback(look: Look): void {
    this.#looks.add(look);
  }

  removeBatchObservableCallback(look: Look): void {
    this.#looks.delete(look);
  }

  /** Removes all series that have these attributes, whatever others they have. */
  forget(attributes: MetricAttributes): void {
    const wanted = Object.entries(attributes);
    for (const { series } of this.#metrics.values()) {
      for (const [key, point] of series) {
        if (wanted.every(([name, value]) => point.attributes[name] === value)) series.delete(key);
      }
    }
  }

  /** Returns all metrics that have values, with their current values. */
  collect(): CollectedMetric[] {
    for (const { type, series } of this.#metrics.values()) if (type === "gauge") series.clear();
    const observe: GaugeResult["observe"] = (gauge, value, attributes) => {
      (gauge as Kept).series.set(keyOf(attributes), { attributes, value });
    };
    for (const look of this.#looks) look({ observe });
    return [...this.#metrics].filter(([, { series }]) => series.size > 0)
      .map(([name, { type, options: { unit, description }, series }]) => ({
        ...{ name, unit, description, type },
        points: [...series.values()],
      } as CollectedMetric));
  }

  #keep(type: Kept["type"], name: string, options: MetricOptions): Kept {
    const kept = this.#metrics.get(name) ?? { type, options, series: new Map() };
    this.#metrics.set(name, kept);
    return kept;
  }
}

/** Two keys are equal if the attributes are, in any order. */
function keyOf(attributes: MetricAttributes): string {
  return JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
