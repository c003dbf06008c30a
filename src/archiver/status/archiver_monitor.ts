import { metrics } from "@opentelemetry/api";
import type { ShardRange } from "../../codec/mod.ts";
import type { Clock } from "../../base/clock.ts";
import { FAILURE_KINDS, type FailureKind, kindOf } from "../../base/connection_codes.ts";
import { messageOf } from "../../base/errors.ts";
import type { Records } from "../../kinesis/kinesis_api.ts";
import type { ShardId } from "../../base/record.ts";
import { type RecentError, RecentErrors, serviceAttribute } from "../../telemetry/recent_errors.ts";
import { Instruments, type Observation } from "../../telemetry/instruments.ts";
import type { MetricAttributes, MetricSink } from "../../telemetry/metric_sink.ts";
import { type CounterName, METRICS } from "../../telemetry/metrics.ts";
import { VERSION } from "../../base/version.ts";
import {
  type ArchivedFile,
  type RecentFile,
  SERVICE_NAMES,
  type ServiceName,
  type ServiceStatus,
} from "./archiver_status.ts";
import { CLOSE_REASONS } from "../files/rotation.ts";

/** How many files are kept in mind. */
const RECENT = 20;

/**
 * How long the counters of a shard are reported after the last change, in milliseconds: readers that
 * add them up now and then must see the last values.
 */
const TOLD_MS = 3_600_000;

/** What is counted of each shard. */
const SHARD_COUNTERS = [
  "triton.records.read",
  "triton.bytes.read",
  "triton.records.archived",
] as const;

/** Stands for all requests that are not told apart. */
const ANY = {};

/** What is known of a service. */
interface ServiceRecord {
  lastAnswerAt: Date | undefined;
  /** The requests that fail and are repeated, the one that has failed for longest first. */
  readonly failing: Map<object, { readonly since: Date; readonly error: string }>;
}

/** What an {@linkcode ArchiverMonitor} needs to know. */
export interface ArchiverMonitorOptions {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** Where the time comes from. */
  readonly clock: Clock;
  /** Receives the metrics in addition to OpenTelemetry's current global provider. */
  readonly meter?: MetricSink | undefined;
}

/**
 * Watches an archiver: counts what happens, and keeps the latest of it in mind.
 *
 * An {@linkcode Archiver} makes one for itself unless it is given one. Metrics are those of
 * docs/metrics.md. The monitors of several streams may share a meter.
 */
export class ArchiverMonitor implements Disposable {
  /** Whether the stream cannot be archived, and is tried again. */
  isFailing = false;
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  /** When something was last counted of a shard, in milliseconds since the Unix epoch. */
  readonly #countedAt = new Map<ShardId, number>();
  readonly #totals = new Map<CounterName, number>();
  readonly #services = new Map<ServiceName, ServiceRecord>();
  readonly #files: RecentFile[] = [];
  readonly #errors = new RecentErrors();
  readonly #unobserve: () => void;

