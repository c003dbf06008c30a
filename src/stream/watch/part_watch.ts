import { metrics } from "@opentelemetry/api";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { ShardId } from "../../base/record.ts";
import type { RetryEvent } from "../../base/retry.ts";
import { VERSION } from "../../base/version.ts";
import { kindOf } from "../../base/connection_codes.ts";
import { RecentErrors, serviceAttribute } from "../../telemetry/recent_errors.ts";
import { Instruments, type Observation } from "../../telemetry/instruments.ts";
import type { MetricAttributes } from "../../telemetry/metric_sink.ts";
import { type CounterName, type HistogramName, METRICS } from "../../telemetry/metrics.ts";
import type { MonitoredOptions, PartStatus } from "../../telemetry/program_monitor.ts";

/** What is watched. */
export interface WatchedPart extends MonitoredOptions {
  readonly type: PartStatus["type"];
  readonly stream: string;
  /** The client under which positions are saved, if they are. */
  readonly client?: string | undefined;
  readonly clock: Clock;
}

/** What only the part itself knows. */
export interface PartDetails extends
  Omit<
    PartStatus,
    "type" | "stream" | "client" | "state" | "startedAt" | "error" | "totals" | "recentErrors"
  > {
  /** A part inside this one, which is not shown by itself. */
  readonly inner?: PartStatus | undefined;
}

/** How long the counters of a shard are reported after the last change, in milliseconds. */
const TOLD_MS = 3_600_000;

/** Watches a reader or a writer: counts what happens, and keeps the latest of it in mind. */
export class PartWatch implements Disposable {
  readonly #part: WatchedPart;
  readonly #kind: "reader" | "writer";
  readonly #startedAt: Date;
  readonly #instruments: Instruments;
  readonly #totals = new Map<CounterName, number>();
  readonly #errors = new RecentErrors();
  /** When something was last counted of a shard, in milliseconds since the Unix epoch. */
  readonly #countedAt = new Map<ShardId, number>();
  readonly #ends: (() => void)[] = [];
  #state: PartStatus["state"] = "starting";
  #error: string | undefined;

  /** Creates a watch that shows nothing yet. */
  constructor(part: WatchedPart) {
    const { type, stream, client = "", clock, monitor } = part;
    this.#part = part;
    this.#kind = type === "writer" ? "writer" : "reader";
    this.#startedAt = new Date(clock.now());
    const sinks = [metrics.getMeter("triton", VERSION), ...monitor ? [monitor.meter] : []];
    this.#instruments = new Instruments(sinks, { stream, client });
  }

  /**
   * Shows the part from now on, until the watch is disposed.
   *
   * @param details What it is doing.
   * @param gauges The values of its gauges.
   */
  show(details: () => PartDetails, gauges: () => Iterable<Observation>): void {
    if (this.#ends.length > 0) return;
    // A counter that appears with its first event shows no increase to Prometheus.
    for (const [name, { type, of, attributes }] of Object.entries(METRICS)) {
      const isAlone = type === "counter" && of === this.#kind && attributes.length === 0;
      if (isAlone) this.count(name as CounterName, 0);
    }
    const failing = `triton.${this.#kind}.failing` as const;
    this.#ends.push(this.#instruments.observe(() => {
      this.#forgetEnded(details());
      return [{ name: failing, value: this.#state === "failed" ? 1 : 0 }, ...gauges()];
    }));
    const { monitor } = this.#part;
    if (monitor !== undefined) this.#ends.push(monitor.add(() => this.#status(details())));
  }

  /** Removes the part; what was counted of it stays. */
  [Symbol.dispose](): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Notes what the part does; it has not failed, or continues. */
  set state(state: "archive" | "running") {
    this.#state = state;
    this.#error = undefined;
  }

  /** Counts. */
  count(name: CounterName, value: number, attributes?: MetricAttributes): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + value);
    this.#instruments.count(name, value, attributes);
  }

  /** Counts records of a shard that were fetched. */
  fetched(shard: ShardId, records: number, bytes: number): void {
    this.#countedAt.set(shard, this.#part.clock.now());
    this.count("triton.reader.records", records, { shard });
    this.count("triton.reader.bytes", bytes, { shard });
  }

  /** Notes how long something took, in milliseconds. */
  took(name: HistogramName, ms: number): void {
    this.#instruments.record(name, ms / 1000);
  }

  /** Notes that a request failed and is repeated. */
  retried({ service, error }: Pick<RetryEvent, "service" | "error">): void {
    const attributes = { service: serviceAttribute(service), kind: kindOf(error) };
    this.count(`triton.${this.#kind}.retries`, 1, attributes);
    this.#note(error);
  }

  /** Notes that the part has ended with an error. */
  failed(error: unknown): void {
    this.#state = "failed";
    this.#error = this.#note(error);
  }

  /** Passes retries on to a callback, too. */
  onRetry(next: ((event: RetryEvent) => void) | undefined): (event: RetryEvent) => void {
    return (event) => {
      this.retried(event);
      next?.(event);
    };
  }

  /** Forgets the series of shards that are read no longer, once nothing was counted of them for an hour. */
  #forgetEnded({ shards = [] }: PartDetails): void {
    const open = new Set(shards.map(({ shardId }) => shardId));
    for (const [shard, countedAt] of this.#countedAt) {
      if (open.has(shard) || this.#part.clock.now() - countedAt < TOLD_MS) continue;
      this.#countedAt.delete(shard);
      this.#instruments.forget("triton.reader.records", { shard });
      this.#instruments.forget("triton.reader.bytes", { shard });
    }
  }

  #note(error: unknown): string {
    const message = messageOf(error);
    this.#errors.add(message, new Date(this.#part.clock.now()));
    return message;
  }

  #status({ inner, ...details }: PartDetails): PartStatus {
    const { type, stream, client = "" } = this.#part;
    const totals: Record<string, number> = { ...inner?.totals };
    for (const [name, value] of this.#totals) totals[name] = (totals[name] ?? 0) + value;
    const errors = [...this.#errors.list, ...inner?.recentErrors ?? []];
    return {
      ...inner,
      ...{ type, stream, client, state: this.#state, startedAt: this.#startedAt },
      ...{ error: this.#error, totals, ...details },
      recentErrors: errors.sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime()),
    };
  }
}
