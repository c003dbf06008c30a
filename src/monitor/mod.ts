/**
 * Monitoring of a running store: its status page, health checks and metrics.
 *
 * @module
 */

export { MonitorServer, type MonitorServerOptions } from "./monitor_server.ts";
export { needsExporter, OtlpExporter, type OtlpExporterOptions } from "./otlp_exporter.ts";
export { MetricRegistry } from "../telemetry/metric_registry.ts";
export { processObservations } from "../telemetry/process_metrics.ts";
export type {
  GroupMemberStatus,
  GroupShardStatus,
  GroupsStatus,
  GroupStatus,
  HealthLimits,
  StoreStatus,
  Verdict,
} from "./store_status.ts";
