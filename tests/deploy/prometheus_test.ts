/** The files of examples/deploy for Prometheus; a real worker as a real Prometheus sees it by them. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { parse, parseAllDocuments } from "yaml";
import { encodeEvent } from "@triton/triton/codec";
import { findUrl, LISTEN, LISTENING } from "../e2e/listening.ts";
import { startPipeline, STREAM } from "../e2e/pipeline.ts";
import { type PrometheusServer, startPrometheus } from "../support/prometheus.ts";
import { untilTrue } from "../support/within.ts";

const DEPLOY = new URL("../../examples/deploy/", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, DEPLOY));
}

Deno.test("the PodMonitor is valid, and selects the pods of the manifest and their port", () => {
  const [deployment] = parseAllDocuments(read("kubernetes/triton-store.yaml"), { merge: true })
    .map((document) => document.toJS()).filter(({ kind }) => kind === "Deployment");
  const monitor = parse(read("kubernetes/pod-monitor.yaml"));
  new PodMonitor(monitor).validate();
  const { selector: { matchLabels }, podMetricsEndpoints: [endpoint] } = monitor.spec;
  const { metadata: { labels }, spec: { containers: [container] } } = deployment.spec.template;
  deepStrictEqual({ ...labels, ...matchLabels }, labels);
  deepStrictEqual(container.ports.map(({ name }: { name: string }) => name), [endpoint.port]);
});

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

Deno.test("each alert has a test in which it fires, and one in which it does not", () => {
  const { groups: [{ rules }] } = parse(read("prometheus/alerts.yml"));
  const { tests } = parse(read("prometheus/alerts_test.yml"));
  const cases: AlertTest[] = tests.flatMap((test: { alert_rule_test: AlertTest[] }) =>
    test.alert_rule_test
  );
  const named = (fires: boolean) => {
    const wanted = cases.filter(({ exp_alerts }) => (exp_alerts.length > 0) === fires);
    return [...new Set(wanted.map(({ alertname }) => alertname))].sort();
  };
  const alerts = rules.map(({ alert }: { alert: string }) => alert).sort();
  deepStrictEqual([named(true), named(false)], [alerts, alerts]);
});

Deno.test("the alerts do not match a full job name, which scraping by annotations sets", () => {
  deepStrictEqual(read("prometheus/alerts.yml").match(/job="[^"]*"/g), null);
});

/** A second stream, with shards of the same names. */
const OTHER_STREAM = "orders_prod";

/** Serves a worker's page as if it were of another stream. */
function serveOther(page: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    const text = await (await fetch(page)).text();
    return new Response(text.replaceAll(STREAM, OTHER_STREAM), {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  });
}

const META = "__meta_kubernetes_pod";

/** A pod as Kubernetes' service discovery shows it, which Debian's Prometheus is built without. */
function pod(name: string, port: number, labels: Readonly<Record<string, string>> = {}) {
  return {
    targets: ["127.0.0.1:1"],
    labels: {
      [`${META}_annotation_prometheus_io_scrape`]: "true",
      [`${META}_annotation_prometheus_io_port`]: `${port}`,
      [`${META}_ip`]: "127.0.0.1",
      [`${META}_phase`]: "Running",
      __meta_kubernetes_namespace: "prod",
      [`${META}_name`]: name,
      ...labels,
    },
  };
}

/** The configurations that are shipped, with the targets that there are here, and in a hurry. */
function configOf(worker: number, other: number) {
  const config = parse(read("prometheus/prometheus.yml"));
  const [pods] = parse(read("prometheus/kubernetes-pods.yml")).scrape_configs;
  const { kubernetes_sd_configs, ...job } = pods;
  deepStrictEqual(kubernetes_sd_configs, [{ role: "pod" }]);
  config.global = { scrape_interval: "500ms", evaluation_interval: "1s" };
  config.scrape_configs[0].static_configs[0].targets = [`127.0.0.1:${worker}`];
  job.static_configs = [
    pod("triton-0", other),
    pod("ended", 2, { [`${META}_phase`]: "Succeeded" }),
    pod("of-others", 3, { [`${META}_annotation_prometheus_io_scrape`]: "" }),
  ];
  config.scrape_configs.push(job);
  return config;
}

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

