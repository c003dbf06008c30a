import { metrics } from "@opentelemetry/api";
import { VERSION } from "../base/version.ts";
import { Instruments } from "../telemetry/instruments.ts";
import type { MetricSink } from "../telemetry/metric_sink.ts";
import { processObservations } from "../telemetry/process_metrics.ts";

/**
 * Reports the metrics that a process has from its start, whatever it waits for: to a meter, and to
 * OpenTelemetry's current global provider.
 *
 * @returns A function that ends this.
 */
export function observeProcess(startedAt: Date, meter: MetricSink): () => void {
  const instruments = new Instruments([metrics.getMeter("triton", VERSION), meter], {});
  return instruments.observe(() => processObservations(startedAt, VERSION));
}
