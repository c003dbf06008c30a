import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { formatAddress, isLoopback, type ListenAddress } from "../base/listen_address.ts";
import { type HttpAnswer, type HttpRequest, HttpServer, isAllowedHost } from "../http/mod.ts";
import type { MetricRegistry } from "../telemetry/metric_registry.ts";
import { PROMETHEUS_TEXT_TYPE, prometheusText } from "../telemetry/prometheus_text.ts";
import { History, SAMPLE_INTERVAL_MS } from "./history.ts";
import { PAGE_CSS, PAGE_JS } from "./page/assets.ts";
import { renderPage } from "./page/page.ts";
import {
  type HealthLimits,
  judgeHealth,
  judgeReadiness,
  type StoreStatus,
  type Verdict,
} from "./store_status.ts";

const log = getLogger(["triton", "monitor"]);

/** What is shown, and to whom. */
export interface MonitorServerOptions {
  /** Where to listen. */
  readonly address: ListenAddress;
  /** Names of this server beside `localhost` and the one it listens on. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Tells how the store stands now. */
  readonly status: () => StoreStatus;
  /** Where the metrics are. */
  readonly registry: MetricRegistry;
  /** When it is not healthy. */
  readonly limits: HealthLimits;
  /** When to take a sample for the charts. */
  readonly clock: Clock;
}

/**
 * Paths that load balancers ask with OPTIONS: HAProxy's check is `OPTIONS /` unless it is told
 * otherwise.
 */
const PROBED_PATHS: ReadonlySet<string> = new Set(["/", "/livez", "/readyz", "/healthz"]);

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; " +
    "connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * Shows over HTTP how `triton store` stands.
 *
 * - `/`: a page for people.
 * - `/livez`: the process turns.
 * - `/readyz`: it can work. 503 with the reasons if not.
 * - `/healthz`: the work gets done. 503 with the reasons if not.
 * - `/status`: all that is known, as JSON.
 * - `/metrics`: the metrics, as Prometheus reads them.
 *
 * Nothing of the events is shown, and nothing can be changed. Load balancers may ask the health paths
 * and `/` with HEAD or OPTIONS, too.
 */
export class MonitorServer implements AsyncDisposable {
  readonly #options: MonitorServerOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #server: HttpServer;
  readonly #history = new History();
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  /**
   * Begins to listen.
   *
   * @throws {TritonError} If the address is in use or cannot be listened on.
   */
  constructor(options: MonitorServerOptions) {
    const { address, allowedHosts = [], clock } = options;
    this.#options = options;
    this.#hosts = new Set([address.hostname, ...allowedHosts].map((name) => name.toLowerCase()));
    this.#server = new HttpServer({ address, clock, answer: (request) => this.#answer(request) });
    log.info("Showing status and metrics on {url}", { event: "monitor.started", url: this.url });
    if (!isLoopback(address.hostname)) {
      log.warn("{url} is open to whoever reaches this machine", {
        event: "monitor.exposed",
        url: this.url,
      });
    }
    this.#sampling = this.#sample();
  }

  /** Where it listens, with the port that was taken. */
  get url(): string {
    return `http://${formatAddress(this.#server.address)}/`;
  }

  /** Stops listening, and answers what was asked for already. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#sampling, this.#server[Symbol.asyncDispose]()]);
  }

  /** Keeps in mind how the store stands, again and again. */
  async #sample(): Promise<void> {
    const { status, clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#history.add(status());
      await clock.sleep(SAMPLE_INTERVAL_MS, signal).catch(() => {});
    }
  }

  #answer({ method, path, host }: HttpRequest): HttpAnswer {
    // HTTP/1.0 needs no Host; browsers, whose pages could lie about it, always send one.
    if (host !== undefined && !isAllowedHost(host, this.#hosts)) {
      return text(421, "This server has another name: see --allowed-hosts");
    }
    const isProbed = PROBED_PATHS.has(path);
    const allow = isProbed ? "GET, HEAD, OPTIONS" : "GET, HEAD";
    if (method !== "GET" && method !== "HEAD" && !(isProbed && method === "OPTIONS")) {
      return text(405, `Only ${allow} are answered here`, { allow });
    }
    const answer = this.#route(path);
    return method === "OPTIONS" ? { ...answer, headers: { ...answer.headers, allow } } : answer;
  }

  #route(path: string): HttpAnswer {
    const { status, registry, limits } = this.#options;
    switch (path) {
      case "/":
        return reply(200, this.#page(), "text/html; charset=utf-8");
      case "/page.css":
        return reply(200, PAGE_CSS, "text/css; charset=utf-8");
      case "/page.js":
        return reply(200, PAGE_JS, "text/javascript; charset=utf-8");
      case "/livez":
        return text(200, "ok");
      case "/readyz":
        return judged(judgeReadiness(status(), limits));
      case "/healthz":
        return judged(judgeHealth(status(), limits));
      case "/status":
        return json(200, withVerdicts(status(), limits));
      case "/metrics":
        return reply(200, prometheusText(registry.collect()), PROMETHEUS_TEXT_TYPE);
      default:
        return text(404, "There are /, /metrics, /status, /livez, /readyz and /healthz");
    }
  }

  #page(): string {
    const { limits } = this.#options;
    const status = this.#options.status();
    const [ready, healthy] = [judgeReadiness(status, limits), judgeHealth(status, limits)];
    return renderPage({ status, history: this.#history, ready, healthy });
  }
}

function withVerdicts(status: StoreStatus, limits: HealthLimits) {
  return { ready: judgeReadiness(status, limits), healthy: judgeHealth(status, limits), ...status };
}

function judged(verdict: Verdict): HttpAnswer {
  return json(verdict.ok ? 200 : 503, verdict);
}

function json(status: number, value: unknown): HttpAnswer {
  return reply(status, `${JSON.stringify(value, null, 2)}\n`, "application/json");
}

function text(status: number, value: string, headers: HttpAnswer["headers"] = {}): HttpAnswer {
  return reply(status, `${value}\n`, "text/plain; charset=utf-8", headers);
}

function reply(
  status: number,
  body: string,
  type: string,
  headers: HttpAnswer["headers"] = {},
): HttpAnswer {
  return { status, body, headers: { ...HEADERS, ...headers, "content-type": type } };
}
