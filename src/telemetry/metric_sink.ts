/**
 * Where metrics go: the part of an OpenTelemetry `Meter` that Triton needs.
 *
 * @module
 */

/** What tells a metric's series from each other. */
export type MetricAttributes = Readonly<Record<string, string>>;

/** What is said of a metric when it is made. */
export interface MetricOptions {
  /** Its unit by UCUM. */
  readonly unit: string;
  /** What it tells. */
  readonly description: string;
  /** How a histogram should be kept. */
  readonly advice?: {
    /** Upper bounds of its buckets but the last. */
    explicitBucketBoundaries: number[];
  };
}

/** A metric that only grows. */
export interface MetricCounter {
  /** Adds to the series with these attributes. */
  add(value: number, attributes: MetricAttributes): void;
  /** Forgets that series; OpenTelemetry has no such thing. */
  remove?(attributes: MetricAttributes): void;
}

/** A gauge, as a name for what is observed: OpenTelemetry's `ObservableGauge`. */
export type MetricGauge = object;

/** Told of the values of gauges. */
export interface GaugeResult {
  /** Tells one value. */
  observe(gauge: MetricGauge, value: number, attributes: MetricAttributes): void;
}

/** Where metrics go. Every `Meter` of OpenTelemetry is one. */
export interface MetricSink {
  /** Makes a metric that only grows. */
  createCounter(
    name: string,
    options: MetricOptions,
  ): MetricCounter;
  /** Makes a metric that tells how values are distributed. */
  createHistogram(
    name: string,
    options: MetricOptions,
  ): { record(value: number, attributes: MetricAttributes): void };
  /** Makes a metric that is looked at when it is asked for. */
  createObservableGauge(name: string, options: MetricOptions): MetricGauge;
  /** Has `look` called whenever values are asked for. */
  addBatchObservableCallback(look: (result: GaugeResult) => void, gauges: MetricGauge[]): void;
  /** Has `look` not called any more. */
  removeBatchObservableCallback(look: (result: GaugeResult) => void, gauges: MetricGauge[]): void;
}
