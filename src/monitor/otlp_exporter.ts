import { getLogger } from "@logtape/logtape";
import { createNoopMeter, metrics } from "@opentelemetry/api";
import type { Clock } from "../base/clock.ts";
import type { MetricRegistry } from "../telemetry/metric_registry.ts";
import { toOtlp } from "../telemetry/otlp_json.ts";
import { VERSION } from "../base/version.ts";

const log = getLogger(["triton", "monitor"]);

/** Time limit for an export, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Time limit for the last export, which must not delay the exit. */
const LAST_TIMEOUT_MS = 1_000;

export interface OtlpExporterOptions {
  /** {@linkcode OTEL_VARIABLES} and their values. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly registry: MetricRegistry;
  readonly clock: Clock;
}

/**
 * Whether metrics are to be exported that Deno does not export itself.
 *
 * With `OTEL_DENO=true` Deno exports them, but for an executable this is decided at compile time:
 * https://github.com/denoland/deno/issues/28839
 */
export function needsExporter(env: OtlpExporterOptions["env"]): boolean {
  return env.OTEL_DENO === "true" && metrics.getMeter("triton") === createNoopMeter();
}

/** Sends metrics to an OpenTelemetry collector as JSON over HTTP, periodically and at the end. */
export class OtlpExporter implements AsyncDisposable {
  readonly #options: OtlpExporterOptions;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #resource: Readonly<Record<string, string>>;
  readonly #startedAt: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: OtlpExporterOptions) {
    const { env, clock } = options;
    this.#options = options;
    this.#url = env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ||
      `${
        (env.OTEL_EXPORTER_OTLP_ENDPOINT || "http://localhost:4318").replace(/\/$/, "")
      }/v1/metrics`;
    this.#headers = parsePairs(env.OTEL_EXPORTER_OTLP_HEADERS);
    const resource = {
      "service.name": "triton",
      "service.version": VERSION,
      ...parsePairs(env.OTEL_RESOURCE_ATTRIBUTES),
    };
    const name = env.OTEL_SERVICE_NAME || resource["service.name"];
    this.#resource = { ...resource, "service.name": name };
    this.#startedAt = clock.now();
    this.#running = this.#run(Number(env.OTEL_METRIC_EXPORT_INTERVAL) || 60_000);
  }

  /** Exports once more, for at most one second. */
  async [Symbol.asyncDispose](): Promise<void> {
    const last = AbortSignal.timeout(LAST_TIMEOUT_MS);
    this.#stop.abort();
    await this.#running;
    await this.#export(last);
  }

  async #run(intervalMs: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(intervalMs, signal);
      } catch {
        return; // disposed
      }
      await this.#export(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
    }
  }

  /** Sends all metrics. A failed export loses nothing: values are cumulative. */
  async #export(signal: AbortSignal): Promise<void> {
    const { registry, clock } = this.#options;
    const at = clock.now();
    const context = { resource: this.#resource, version: VERSION, startedAt: this.#startedAt, at };
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { ...this.#headers, "content-type": "application/json" },
        body: JSON.stringify(toOtlp(registry.collect(), context)),
        signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    } catch (error) {
      if (error === this.#stop.signal.reason) return; // the last export follows
      const reason = error instanceof Error ? error.message : String(error);
      log.warn("Cannot send metrics to {url}: {reason}", {
        event: "metrics.unsent",
        url: this.#url,
        reason,
      });
    }
  }
}

/** Parses `key=value,key=value`, where both may be percent-encoded. */
function parsePairs(text = ""): Record<string, string> {
  const pairs = text.split(",").map((pair) => pair.split("="))
    .filter(([key, ...value]) => key!.trim() !== "" && value.length > 0)
    .map(([key, ...value]) => [decode(key!), decode(value.join("="))]);
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim(); // a lone percent sign
  }
}
