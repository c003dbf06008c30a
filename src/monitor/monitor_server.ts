import type { Clock } from "../base/clock.ts";
import type { ListenAddress } from "../base/listen_address.ts";
import type { HttpRequest, HttpResponse, HttpServer } from "../http/mod.ts";
import type { MetricRegistry } from "../telemetry/metric_registry.ts";
import { PROMETHEUS_TEXT_TYPE, prometheusText } from "../telemetry/prometheus_text.ts";
import { Histories, SAMPLE_INTERVAL_MS } from "./history.ts";
import { judgeHealth, judgeReadiness } from "./judge_store.ts";
import { type HealthLimits, judgeStreamHealth, judgeStreamReadiness } from "./judge_stream.ts";
import { hostNames, listen, urlOf } from "./listen.ts";
import type { DrawMap } from "./draw_map.ts";
import { answerMap, isMapPath } from "./map_route.ts";
import { PAGE_CSS, PAGE_JS } from "./page/assets.ts";
import type { Verdicts } from "./page/page.ts";
import { renderStream } from "./page/stream_page.ts";
import { renderStreams } from "./page/streams_page.ts";
import { answerWithin, decodePart, json, judged, page, reply, text } from "./responses.ts";
import type { StoreStatus, StreamStatus } from "./store_status.ts";

export interface MonitorServerOptions {
  readonly address: ListenAddress;
  /** More names of this server, in addition to `localhost` and the one it listens on. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly status: () => StoreStatus;
  readonly registry: MetricRegistry;
  /** When the store is not healthy. */
  readonly limits: HealthLimits;
  readonly clock: Clock;
  /** Draws maps of archives, for `/map`. Default: there is no such path. */
  readonly map?: DrawMap | undefined;
}

/** What the paths of the streams' pages begin with. */
const STREAMS = "/streams/";

/**
 * Serves the status of `triton store` over HTTP.
 *
 * - `/`: a page for people, of the stream, or with a list of streams if there are several.
 * - `/streams/NAME`: the page of one stream; `?client=NAME` if two have the same name.
 * - `/map`: a map of the archive, or a list of maps if there are several streams; `/map/NAME`.
 * - `/livez`: the process responds.
 * - `/readyz`: records of one stream or more can be archived. 503 with the reasons if not.
 * - `/healthz`: records of all streams are archived in time. 503 with the reasons if not.
 * - `/status`: the complete status as JSON.
 * - `/metrics`: the metrics in the text format of Prometheus.
 *
 * It is read-only, and never shows contents of events, except what a handler of a consumer group puts
 * into its error. `/` and the health paths also accept HEAD and OPTIONS, for load balancers.
 */
export class MonitorServer implements AsyncDisposable {
  readonly #options: MonitorServerOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #server: HttpServer;
  readonly #histories = new Histories();
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  /**
   * Starts to listen.
   *
   * @throws {TritonError} If the address is in use or cannot be listened on.
   */
  constructor(options: MonitorServerOptions) {
    const { address, allowedHosts = [], clock } = options;
    this.#options = options;
    this.#hosts = hostNames(address, allowedHosts);
    this.#server = listen({ address, clock, answer: (request) => this.#answer(request) });
    this.#sampling = this.#sample();
  }

  /** The URL of the server, with the actual port. */
  get url(): string {
    return urlOf(this.#server);
  }

  /** Stops listening, and answers the requests it has received. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#sampling, this.#server[Symbol.asyncDispose]()]);
  }

  async #sample(): Promise<void> {
    const { status, clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#histories.add(status());
      await clock.sleep(SAMPLE_INTERVAL_MS, signal).catch(() => {});
    }
  }

  #answer(request: HttpRequest): Promise<HttpResponse> {
    const guarded = { request, hosts: this.#hosts, hint: "--allowed-hosts" };
    return answerWithin(guarded, () => this.#route(request));
  }

  #route({ path, query }: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const { map, status } = this.#options;
    if (map !== undefined && isMapPath(path)) return answerMap({ path, query }, status(), map);
    return path.startsWith(STREAMS) ? this.#stream(path, query) : this.#common(path);
  }

  #common(path: string): HttpResponse {
    const { status, registry, limits } = this.#options;
    switch (path) {
      case "/":
        return page(this.#root());
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
        return json(200, this.#withVerdicts(status()));
      case "/metrics":
        return reply(200, prometheusText(registry.collect()), PROMETHEUS_TEXT_TYPE);
      default:
        return text(404, "Not found. Try /, /metrics, /status, /livez, /readyz or /healthz");
    }
  }

  #root(): string {
    const status = this.#options.status();
    const [stream, ...others] = status.streams;
    if (stream !== undefined && others.length === 0) return this.#pageOf(stream, status, "");
    const history = this.#histories.store;
    const judge = (stream: StreamStatus) => this.#judgeStream(stream);
    const hasMaps = this.#hasMaps;
    return renderStreams({ status, history, judge, hasMaps, ...this.#judge(status) });
  }

  /** Answers with the page of one stream. */
  #stream(path: string, query: string): HttpResponse {
    const status = this.#options.status();
    const name = decodePart(path.slice(STREAMS.length));
    const client = new URLSearchParams(query).get("client");
    const stream = status.streams.find((stream) =>
      stream.stream === name && (client === null || stream.client === client)
    );
    return stream === undefined
      ? text(404, "Not found: no such stream is archived here. / has all")
      : page(this.#pageOf(stream, status, "../"));
  }

  #pageOf(stream: StreamStatus, status: StoreStatus, root: "" | "../"): string {
    const history = this.#histories.of(stream);
    const verdicts = this.#judgeStream(stream);
    return renderStream({ status, stream, history, root, hasMaps: this.#hasMaps, ...verdicts });
  }

  get #hasMaps(): boolean {
    return this.#options.map !== undefined;
  }

  #judge(status: StoreStatus): Verdicts {
    const { limits } = this.#options;
    return { ready: judgeReadiness(status, limits), healthy: judgeHealth(status, limits) };
  }

  #judgeStream(stream: StreamStatus): Verdicts {
    const { limits } = this.#options;
    return {
      ready: judgeStreamReadiness(stream, limits),
      healthy: judgeStreamHealth(stream, limits),
    };
  }

  #withVerdicts(status: StoreStatus) {
    const streams = status.streams.map((stream) => ({ ...this.#judgeStream(stream), ...stream }));
    return { ...this.#judge(status), ...status, streams };
  }
}
