/** `triton store --listen`, as an operator and their Prometheus see it. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "node:net";
import { encodeEvent } from "@triton/triton/codec";
import { startOtlpReceiver } from "../support/otlp_receiver.ts";
import { checkWithPromtool } from "../support/promtool.ts";
import { TritonProcess } from "../support/triton_process.ts";
import { untilTrue, within } from "../support/within.ts";
import { findUrl, LISTEN, LISTENING } from "./listening.ts";
import { BUCKET, startPipeline, STREAM } from "./pipeline.ts";

async function urlOf(store: TritonProcess): Promise<string> {
  await store.until(LISTENING);
  return findUrl(store)!;
}

async function get(url: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.text() };
}

Deno.test("triton store --listen shows what was archived, and metrics that promtool accepts", async () => {
  await using pipeline = await startPipeline();
  const entries = Array.from({ length: 50 }, (_, n) => ({
    partitionKey: `key-${n}`,
    data: encodeEvent({ secret: `event-${n}` }),
  }));
  await pipeline.kinesis.kinesis.putRecords(STREAM, entries);
  const store = pipeline.store(...LISTEN);
  const url = await urlOf(store);
  await store.until(/Archived \d+\//);
  await untilTrue(async () => (await get(`${url}readyz`)).status === 200, "/readyz to be 200");
  const [status, metrics] = [await get(`${url}status`), await get(`${url}metrics`)];
  const { streams, ready, healthy } = JSON.parse(status.body);
  deepStrictEqual([ready.ok, healthy.ok, streams.length], [true, true, 1]);
  const [{ recentFiles, shards, totals }] = streams;
  equal(totals["triton.records.read"], 50);
  equal(shards.length, 2);
  ok(pipeline.s3.buckets.get(BUCKET)!.get(recentFiles[0].key) !== undefined, recentFiles[0].key);
  match(metrics.body, /^triton_records_read_total\{.*shard="shardId-0+"\} \d+$/m);
  match(metrics.body, /^triton_headroom_seconds\{stream="clicks_prod",client="store"\} 86\d\d\d/m);
  for (const shown of [status.body, metrics.body]) {
    ok(!/event-\d|key-\d/.test(shown), "nothing of the events is shown");
  }
  const map = async () => (await get(`${url}map?days=2`)).body;
  await untilTrue(async () => (await map()).includes("<strong>Whole</strong>"), "the map");
  ok(!/event-\d|key-\d/.test(await map()), "nothing of the events is shown");
  const check = await checkWithPromtool(metrics.body);
  if (check !== undefined) deepStrictEqual(check, { code: 0, said: "" });
  equal((await store.stop()).code, 0);
});

Deno.test("triton store --listen responds before the database does, and reports what is missing", async () => {
  const nobody = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = nobody.addr as Deno.NetAddr;
  nobody.close();
  const database = `postgres://triton:hunter2secret@127.0.0.1:${port}/triton`;
  await using pipeline = await startPipeline({ database });
  const store = pipeline.store(...LISTEN);
  const url = await urlOf(store);
  await store.until(/ledger failed, retrying/);
  deepStrictEqual(await get(`${url}livez`), { status: 200, body: "ok\n" });
  const ready = await get(`${url}readyz`);
  equal(ready.status, 503);
  match(ready.body, /The database has not responded yet: /);
  const { body } = await get(`${url}status`);
  deepStrictEqual([JSON.parse(body).state, body.includes("hunter2secret")], ["starting", false]);
  const { body: metrics } = await get(`${url}metrics`);
  match(metrics, /^triton_retries_total\{.*service="ledger",kind="connection"\} [1-9]\d*$/m);
  match(metrics, /^triton_retries_total\{.*service="kinesis",kind="throttling"\} 0$/m);
  match(metrics, /^triton_build_info\{version="\d.*"\} 1$/m);
  const [, startedAt] = /^triton_start_timestamp_seconds (\d+)/m.exec(metrics)!;
  ok(Math.abs(Number(startedAt) - Date.now() / 1000) < 120, startedAt);
  equal((await store.stop()).code, 0);
});

Deno.test("/readyz of a starting store reports the bucket while S3 fails, and not Kinesis", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  let isDown = true;
  pipeline.s3.fault = () => isDown ? new Response("<Error/>", { status: 503 }) : undefined;
  const store = pipeline.store(...LISTEN);
  const url = await urlOf(store);
  await store.until(/object store failed, retrying/);
  const ready = await get(`${url}readyz`);
  equal(ready.status, 503);
  const { reasons } = JSON.parse(ready.body);
  equal(reasons.length, 1);
  match(reasons[0], /^The bucket s3:\/\/triton-test has not responded yet: .*503/);
  isDown = false;
  await untilTrue(async () => (await get(`${url}readyz`)).status === 200, "/readyz to be 200");
  equal((await store.stop()).code, 0);
});

Deno.test("/readyz of a starting store reports Kinesis while it is unreachable", async () => {
  const nobody = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = nobody.addr as Deno.NetAddr;
  nobody.close();
  await using pipeline = await startPipeline({ kinesisUrl: `http://127.0.0.1:${port}` });
  const store = pipeline.store(...LISTEN);
  const url = await urlOf(store);
  await store.until(/Kinesis failed, retrying/);
  const ready = await get(`${url}readyz`);
  equal(ready.status, 503);
  const { reasons } = JSON.parse(ready.body);
  equal(reasons.length, 1);
  match(reasons[0], /^Kinesis has not responded yet: /);
  equal((await store.stop()).code, 0);
});

Deno.test("triton store --listen keeps working with 1,100 idle connections and 1,024 file descriptors", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  const args = ["store", "--stream", "clicks", "--rotate", "1s", ...LISTEN];
  const under = ["sh", "-c", 'ulimit -n 1024; exec "$@"', "sh"];
  await using store = new TritonProcess(args, { env: pipeline.env, under });
  const url = await urlOf(store);
  const port = Number(new URL(url).port);
  const sockets = Array.from({ length: 1_100 }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}); // cut off
    return socket;
  });
  await untilTrue(() => sockets.every(({ connecting }) => !connecting), "1,100 connections");
  equal((await get(`${url}livez`)).status, 200);
  await pipeline.kinesis.kinesis.putRecords(STREAM, [
    { partitionKey: "a", data: encodeEvent({ n: 1 }) },
  ]);
  await store.until(/Archived \d+\//);
  equal((await get(`${url}livez`)).status, 200);
  equal((await store.stop()).code, 0);
  for (const socket of sockets) socket.destroy();
});

Deno.test("triton store --listen responds until the last file is archived", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  const data = encodeEvent({ n: 1 });
  await pipeline.kinesis.kinesis.putRecords(STREAM, [{ partitionKey: "a", data }]);
  const put = Promise.withResolvers<void>();
  const released = Promise.withResolvers<undefined>();
  pipeline.s3.fault = ({ operation, key }) => {
    if (operation !== "PutObject" || !key.endsWith(".tri")) return undefined;
    put.resolve();
    return released.promise;
  };
  const store = pipeline.store(...LISTEN);
  const url = await urlOf(store);
  await within(put.promise, "an archive to be put");
  const ended = store.stop();
  await untilTrue(async () => (await get(`${url}readyz`)).status === 503, "/readyz to be 503");
  const { state, uploads } = JSON.parse((await get(`${url}status`)).body);
  deepStrictEqual([state, uploads], ["stopping", 1]);
  equal((await get(`${url}livez`)).status, 200);
  released.resolve(undefined);
  equal((await ended).code, 0);
});

Deno.test("triton store --listen fails immediately if the port is in use", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  const other = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = other.addr as Deno.NetAddr;
  const { code, stderr } = await pipeline.store("--listen", `:${port}`).ended;
  other.close();
  equal(code, 1);
  match(stderr, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: another program uses`));
});

Deno.test("triton store with OTEL_DENO=true exports its metrics, also with --listen", async () => {
  await using receiver = startOtlpReceiver();
  await using pipeline = await startPipeline({ shards: 1 });
  const data = encodeEvent({ n: 1 });
  await pipeline.kinesis.kinesis.putRecords(STREAM, [{ partitionKey: "a", data }]);
  const store = pipeline.storeWith({
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "200",
    OTEL_SERVICE_NAME: "triton-test",
  }, ...LISTEN);
  const url = await urlOf(store);
  await store.until(/Archived \d+\//);
  const valueOf = (name: string) => receiver.metrics.get(name)?.[0];
  await untilTrue(() => valueOf("triton.records.archived")?.value === 1, "the record to be told");
  await untilTrue(() => valueOf("triton.headroom") !== undefined, "the headroom to be told");
  const { service, attributes } = valueOf("triton.records.archived")!;
  deepStrictEqual([service, attributes], [
    "triton-test",
    { stream: STREAM, client: "store", shard: "shardId-000000000000" },
  ]);
  match((await get(`${url}metrics`)).body, /^triton_records_archived_total\{.*\} 1$/m);
  equal((await store.stop()).code, 0);
});
