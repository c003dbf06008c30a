import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { ArchiverMonitor, type HostStatus } from "../../../../src/archiver/mod.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { StoreWatch } from "../../../../src/cli/commands/store/store_watch.ts";
import { MetricRegistry } from "../../../../src/telemetry/metric_registry.ts";
import { METRICS } from "../../../../src/telemetry/metrics.ts";
import { prometheusText } from "../../../../src/telemetry/prometheus_text.ts";
import { status } from "../../../monitor/monitor_fixture.ts";

const CLICKS = { stream: "clicks", client: "store", rotateMs: 3_600_000 };
const ORDERS = { stream: "orders", client: "store", rotateMs: 60_000 };

function startWatch() {
  const clock = new VirtualClock();
  const registry = new MetricRegistry();
  const env = { AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI" };
  const watch = new StoreWatch({
    clock,
    env,
    monitorOf: (stream) => new ArchiverMonitor({ ...stream, clock, meter: registry }),
  });
  return { watch, clock, registry };
}

/** The status of a host of two streams, of which the second one fails. */
function hostStatus(clock: VirtualClock): HostStatus {
  const at = new Date(clock.now());
  const { worker, workers, memory } = status() as Required<ReturnType<typeof status>>;
  const archiver = { ...status(), ...CLICKS, at, worker, workers } as NonNullable<
    HostStatus["streams"][number]["archiver"]
  >;
  const failure = {
    error: "denied for wJalrXUtnFEMI",
    attempts: 2,
    since: at,
    nextAttemptAt: undefined,
  };
  return {
    ...{ at, worker, workers, memory, uploads: 1, state: "running" },
    streams: [
      { stream: "clicks", client: "store", state: "running", archiver },
      { stream: "orders", client: "store", state: "failing", failure },
    ],
  };
}

Deno.test("StoreWatch shows streams from before the database responds", () => {
  const { watch, clock } = startWatch();
  const begun = new Date(clock.now());
  for (const stream of [CLICKS, ORDERS]) watch.add(stream).retried("ledger", new Error("refused"));
  const { streams, ...process } = watch.status();
  deepStrictEqual([process.state, process.startedAt, process.worker], [
    "starting",
    begun,
    undefined,
  ]);
  for (const [index, { stream, state, services, rotateMs, startedAt }] of streams.entries()) {
    const { stream: name, rotateMs: rotation } = [CLICKS, ORDERS][index]!;
    deepStrictEqual([stream, state, rotateMs, startedAt], [name, "starting", rotation, begun]);
    equal(services.ledger!.error, "refused", "each waits for the database");
  }
});

Deno.test("StoreWatch shows each stream as its host does, without secrets", () => {
  const { watch, clock } = startWatch();
  const monitors = [CLICKS, ORDERS].map((stream) => watch.add(stream));
  monitors[1]!.failed("denied for wJalrXUtnFEMI");
  watch.host = { status: () => hostStatus(clock) };
  const { streams: [clicks, orders], ...process } = watch.status();
  deepStrictEqual([process.state, process.uploads], ["running", 1]);
  deepStrictEqual([clicks!.state, clicks!.shards!.length], ["running", 2]);
  deepStrictEqual([orders!.state, orders!.failure!.attempts, orders!.shards], [
    ...["failing", 2, undefined],
  ]);
  ok(orders!.totals!["triton.gaps"] === 0, "what was counted stays between two attempts");
  match(orders!.failure!.error, /^denied for \*+$/);
  match(orders!.recentErrors[0]!.message, /^denied for \*+$/);
});

Deno.test("StoreWatch shows a store as starting until a stream is read", () => {
  const { watch, clock } = startWatch();
  const host = hostStatus(clock);
  const stateOf = (changes: Partial<HostStatus>) => {
    watch.host = { status: () => ({ ...host, ...changes }) };
    return watch.status().state;
  };
  const starting = host.streams.map((stream) => ({ ...stream, state: "starting" as const }));
  equal(stateOf({ streams: starting }), "starting");
  equal(stateOf({ streams: [starting[0]!, host.streams[1]!] }), "running");
  equal(stateOf({ streams: starting, state: "stopping" }), "stopping");
  equal(stateOf({ streams: [] }), "running", "there is nothing to wait for");
});

Deno.test("StoreWatch adds streams while it runs, and removes them with their metrics", async () => {
  const { watch, clock, registry } = startWatch();
  watch.add(CLICKS);
  await clock.advance(60_000);
  watch.add(ORDERS).uploaded(700);
  const [clicks, orders] = watch.status().streams;
  equal(orders!.startedAt.getTime() - clicks!.startedAt.getTime(), 60_000);
  const seen = () => {
    const points = registry.collect().flatMap(({ points }) =>
      points.map((p) => p.attributes.stream)
    );
    return [...new Set(points)];
  };
  deepStrictEqual(seen(), ["clicks", "orders"]);
  watch.remove({ stream: "orders", client: "other" });
  deepStrictEqual(seen(), ["clicks", "orders"]);
  watch.remove(ORDERS);
  deepStrictEqual(seen(), ["clicks"]);
  deepStrictEqual(watch.streams, ["clicks"]);
  watch.remove(CLICKS);
  deepStrictEqual([registry.collect(), watch.status().streams], [[], []]);
});

Deno.test("the metrics of several streams name stream and client, those of the process do not", () => {
  const { watch, registry } = startWatch();
  const monitors = [CLICKS, ORDERS].map((stream) => watch.add(stream));
  const values = Object.entries(METRICS).filter(([, { type }]) => type === "gauge");
  for (const monitor of monitors) {
    monitor.uploaded(1);
    monitor.observe(() => values.map(([name]) => ({ name, value: 1 }) as never));
  }
  const text = prometheusText(registry.collect());
  for (const line of text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))) {
    const isProcess = /^triton_(build_info|start_timestamp|memory_)/.test(line);
    if (isProcess) ok(!/stream=|client=/.test(line), line);
    else match(line, /stream="(clicks|orders)",client="store"/);
  }
  for (const name of ["triton_memory_rss_bytes", "triton_build_info"]) {
    equal(text.match(new RegExp(`^${name}[ {]`, "gm"))!.length, 1, name);
  }
  equal(text.match(/^triton_headroom_seconds\{/gm)!.length, 2);
});