const DASHBOARD = JSON.parse(read("grafana/triton.json"));

/** What the dashboard asks on "All", for a panel of 20 seconds. */
function queryOf({ expr }: Target): string {
  const { allValue } = DASHBOARD.templating.list[1];
  return expr.replaceAll("$stream", allValue).replaceAll("$client", allValue)
    .replaceAll("$__rate_interval", "20s");
}

/** What is wrong with the answer to a query: no data, or streams that are drawn as one. */
async function faultOf(
  prometheus: PrometheusServer,
  type: string,
  target: Target,
): Promise<string | undefined> {
  const samples = await prometheus.query(queryOf(target));
  const known = samples.filter(({ value }) => !Number.isNaN(value));
  if (known.length === 0) return `no data: ${target.expr}`;
  if (type !== "timeseries") return undefined;
  const labels = [...target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
  const streams = new Set(known.map(({ metric }) => metric.stream));
  if (labels.includes("stream") && !(streams.has(STREAM) && streams.has(OTHER_STREAM))) {
    return `not both: ${target.expr}`;
  }
  // Those of the processes, of which there are two.
  if (labels.includes("instance") && known.length < 2) return `not both: ${target.expr}`;
  const legends = known.map(({ metric }) => labels.map((label) => metric[label]).join());
  return new Set(legends).size < known.length ? `one legend for two: ${target.expr}` : undefined;
}

Deno.test("each query of the dashboard returns the data of each stream that is scraped", async () => {
  await using pipeline = await startPipeline();
  const store = pipeline.store(...LISTEN);
  await store.until(LISTENING);
  const url = new URL(findUrl(store)!);
  await using other = serveOther(`${url}metrics`);
  const config = configOf(Number(url.port), other.addr.port);
  await using prometheus = await startPrometheus(config, {
    "alerts.yml": read("prometheus/alerts.yml"),
  });
  if (prometheus === undefined) return;
  const targets: [string, Target][] = DASHBOARD.panels.flatMap(
    ({ type, targets }: { type: string; targets: Target[] }) =>
      targets.map((target) => [type, target]),
  );
  ok(targets.length > 15);
  let faults: (string | undefined)[] = [];
  await untilTrue(
    async () => {
      const data = encodeEvent({ n: 1 });
      await pipeline.kinesis.kinesis.putRecords(STREAM, [{ partitionKey: "a", data }]);
      const found = targets.map(([type, target]) => faultOf(prometheus, type, target));
      faults = (await Promise.all(found)).filter((fault) => fault !== undefined);
      return faults.length === 0;
    },
    "all panels to have data",
    () => faults.join("\n"),
  );
  const { activeTargets } = await prometheus.get("targets?state=active");
  type Scraped = { readonly labels: Record<string, string>; readonly health: string };
  deepStrictEqual(activeTargets.map(({ labels, health }: Scraped) => [labels, health]), [
    [{
      job: "kubernetes-pods",
      instance: `127.0.0.1:${other.addr.port}`,
      namespace: "prod",
      pod: "triton-0",
    }, "up"],
    [{ job: "triton", instance: `127.0.0.1:${url.port}` }, "up"],
  ]);
  for (const label of ["stream", "client"]) {
    const values = await prometheus.get(`label/${label}/values?match[]=triton_stream_failing`);
    deepStrictEqual(values, label === "stream" ? [STREAM, OTHER_STREAM] : ["store"]);
  }
  const { groups: [{ rules }] } = await prometheus.get("rules");
  type Rule = { readonly name: string; readonly health: string; readonly state: string };
  for (const { name, health, state } of rules as Rule[]) {
    deepStrictEqual([health, state], ["ok", "inactive"], name);
  }
});
