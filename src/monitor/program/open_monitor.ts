import { type Clock, systemClock } from "../../base/clock.ts";
import { type ListenAddress, parseListenAddress } from "../../base/listen_address.ts";
import { VERSION } from "../../base/version.ts";
import type { HttpRequest, HttpResponse, HttpServer } from "../../http/mod.ts";
import { MetricRegistry } from "../../telemetry/metric_registry.ts";
import type { PartStatus, ProgramMonitor } from "../../telemetry/program_monitor.ts";
import { PROMETHEUS_TEXT_TYPE, prometheusText } from "../../telemetry/prometheus_text.ts";
import { History, SAMPLE_INTERVAL_MS } from "../history.ts";
import { hostNames, listen, urlOf } from "../listen.ts";
import { observeProcess } from "../observe_process.ts";
import { PAGE_CSS, PAGE_JS } from "../page/assets.ts";
import type { Verdicts } from "../page/page.ts";
import { answerWithin, json, judged, page, reply, text } from "../responses.ts";
import { judgeProgramHealth, judgeProgramReadiness } from "./judge_program.ts";
import { renderProgram } from "./program_page.ts";
import { countOfPart, type ProgramStatus } from "./program_status.ts";

/** How far a reader may be behind unless it is set, in milliseconds. */
const UNHEALTHY_MS = 15 * 60_000;

/** Options for {@linkcode openMonitor}. */
export interface OpenMonitorOptions {
  /** Where to listen: `127.0.0.1:9464`, `[::1]:9464` or `:9464`, which is the loopback address. */
  readonly listen: string;
  /** More names of this server, in addition to `localhost` and the host it listens on. */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * `/healthz` returns 503 when a reader is further behind, or a stream has accepted nothing of a writer
   * for longer, in milliseconds. Default: 15 minutes.
   */
  readonly unhealthyAfterMs?: number | undefined;
  /** Time and random numbers. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** The page, health checks and metrics of a program that reads and writes streams. */
export interface Monitor extends ProgramMonitor, AsyncDisposable {
  /** The URL of the server, with the actual port. */
  readonly url: string;
}

/**
 * Serves what readers and writers of a program do, as `triton store --listen` does for an archiver.
 *
 * - `/`: a page for people: readers, writers, shards, errors, and charts of the last hours.
 * - `/metrics`: the metrics in the text format of Prometheus.
 * - `/status`: everything as JSON.
 * - `/healthz`: 503 with the reasons if something has failed, or is late.
 * - `/readyz`: 503 with the reasons until every reader has begun, and if something has failed.
 * - `/livez`: the process responds.
 *
 * Pass the monitor to `openStream`, `openHistory`, `openGroup` and `openWriter`. It is read-only, and
 * never shows event data, except what an error of a schema says. It answers only to IP addresses,
 * `localhost`, the host it listens on and `allowedHosts`.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis, openMonitor, StreamReader, StreamWriter } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks");
 *
 * await using monitor = openMonitor({ listen: "127.0.0.1:0" }); // port 0 picks a free one
 * await using writer = new StreamWriter(kinesis, "clicks", { monitor });
 * await writer.put({ partitionKey: "ada", data: new Uint8Array([0x80]) });
 * await writer.flush();
 *
 * await using reader = new StreamReader(kinesis, "clicks", { monitor, idle: true });
 * for await (const record of reader) equal(record.partitionKey, "ada");
 *
 * const { parts } = await (await fetch(`${monitor.url}status`)).json();
 * equal(parts.length, 2);
 * ```
 * @param options Where to listen, and when the program is not healthy.
 * @returns The monitor, which listens, and keeps the process alive, until it is disposed.
 * @throws {TypeError} If the address is malformed.
 * @throws {TritonError} If the address is in use or cannot be listened on.
 */
export function openMonitor(options: OpenMonitorOptions): Monitor {
  const address = parseListenAddress(options.listen);
  if (address === undefined) {
    throw new TypeError(
      `Cannot listen at "${options.listen}": use an address such as 127.0.0.1:9464 or :9464`,
    );
  }
  return new MonitorOfProgram(address, options);
}

class MonitorOfProgram implements Monitor {
  readonly meter: MetricRegistry = new MetricRegistry();
  readonly #clock: Clock;
  readonly #startedAt: Date;
  readonly #limits: { readonly unhealthyAfterMs: number };
  readonly #hosts: ReadonlySet<string>;
  readonly #parts = new Set<() => PartStatus>();
  readonly #histories = { read: new History(), put: new History() };
  readonly #server: HttpServer;
  readonly #stop = new AbortController();
  readonly #unobserve: () => void;
  readonly #sampling: Promise<void>;

