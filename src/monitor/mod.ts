/**
 * Monitoring of a running store: its status page, health checks and metrics.
 *
 * @module
 */

export type { DrawMap, MapAnswer, MapRequest } from "./draw_map.ts";
export { MonitorServer, type MonitorServerOptions } from "./monitor_server.ts";
export { type Monitor, openMonitor, type OpenMonitorOptions } from "./program/open_monitor.ts";
export { observeProcess } from "./observe_process.ts";
export { needsExporter, OtlpExporter, type OtlpExporterOptions } from "./otlp_exporter.ts";
export { MetricRegistry } from "../telemetry/metric_registry.ts";
export type { HealthLimits, Verdict } from "./judge_stream.ts";
export type {
  GroupMemberStatus,
  GroupShardStatus,
  GroupsStatus,
  GroupStatus,
  StoreStatus,
  StreamFailure,
  StreamKey,
  StreamStatus,
} from "./store_status.ts";
