/** `triton store --listen` with several streams, as an operator and their Prometheus see it. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { encodeEvent } from "@triton/triton/codec";
import { startOtlpReceiver } from "../support/otlp_receiver.ts";
import { checkWithPromtool } from "../support/promtool.ts";
import { TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";
import { findUrl, LISTEN, LISTENING } from "./listening.ts";
import { startPipeline } from "./pipeline.ts";

const CONFIG = `
clicks: { name: clicks_prod }
orders: { name: orders_prod }
`;

/** A store of two streams, of which the second is not there. */
async function startStreams(env: Readonly<Record<string, string>> = {}) {
  await using stack = new AsyncDisposableStack();
  const pipeline = stack.use(await startPipeline({ shards: 1 }));
  await Deno.writeTextFile(pipeline.env.TRITON_CONFIG!, CONFIG);
  const put = (stream: string) =>
    pipeline.kinesis.kinesis.putRecords(stream, [
      { partitionKey: "a", data: encodeEvent({ n: 1 }) },
    ]);
  await put("clicks_prod");
  const args = ["store", "--all-streams", "--rotate", "1s", ...LISTEN];
  const store = stack.use(new TritonProcess(args, { env: { ...pipeline.env, ...env } }));
  await store.until(LISTENING);
  const url = findUrl(store)!;
  const get = async (path: string) => {
    const response = await fetch(new URL(path, url));
    return { status: response.status, body: await response.text() };
  };
  const started = stack.move();
  const end = () => started.disposeAsync();
  return { pipeline, put, store, get, [Symbol.asyncDispose]: end };
}

Deno.test("store --listen with several streams names the one that fails, and recovers", async () => {
  await using streams = await startStreams();
  const { pipeline, store, get, put } = streams;
  const stateOf = async (name: string) => {
    const { streams } = JSON.parse((await get("status")).body);
    return streams.find(({ stream }: { stream: string }) => stream === name)?.state;
  };
  await store.until(/Archived \d+\/clicks_prod-/);
  await untilTrue(async () => await stateOf("orders_prod") === "failing", "orders to fail");
  const health = await get("healthz");
  equal(health.status, 503);
  const { reasons } = JSON.parse(health.body);
  match(
    reasons.join(),
    /^orders_prod: Archiving failed (once|\d+ times in [^:]+): [^,]*orders_prod/,
  );
  equal((await get("readyz")).status, 200, "one stream is enough");
  const page = await get("");
  match(page.body, /<h1>2 streams<\/h1>/);
  ok(page.body.indexOf("streams/orders_prod") < page.body.indexOf("streams/clicks_prod"));
  equal((await get("streams/orders_prod")).status, 200);
  match((await get("metrics")).body, /^triton_stream_failing\{stream="orders_prod",.*\} 1$/m);
  await pipeline.kinesis.createStream("orders_prod", 1);
  await put("orders_prod");
  await store.until(/Archived \d+\/orders_prod-/);
  await untilTrue(async () => await stateOf("orders_prod") === "running", "orders to be read");
  equal((await store.stop()).code, 0);
});

Deno.test("store --listen with several streams has metrics of each, and of the process once", async () => {
  await using streams = await startStreams();
  const { pipeline, store, get } = streams;
  await pipeline.kinesis.createStream("orders_prod", 1);
  await untilTrue(async () => {
    const { body } = await get("metrics");
    return body.match(/^triton_headroom_seconds\{/gm)?.length === 2;
  }, "both streams to be read");
  const { body } = await get("metrics");
  const samples = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const ofProcess = samples.filter((line) =>
    !/\{stream="(clicks|orders)_prod",client="store"/.test(line)
  );
  deepStrictEqual(ofProcess.map((line) => /^\w+/.exec(line)![0]).sort(), [
    "triton_build_info",
    "triton_memory_buffered_bytes",
    "triton_memory_limit_bytes",
    "triton_memory_rss_bytes",
    "triton_start_timestamp_seconds",
  ]);
  const check = await checkWithPromtool(body);
  if (check !== undefined) deepStrictEqual(check, { code: 0, said: "" });
  const { streams: [clicks, orders], ...process } = JSON.parse((await get("status")).body);
  const { worker, workers, memory } = process;
  deepStrictEqual([clicks.worker, orders.worker, workers], [worker, worker, [worker]]);
  ok(memory.rss > 0 && memory.limit > 0);
  equal((await store.stop()).code, 0);
});

Deno.test("Deno exports the metrics of each stream, and those of the process once", async () => {
  await using receiver = startOtlpReceiver();
  await using streams = await startStreams({
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "200",
  });
  await streams.pipeline.kinesis.createStream("orders_prod", 1);
  const attributesOf = (name: string) =>
    (receiver.metrics.get(name) ?? []).map(({ attributes }) => attributes);
  await untilTrue(() => attributesOf("triton.headroom").length === 2, "both headrooms to be told");
  const byStream = attributesOf("triton.headroom").map(({ stream, client }) => [stream, client]);
  deepStrictEqual(byStream.sort(), [["clicks_prod", "store"], ["orders_prod", "store"]]);
  for (const name of ["start.timestamp", "memory.buffered", "memory.limit", "memory.rss"]) {
    deepStrictEqual(attributesOf(`triton.${name}`), [{}], name);
  }
});
