/**
 * All metrics of Triton, by name. docs/metrics.md explains how to use them.
 *
 * Names and units follow OpenTelemetry: the unit is not part of the name, and units of counts are in
 * braces. Every metric of an archiver, a reader or a writer has the attributes `stream` and `client`
 * in addition to its own; the client of a reader without positions, and of a writer, is empty.
 *
 * @module
 */

/** Name of a counter. */
export type CounterName =
  | "triton.records.read"
  | "triton.bytes.read"
  | "triton.records.archived"
  | "triton.bytes.archived"
  | "triton.records.quarantined"
  | "triton.files.archived"
  | "triton.retries"
  | "triton.gaps"
  | "triton.leases.lost"
  | "triton.reader.records"
  | "triton.reader.bytes"
  | "triton.reader.archived.records"
  | "triton.reader.invalid"
  | "triton.reader.retries"
  | "triton.writer.records"
  | "triton.writer.bytes"
  | "triton.writer.refused"
  | "triton.writer.retries";

/** Name of a histogram. */
export type HistogramName =
  | "triton.upload.duration"
  | "triton.reader.checkpoint.duration"
  | "triton.writer.request.duration";

/** Name of a gauge. */
export type GaugeName =
  | "triton.build.info"
  | "triton.start.timestamp"
  | "triton.stream.failing"
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
  | "triton.memory.rss"
  | "triton.reader.failing"
  | "triton.reader.shards"
  | "triton.reader.lag"
  | "triton.reader.shard.lag"
  | "triton.reader.buffered"
  | "triton.writer.failing"
  | "triton.writer.waiting"
  | "triton.writer.waiting.age";

/** Name of a metric. */
export type MetricName = CounterName | HistogramName | GaugeName;

/** Definition of a metric. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  /** Its unit in UCUM, as in OpenTelemetry. */
  readonly unit: string;
  /** What it shows, in one sentence. */
  readonly description: string;
  /** What has values of its own: those of an archiver, a reader or a writer have common attributes. */
  readonly of: "archiver" | "process" | "reader" | "writer";
  /** Its attributes, in addition to those. */
  readonly attributes: readonly string[];
}

const kind = (type: MetricDefinition["type"], of: MetricDefinition["of"] = "archiver") =>
(
  unit: string,
  description: string,
  attributes: readonly string[],
): MetricDefinition => ({ type, of, unit, description, attributes });

const [counter, histogram, gauge] = [kind("counter"), kind("histogram"), kind("gauge")];
const processGauge = kind("gauge", "process");
const [readerCounter, readerGauge] = [kind("counter", "reader"), kind("gauge", "reader")];
const [writerCounter, writerGauge] = [kind("counter", "writer"), kind("gauge", "writer")];

