/**
 * From stream to archive, exactly once.
 *
 * @module
 */

export { Archiver } from "./archiver.ts";
export { ArchiverHost } from "./host/archiver_host.ts";
export type { HostedOptions, HostOptions, HostServices } from "./host/host_options.ts";
export type { HostedFailure, HostedStatus, HostStatus } from "./host/host_status.ts";
export { type DownStream, StreamsDownError } from "./host/streams_down_error.ts";
export type { Unarchived } from "./files/archive_writer.ts";
export { ArchiverMonitor, type ArchiverMonitorOptions } from "./status/archiver_monitor.ts";
export type {
  ArchivedFile,
  ArchiverStatus,
  OpenFileStatus,
  RecentError,
  RecentFile,
  ServiceName,
  ServiceStatus,
  ShardStatus,
} from "./status/archiver_status.ts";
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
export type { ArchiverOptions, ArchiverServices } from "./archiver_options.ts";
export type { CloseReason } from "./files/rotation.ts";
export type { MemoryUser, SharedMemory, SharedMemoryOptions } from "./shared/shared_memory.ts";
export {
  SharedLeases,
  type SharedLeasesOptions,
  type SharedLeasesServices,
} from "../shards/shared_leases.ts";
export { type SharedWork, type SharedWorkOptions, shareWork } from "./shared/shared_work.ts";
export type { Upload, UploadSlots } from "./shared/upload_slots.ts";
