/**
 * All metrics of Triton, by name; docs/metrics.md tells what to do about them.
 *
 * Names and units follow OpenTelemetry: the unit is not part of the name, and what is counted has
 * its unit in braces. Every metric carries the attributes `stream` and `client` beside its own.
 *
 * @module
 */

/** Name of a metric that only grows. */
export type CounterName =
  | "triton.records.read"
  | "triton.bytes.read"
  | "triton.records.archived"
  | "triton.bytes.archived"
  | "triton.records.quarantined"
  | "triton.files.archived"
  | "triton.retries"
  | "triton.gaps"
  | "triton.leases.lost";

/** Name of a metric that tells how values are distributed. */
export type HistogramName = "triton.upload.duration";

/** Name of a metric that is looked at when it is asked for. */
export type GaugeName =
  | "triton.build.info"
  | "triton.start.timestamp"
  | "triton.leases.held"
  | "triton.shards.failing"
  | "triton.shards.refused"
  | "triton.shard.lag"
  | "triton.shard.unarchived.age"
  | "triton.shard.headroom"
  | "triton.lag"
  | "triton.unarchived.age"
  | "triton.headroom"
  | "triton.retention"
  | "triton.last.commit.timestamp"
  | "triton.memory.buffered"
  | "triton.memory.limit"
  | "triton.memory.rss";

/** Name of a metric. */
export type MetricName = CounterName | HistogramName | GaugeName;

/** What a metric is. */
export interface MetricDefinition {
  /** How its values add up. */
  readonly type: "counter" | "gauge" | "histogram";
  /** Its unit by UCUM, as OpenTelemetry has it. */
  readonly unit: string;
  /** What it tells, in one sentence. */
  readonly description: string;
  /** Its attributes, beside `stream` and `client`. */
  readonly attributes: readonly string[];
}

const kind = (type: MetricDefinition["type"]) =>
(
  unit: string,
  description: string,
  attributes: readonly string[],
): MetricDefinition => ({ type, unit, description, attributes });

const [counter, histogram, gauge] = [kind("counter"), kind("histogram"), kind("gauge")];

/** The metrics of an archiver. */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  "triton.records.read": counter("{record}", "Records read from the stream.", ["shard"]),
  "triton.bytes.read": counter("By", "Bytes of the records read from the stream.", ["shard"]),
  "triton.records.archived": counter("{record}", "Records in committed files.", ["shard"]),
  "triton.bytes.archived": counter("By", "Size of the committed files.", []),
  "triton.records.quarantined": counter("{record}", "Archived records that are not events.", []),
  "triton.files.archived": counter("{file}", "Committed files, by what closed them.", ["reason"]),
  "triton.upload.duration": histogram("s", "Time to put one file, retries included.", []),
  "triton.retries": counter("{request}", "Failed requests that are repeated.", ["service", "kind"]),
  "triton.gaps": counter("{gap}", "Gaps recorded: records that cannot be archived.", ["reason"]),
  "triton.leases.lost": counter("{lease}", "Leases that another worker took over.", []),
  "triton.build.info": gauge("1", "Always 1: what runs, by its attributes.", [
    "version",
    "deno",
    "target",
  ]),
  "triton.start.timestamp": gauge("s", "Unix time at which the worker was started.", []),
  "triton.leases.held": gauge("{lease}", "Shards that this worker archives.", []),
  "triton.shards.failing": gauge("{shard}", "Shards that Kinesis refuses, which are retried.", []),
  "triton.shards.refused": gauge("{shard}", "Shards that this worker refuses to archive.", []),
  "triton.shard.lag": gauge("s", "How far reading is behind the newest record.", ["shard"]),
  "triton.shard.unarchived.age": gauge(
    "s",
    "Age of the oldest record that may not be archived yet.",
    ["shard"],
  ),
  "triton.shard.headroom": gauge(
    "s",
    "Time until the stream drops the oldest record that may not be archived yet.",
    ["shard"],
  ),
  "triton.lag": gauge("s", "Lag of the shard that is furthest behind.", []),
  "triton.unarchived.age": gauge("s", "The greatest unarchived age of all shards.", []),
  "triton.headroom": gauge("s", "The least headroom of all shards.", []),
  "triton.retention": gauge("s", "How long the stream keeps a record.", []),
  "triton.last.commit.timestamp": gauge("s", "Unix time of the last committed file.", []),
  "triton.memory.buffered": gauge("By", "Memory taken by records not archived yet.", []),
  "triton.memory.limit": gauge("By", "Buffered memory at which reading waits.", []),
  "triton.memory.rss": gauge("By", "Resident memory of the process.", []),
};
