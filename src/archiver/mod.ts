/**
 * From stream to archive, exactly once.
 *
 * @module
 */

export { Archiver } from "./archiver.ts";
export type { Unarchived } from "./archive_writer.ts";
export { ArchiverMonitor, type ArchiverMonitorOptions } from "./archiver_monitor.ts";
export type {
  ArchivedFile,
  ArchiverStatus,
  OpenFileStatus,
  RecentError,
  RecentFile,
  ServiceName,
  ServiceStatus,
  ShardStatus,
} from "./archiver_status.ts";
export type { Observation } from "../telemetry/instruments.ts";
export type {
  GaugeResult,
  MetricAttributes,
  MetricCounter,
  MetricGauge,
  MetricOptions,
  MetricSink,
} from "../telemetry/metric_sink.ts";
export type { GaugeName } from "../telemetry/metrics.ts";
export type { ArchiverOptions } from "./archiver_options.ts";
export type { CloseReason } from "./rotation.ts";
export type { ArchiverServices } from "./services.ts";