  /**
   * Creates a monitor.
   *
   * @param options What is archived, and who receives the metrics.
   */
  constructor(options: ArchiverMonitorOptions) {
    const { stream, client, clock, meter } = options;
    const sinks: MetricSink[] = [metrics.getMeter("triton", VERSION)];
    if (meter !== undefined) sinks.push(meter);
    this.#clock = clock;
    this.#instruments = new Instruments(sinks, { stream, client });
    // A counter that appears with its first event shows no increase to Prometheus.
    for (const [name, { type, of, attributes }] of Object.entries(METRICS)) {
      const isAlone = type === "counter" && of === "archiver" && attributes.length === 0;
      if (isAlone) this.#count(name as CounterName, 0);
    }
    for (const reason of CLOSE_REASONS) this.#count("triton.files.archived", 0, { reason });
    for (const reason of GAP_REASONS) this.#count("triton.gaps", 0, { reason });
    for (const service of SERVICE_NAMES) {
      for (const kind of FAILURE_KINDS) this.#countRetries(0, service, kind);
    }
    this.#unobserve = this.observe(() => [
      { name: "triton.stream.failing", value: this.isFailing ? 1 : 0 },
    ]);
  }

  /**
   * Removes the series of the stream from the meters that support it: the stream is not archived any
   * more. Those of OpenTelemetry keep its counters.
   */
  [Symbol.dispose](): void {
    this.#unobserve();
    this.#instruments.forgetAll();
  }

  /** Files that were committed last, the newest first. */
  get recentFiles(): readonly RecentFile[] {
    return [...this.#files];
  }

  /** Errors of late, the newest first; one that comes again and again is listed once. */
  get recentErrors(): readonly RecentError[] {
    return this.#errors.list;
  }

  /** How the services answer. */
  get services(): Readonly<Partial<Record<ServiceName, ServiceStatus>>> {
    return Object.fromEntries(
      this.#services.entries().map(([name, service]) => [name, statusOf(service)]),
    );
  }

  /** What was counted since the start, by the names of the metrics. */
  get totals(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#totals);
  }

  /** Notes that a service is asked: if it never answers, it is known which one it is. */
  asked(service: ServiceName): void {
    this.#service(service);
  }

  /**
   * Notes that a service answered.
   *
   * @param request What it answered. Default: any request that has no identity.
   */
  answered(service: ServiceName, request: object = ANY): void {
    this.#service(service).lastAnswerAt = this.#now();
    this.gaveUp(service, request);
  }

  /** Notes that a request was given up. */
  gaveUp(service: ServiceName, request: object): void {
    this.#service(service).failing.delete(request);
  }

  /**
   * Notes that a request failed and is repeated. Its service counts as failing until it is answered:
   * a database on a full disk answers others.
   */
  retried(service: ServiceName, error: unknown, request: object = ANY): void {
    const kind = kindOf(error);
    const { failing } = this.#service(service);
    const since = failing.get(request)?.since ?? this.#now();
    failing.set(request, { since, error: messageOf(error) });
    this.#countRetries(1, service, kind);
    this.failed(messageOf(error));
  }

  /** Notes that something went wrong. */
  failed(message: string): void {
    this.#errors.add(message, this.#now());
  }

  /** Notes what was read of a shard. */
  read(shard: ShardId, records: Records): void {
    this.answered("Kinesis");
    if (records.length === 0) return;
    let bytes = records.packed?.data.length ?? 0;
    if (records.packed === undefined) { for (const { data } of records) bytes += data.length; }
    this.#countOf(shard, "triton.records.read", records.length);
    this.#countOf(shard, "triton.bytes.read", bytes);
  }

  /** Notes how long it took to put a file. */
  uploaded(ms: number): void {
    this.#instruments.record("triton.upload.duration", ms / 1000);
  }

  /** Notes that a file was committed. */
  archived(file: ArchivedFile, shards: ReadonlyMap<ShardId, ShardRange>): void {
    this.#files.unshift({ ...file, at: this.#now() });
    this.#files.splice(RECENT);
    this.#count("triton.files.archived", 1, { reason: file.reason });
    this.#count("triton.bytes.archived", file.size);
    this.#count("triton.records.quarantined", file.quarantined);
    for (const [shard, { events, quarantined }] of shards) {
      this.#countOf(shard, "triton.records.archived", events + quarantined);
    }
  }

  /**
   * Forgets the series of shards that have ended, once nothing was counted of them for an hour; or a
   * stream that is resharded every day would leave thousands. Totals stay.
   *
   * @param open The shards that have not ended.
   */
  forgetEnded(open: ReadonlySet<ShardId>): void {
    for (const [shard, countedAt] of this.#countedAt) {
      if (open.has(shard) || this.#clock.now() - countedAt < TOLD_MS) continue;
      this.#countedAt.delete(shard);
      for (const name of SHARD_COUNTERS) this.#instruments.forget(name, { shard });
    }
  }

  /** Notes a gap. */
  gap(shardId: ShardId, reason: string): void {
    this.#count("triton.gaps", 1, { reason });
    this.failed(`Records of ${shardId} cannot be archived: ${reason}`);
  }

  /** Notes that a lease is another worker's by now. */
  leaseLost(shardId: ShardId): void {
    this.#count("triton.leases.lost", 1);
    this.failed(`Lost the lease of ${shardId} to another worker`);
  }

  /**
   * Has the gauges looked at whenever a meter asks.
   *
   * @param look Returns the current values.
   * @returns Ends it.
   */
  observe(look: () => Iterable<Observation>): () => void {
    return this.#instruments.observe(look);
  }

  #service(name: ServiceName): ServiceRecord {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const service: ServiceRecord = { lastAnswerAt: undefined, failing: new Map() };
    this.#services.set(name, service);
    return service;
  }

  #countOf(shard: ShardId, name: typeof SHARD_COUNTERS[number], value: number): void {
    this.#countedAt.set(shard, this.#clock.now());
    this.#count(name, value, { shard });
  }

  #countRetries(value: number, service: ServiceName, kind: FailureKind): void {
    const attributes = { service: serviceAttribute(service), kind };
    this.#count("triton.retries", value, attributes);
  }

  #count(name: CounterName, value: number, attributes?: MetricAttributes): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + value);
    this.#instruments.count(name, value, attributes);
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }
}

function statusOf({ lastAnswerAt, failing }: ServiceRecord): ServiceStatus {
  const [longest] = failing.values();
  return { lastAnswerAt, failingSince: longest?.since, error: longest?.error };
}

/** Why records can be missing. */
const GAP_REASONS = ["retention", "expired", "skipped"];