/** All metrics. */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  "triton.records.read": counter("{record}", "Records read from the stream.", ["shard"]),
  "triton.bytes.read": counter("By", "Bytes of the records read from the stream.", ["shard"]),
  "triton.records.archived": counter("{record}", "Records in committed files.", ["shard"]),
  "triton.bytes.archived": counter("By", "Size of the committed files.", []),
  "triton.records.quarantined": counter("{record}", "Archived records that are not events.", []),
  "triton.files.archived": counter("{file}", "Committed files, by the reason for closing them.", [
    "reason",
  ]),
  "triton.upload.duration": histogram("s", "Time to put one file, retries included.", []),
  "triton.retries": counter("{request}", "Failed requests that are retried.", ["service", "kind"]),
  "triton.gaps": counter("{gap}", "Gaps recorded: records that cannot be archived.", ["reason"]),
  "triton.leases.lost": counter("{lease}", "Leases that another worker took over.", []),
  "triton.build.info": processGauge("1", "Always 1; the attributes describe the build.", [
    "version",
    "deno",
    "target",
  ]),
  "triton.start.timestamp": processGauge("s", "Unix time at which the worker started.", []),
  "triton.stream.failing": gauge(
    "1",
    "1 while the stream cannot be archived and is tried again; otherwise 0.",
    [],
  ),
  "triton.leases.held": gauge("{lease}", "Shards that this worker archives.", []),
  "triton.shards.failing": gauge(
    "{shard}",
    "Shards that cannot be read from Kinesis and are retried.",
    [],
  ),
  "triton.shards.refused": gauge("{shard}", "Shards that this worker refuses to archive.", []),
  "triton.shard.lag": gauge("s", "How far reading is behind the newest record.", ["shard"]),
  "triton.shard.unarchived.age": gauge(
    "s",
    "Age of the oldest record that might not be archived yet.",
    ["shard"],
  ),
  "triton.shard.headroom": gauge(
    "s",
    "Time until the stream drops the oldest record that might not be archived yet.",
    ["shard"],
  ),
  "triton.lag": gauge("s", "Lag of the shard that is furthest behind.", []),
  "triton.unarchived.age": gauge("s", "Highest unarchived age of all shards.", []),
  "triton.headroom": gauge("s", "Lowest headroom of all shards.", []),
  "triton.retention": gauge("s", "How long the stream keeps a record.", []),
  "triton.last.commit.timestamp": gauge("s", "Unix time of the last committed file.", []),
  "triton.memory.buffered": processGauge(
    "By",
    "Memory used by records that are not archived yet, and by responses of Kinesis that are being read.",
    [],
  ),
  "triton.memory.limit": processGauge("By", "Buffered memory at which reading pauses.", []),
  "triton.memory.rss": processGauge("By", "Resident memory of the process.", []),
  "triton.reader.records": readerCounter("{record}", "Records that a reader has fetched.", [
    "shard",
  ]),
  "triton.reader.bytes": readerCounter("By", "Bytes of the records that a reader has fetched.", [
    "shard",
  ]),
  "triton.reader.archived.records": readerCounter(
    "{record}",
    "Archived records that a history has read.",
    [],
  ),
  "triton.reader.invalid": readerCounter(
    "{record}",
    "Records that are not events, or do not fit the schema.",
    [],
  ),
  "triton.reader.retries": readerCounter("{request}", "Failed requests that are retried.", [
    "service",
    "kind",
  ]),
  "triton.reader.checkpoint.duration": kind("histogram", "reader")(
    "s",
    "Time to save positions, retries included.",
    [],
  ),
  "triton.reader.failing": readerGauge(
    "1",
    "1 after reading has ended with an error; otherwise 0.",
    [],
  ),
  "triton.reader.shards": readerGauge("{shard}", "Shards that are being read.", []),
  "triton.reader.lag": readerGauge("s", "Lag of the shard that is furthest behind.", []),
  "triton.reader.shard.lag": readerGauge("s", "How far reading is behind the newest record.", [
    "shard",
  ]),
  "triton.reader.buffered": readerGauge(
    "By",
    "Memory used by records that were fetched and are not read yet.",
    [],
  ),
  "triton.writer.records": writerCounter("{record}", "Records that the stream has accepted.", []),
  "triton.writer.bytes": writerCounter(
    "By",
    "Bytes of the records that the stream has accepted, keys included.",
    [],
  ),
  "triton.writer.refused": writerCounter(
    "{record}",
    "Records that the stream refused temporarily, and that are put again.",
    [],
  ),
  "triton.writer.retries": writerCounter("{request}", "Failed requests that are retried.", [
    "service",
    "kind",
  ]),
  "triton.writer.request.duration": kind("histogram", "writer")(
    "s",
    "Time to put one batch, retries included.",
    [],
  ),
  "triton.writer.failing": writerGauge(
    "1",
    "1 after writing has ended with an error; otherwise 0.",
    [],
  ),
  "triton.writer.waiting": writerGauge(
    "{record}",
    "Records that are not known to be in the stream yet.",
    [],
  ),
  "triton.writer.waiting.age": writerGauge(
    "s",
    "How long the stream has accepted none of the records that are being put.",
    [],
  ),
};