  constructor(address: ListenAddress, options: OpenMonitorOptions) {
    const { allowedHosts = [], clock = systemClock, unhealthyAfterMs = UNHEALTHY_MS } = options;
    this.#clock = clock;
    this.#startedAt = new Date(clock.now());
    this.#limits = { unhealthyAfterMs };
    this.#hosts = hostNames(address, allowedHosts);
    this.#server = listen({ address, clock, answer: (request) => this.#answer(request) });
    this.#unobserve = observeProcess(this.#startedAt, this.meter);
    this.#sampling = this.#sample();
  }

  get url(): string {
    return urlOf(this.#server);
  }

  add(status: () => PartStatus): () => void {
    this.#parts.add(status);
    return () => this.#parts.delete(status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#unobserve();
    await Promise.all([this.#sampling, this.#server[Symbol.asyncDispose]()]);
  }

  get #status(): ProgramStatus {
    const parts = [...this.#parts].map((status) => status());
    const [version, startedAt] = [VERSION, this.#startedAt];
    return { at: new Date(this.#clock.now()), version, startedAt, parts };
  }

  async #sample(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { at, parts } = this.#status;
      this.#histories.read.add(sampleOf(at, parts.filter(({ type }) => type !== "writer")));
      this.#histories.put.add(sampleOf(at, parts.filter(({ type }) => type === "writer")));
      await this.#clock.sleep(SAMPLE_INTERVAL_MS, signal).catch(() => {});
    }
  }

  #answer(request: HttpRequest): Promise<HttpResponse> {
    const hint = "allowedHosts";
    return answerWithin({ request, hosts: this.#hosts, hint }, () => this.#route(request.path));
  }

  #route(path: string): HttpResponse {
    const status = this.#status;
    const verdicts = this.#judge(status);
    switch (path) {
      case "/":
        return page(renderProgram({ status, histories: this.#histories, ...verdicts }));
      case "/page.css":
        return reply(200, PAGE_CSS, "text/css; charset=utf-8");
      case "/page.js":
        return reply(200, PAGE_JS, "text/javascript; charset=utf-8");
      case "/livez":
        return text(200, "ok");
      case "/readyz":
        return judged(verdicts.ready);
      case "/healthz":
        return judged(verdicts.healthy);
      case "/status":
        return json(200, { ...verdicts, ...status });
      case "/metrics":
        return reply(200, prometheusText(this.meter.collect()), PROMETHEUS_TEXT_TYPE);
      default:
        return text(404, "Not found. Try /, /metrics, /status, /livez, /readyz or /healthz");
    }
  }

  #judge(status: ProgramStatus): Verdicts {
    return {
      ready: judgeProgramReadiness(status),
      healthy: judgeProgramHealth(status, this.#limits),
    };
  }
}

/** What is kept for charts. */
function sampleOf(at: Date, parts: readonly PartStatus[]): Parameters<History["add"]>[0] {
  const lags = parts.map(({ lagMs }) => lagMs).filter((lag) => lag !== undefined);
  const total = (of: (part: PartStatus) => number | undefined) =>
    parts.reduce((sum, part) => sum + (of(part) ?? 0), 0);
  const buffered = total(({ bufferedBytes }) => bufferedBytes);
  return {
    at,
    totals: { "triton.records.read": total(countOfPart) },
    lagMs: lags.length === 0 ? undefined : Math.max(...lags),
    unarchivedAgeMs: undefined,
    memory: { buffered, limit: 0, rss: 0 },
  };
}
