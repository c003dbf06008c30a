/**
 * The part of an OpenTelemetry `Meter` that Triton uses.
 *
 * @module
 */

/** What distinguishes the series of a metric. */
export type MetricAttributes = Readonly<Record<string, string>>;

/** Options for creating a metric. */
export interface MetricOptions {
  /** Its unit, in UCUM. */
  readonly unit: string;
  /** What it shows. */
  readonly description: string;
  /** How to keep a histogram. */
  readonly advice?: {
    /** Upper bounds of all buckets except the last. */
    explicitBucketBoundaries: number[];
  };
}

/** A counter, which only increases. */
export interface MetricCounter {
  /** Adds to the series with these attributes. */
  add(value: number, attributes: MetricAttributes): void;
  /** Removes that series; OpenTelemetry does not support this. */
  remove?(attributes: MetricAttributes): void;
}

/** A handle for a gauge: OpenTelemetry's `ObservableGauge`. */
export type MetricGauge = object;

/** Receives the values of gauges. */
export interface GaugeResult {
  /** Reports one value. */
  observe(gauge: MetricGauge, value: number, attributes: MetricAttributes): void;
}

/** Receives metrics. Every OpenTelemetry `Meter` is one. */
export interface MetricSink {
  /** Creates a counter. */
  createCounter(
    name: string,
    options: MetricOptions,
  ): MetricCounter;
  /** Creates a histogram. */
  createHistogram(
    name: string,
    options: MetricOptions,
  ): { record(value: number, attributes: MetricAttributes): void };
  /** Creates a gauge, whose value is read when metrics are collected. */
  createObservableGauge(name: string, options: MetricOptions): MetricGauge;
  /** Calls `look` when metrics are collected. */
  addBatchObservableCallback(look: (result: GaugeResult) => void, gauges: MetricGauge[]): void;
  /** Stops calling `look`. */
  removeBatchObservableCallback(look: (result: GaugeResult) => void, gauges: MetricGauge[]): void;
  /** Removes all series that have these attributes; OpenTelemetry does not support this. */
  forget?(attributes: MetricAttributes): void;
}
