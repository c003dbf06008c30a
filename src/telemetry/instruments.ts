import { getLogger } from "@logtape/logtape";
import type {
  GaugeResult,
  MetricAttributes,
  MetricCounter,
  MetricGauge,
  MetricSink,
} from "./metric_sink.ts";
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricDefinition,
  type MetricName,
  METRICS,
} from "./metrics.ts";

/** One value of a gauge. */
export interface Observation {
  /** The gauge. */
  readonly name: GaugeName;
  /** Its value now. */
  readonly value: number;
  /** Its attributes. */
  readonly attributes?: MetricAttributes | undefined;
}

/** In seconds: an upload takes tens of milliseconds or, with retries, minutes. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** The instruments of one meter, by the names of their metrics. */
class InstrumentSet {
  readonly counters = new Map<string, MetricCounter>();
  readonly histograms = new Map<string, ReturnType<MetricSink["createHistogram"]>>();
  readonly gauges = new Map<string, MetricGauge>();

  constructor(readonly sink: MetricSink) {
    for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
      const { type, unit, description } = definition;
      if (type === "counter") {
        this.counters.set(name, sink.createCounter(name, { unit, description }));
      } else if (type === "gauge") {
        this.gauges.set(name, sink.createObservableGauge(name, { unit, description }));
      } else {
        const advice = { explicitBucketBoundaries: DURATION_BUCKETS };
        this.histograms.set(name, sink.createHistogram(name, { unit, description, advice }));
      }
    }
  }
}

const log = getLogger(["triton", "telemetry"]);

/**
 * The metrics of {@linkcode METRICS}, reported to one or more meters.
 *
 * If a meter throws, that is logged once and otherwise ignored.
 */
export class Instruments {
  readonly #sets: readonly InstrumentSet[];
  readonly #common: MetricAttributes;
  #failed = false;

  /** @param common Attributes of every value of a stream's metrics. */
  constructor(sinks: readonly MetricSink[], common: MetricAttributes) {
    this.#sets = sinks.map((sink) => new InstrumentSet(sink));
    this.#common = common;
  }

  /** Adds to a counter; adding 0 creates the series. */
  count(name: CounterName, value: number, attributes?: MetricAttributes): void {
    const all = { ...this.#common, ...attributes };
    this.#each(({ counters }) => counters.get(name)!.add(value, all));
  }

  /** Removes a series of a counter, if the meter supports that. */
  forget(name: CounterName, attributes: MetricAttributes): void {
    const all = { ...this.#common, ...attributes };
    this.#each(({ counters }) => counters.get(name)!.remove?.(all));
  }

  /** Removes all series with the common attributes, if the meter supports that. */
  forgetAll(): void {
    this.#each(({ sink }) => sink.forget?.(this.#common));
  }

  /** Adds a value to a histogram. */
  record(name: HistogramName, value: number, attributes?: MetricAttributes): void {
    const all = { ...this.#common, ...attributes };
    this.#each(({ histograms }) => histograms.get(name)!.record(value, all));
  }

  /**
   * Registers a callback for the gauges, which meters call when they collect.
   *
   * @returns A function that removes the callback.
   */
  observe(look: () => Iterable<Observation>): () => void {
    const callbacks = new Map(this.#sets.map((meter) => {
      const callback = (result: GaugeResult) => {
        for (const { name, value, attributes } of look()) {
          const common = METRICS[name].of === "process" ? {} : this.#common;
          result.observe(meter.gauges.get(name)!, value, { ...common, ...attributes });
        }
      };
      return [meter, callback];
    }));
    const all = ({ gauges }: InstrumentSet) => [...gauges.values()];
    this.#each((meter) => meter.sink.addBatchObservableCallback(callbacks.get(meter)!, all(meter)));
    return () =>
      this.#each((meter) =>
        meter.sink.removeBatchObservableCallback(callbacks.get(meter)!, all(meter))
      );
  }

  #each(act: (meter: InstrumentSet) => void): void {
    for (const meter of this.#sets) {
      try {
        act(meter);
      } catch (error) {
        if (this.#failed) continue;
        this.#failed = true;
        log.warn("A meter failed, so some metrics are missing: {reason}", {
          event: "metrics.refused",
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
  }
}

/**
 * The name of a metric in Prometheus, by OpenTelemetry's rules: dots become underscores, the unit
 * is appended if it is missing, and counters end in `_total`.
 */
export function prometheusName(
  name: MetricName | string,
  { type, unit }: Pick<MetricDefinition, "type" | "unit">,
): string {
  let result = name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  const suffix = unit === "s" ? "seconds" : unit === "By" ? "bytes" : "";
  if (suffix !== "" && !result.split("_").includes(suffix)) result += `_${suffix}`;
  return type === "counter" ? `${result}_total` : result;
}
