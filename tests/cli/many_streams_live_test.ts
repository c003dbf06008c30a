/**
 * `triton store` with several streams, on a local Kinesis and a local S3.
 *
 * @module
 */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { encodeEvent } from "../../src/codec/mod.ts";
import { BUCKET, type Pipeline, startPipeline } from "../e2e/pipeline.ts";
import { startKinesisProxy } from "../support/kinesis_proxy.ts";
import { TritonProcess } from "../support/triton_process.ts";

const CONFIG = `
clicks: { name: clicks_prod }
orders: { name: orders_prod, archive: { client: second, bucket: s3://${BUCKET}/orders, rotate: 2s } }
test_a: { name: test_a }
off: { name: off, archive: { enabled: false } }
`;

/** A pipeline with more streams: `orders_prod`, `test_a` and `off`. */
async function startStreams(): Promise<Pipeline> {
  const pipeline = await startPipeline({ shards: 1 });
  for (const name of ["orders_prod", "test_a", "off"]) await pipeline.kinesis.createStream(name);
  await Deno.writeTextFile(pipeline.env.TRITON_CONFIG!, CONFIG);
  return pipeline;
}

function startStore({ env }: Pipeline, ...args: readonly string[]): TritonProcess {
  return new TritonProcess(["store", "--rotate", "1s", ...args], { env });
}

async function put({ kinesis: { kinesis } }: Pipeline, stream: string, id: string): Promise<void> {
  await kinesis.putRecords(stream, [{ partitionKey: id, data: encodeEvent({ id }) }]);
}

/** The archives of a stream, without the day. */
function archivesOf({ s3 }: Pipeline, stream: string): string[] {
  return [...s3.buckets.get(BUCKET)!.keys()].filter((key) => key.includes(`/${stream}-`));
}

/** The events of a line of the log. */
function events(store: TritonProcess): Record<string, unknown>[] {
  return store.log.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

Deno.test("store --stream a --stream b archives both, each as the configuration says", async () => {
  await using pipeline = await startStreams();
  await put(pipeline, "clicks_prod", "a");
  await put(pipeline, "orders_prod", "b");
  await using store = startStore(pipeline, "--stream", "clicks", "--stream", "orders");
  await store.until(/"file.archived".*clicks_prod-store/);
  await store.until(/"file.archived".*orders_prod-second/);
  await put(pipeline, "orders_prod", "c");
  await store.until(/"file.archived".*orders_prod-second/, 2);
  const { code, stderr } = await store.stop();
  equal(code, 0, stderr);
  match(archivesOf(pipeline, "clicks_prod")[0]!, /^\d{8}\/clicks_prod-store-\d+\.tri$/);
  match(archivesOf(pipeline, "orders_prod")[0]!, /^orders\/\d{8}\/orders_prod-second-\d+\.tri$/);
  const cat = await pipeline.cat("--stream", "orders");
  deepStrictEqual([cat.code, cat.stdout, cat.stderr], [0, `{"id":"b"}\n{"id":"c"}\n`, ""]);
  // An option that is passed wins over the configuration, as for a copy of the archive.
  const other = await pipeline.cat("--stream", "orders", "--bucket", `s3://${BUCKET}`);
  deepStrictEqual([other.code, other.stdout], [0, ""]);
  const ls = await pipeline.run(["ls", "--stream", "orders"]);
  match(ls.stdout, /orders_prod-second-/);
  const recovered = await pipeline.run(["checkpoint", "recover", "--stream", "orders"]);
  deepStrictEqual([recovered.code, recovered.stderr], [0, ""]);
  const [selected] = events(store).filter(({ event }) => event === "streams.selected");
  deepStrictEqual([selected?.streams, selected?.added, selected?.removed], [2, 2, 0]);
});

Deno.test("store --all-streams archives those that are enabled, except some", async () => {
  await using pipeline = await startStreams();
  for (const name of ["clicks_prod", "orders_prod", "test_a", "off"]) {
    await put(pipeline, name, "a");
  }
  await using store = startStore(pipeline, "--all-streams", "--except", "test_*");
  await store.until(/"file.archived".*clicks_prod-store/);
  await store.until(/"file.archived".*orders_prod-second/);
  equal((await store.stop()).code, 0);
  const started = events(store).filter(({ event }) => event === "archiver.started");
  deepStrictEqual(started.map(({ stream }) => stream), ["clicks_prod", "orders_prod"]);
});

Deno.test("store --watch-config takes streams that are added, and lets go of those removed", async () => {
  await using pipeline = await startStreams();
  const path = pipeline.env.TRITON_CONFIG!;
  await Deno.writeTextFile(path, "clicks: { name: clicks_prod }\n");
  for (const name of ["clicks_prod", "orders_prod"]) await put(pipeline, name, "a");
  await using store = startStore(pipeline, "--all-streams", "--watch-config");
  await store.until(/"file.archived".*clicks_prod-store/);
  await Deno.writeTextFile(path, "clicks: { name: clicks_prod, nmae: x }\n");
  await store.until(/"config.refused".*did you mean \\"name\\"\?/);
  await put(pipeline, "clicks_prod", "b");
  await Deno.writeTextFile(path, "orders: { name: orders_prod }\n");
  await store.until(/"archiver.removed".*clicks_prod/);
  await store.until(/"file.archived".*orders_prod-store/);
  await put(pipeline, "clicks_prod", "c"); // nobody reads this
  equal((await store.stop()).code, 0);
  await Deno.writeTextFile(path, "clicks: { name: clicks_prod }\n");
  const cat = await pipeline.cat();
  deepStrictEqual(cat.stdout, '{"id":"a"}\n{"id":"b"}\n');
});

Deno.test("store --streams-like needs no configuration, and takes streams by their tags", async () => {
  await using pipeline = await startStreams();
  const { TRITON_CONFIG: _, ...env } = pipeline.env;
  for (const name of ["clicks_prod", "orders_prod", "test_a"]) await put(pipeline, name, "a");
  await pipeline.kinesis.tagStream("clicks_prod", { team: "data", env: "prod" });
  await pipeline.kinesis.tagStream("orders_prod", { team: "data" });
  await pipeline.kinesis.tagStream("test_a", { team: "data", env: "prod" });
  const tags = ["--tag", "team=data", "--tag", "env=prod"];
  await using store = startStore({ ...pipeline, env }, "--streams-like", "*_prod", ...tags);
  await store.until(/"file.archived".*clicks_prod-store/);
  equal((await store.stop()).code, 0);
  const started = events(store).filter(({ event }) => event === "archiver.started");
  deepStrictEqual(started.map(({ stream }) => stream), ["clicks_prod"]);
});

Deno.test("store archives the other streams if one is missing, and then ends with 1 and its name", async () => {
  await using pipeline = await startStreams();
  await Deno.writeTextFile(
    pipeline.env.TRITON_CONFIG!,
    "clicks: { name: clicks_prod }\nmissing: { name: missing_prod }\n",
  );
  await using store = startStore(pipeline, "--all-streams");
  await store.until(/"archiver.failed".*missing_prod/);
  await put(pipeline, "clicks_prod", "a");
  await store.until(/"file.archived".*clicks_prod-store/);
  const { code, stderr } = await store.stop();
  equal(code, 1);
  match(stderr, /Cannot archive 1 of 2 streams: \\"missing_prod\\": Cannot describe stream/);
  equal((await pipeline.cat()).stdout, '{"id":"a"}\n');
});

Deno.test("store --stream of a single stream ends at once if the stream is missing", async () => {
  await using pipeline = await startStreams();
  await Deno.writeTextFile(pipeline.env.TRITON_CONFIG!, "missing: { name: missing_prod }\n");
  await using store = startStore(pipeline, "--stream", "missing");
  const { code, stderr } = await store.ended;
  equal(code, 1);
  match(stderr, /"command.failed".*Cannot describe stream \\"missing_prod\\"/);
});

Deno.test("store --all-streams waits for a database that does not respond, and stops when told to", async () => {
  await using pipeline = await startStreams();
  const env = { ...pipeline.env, TRITON_DB: "postgres://nobody@127.0.0.1:1/none" };
  await using store = startStore({ ...pipeline, env }, "--all-streams");
  await store.until(/"request.retried".*"ledger"/);
  equal((await store.stop()).code, 0);
  ok(!store.log.some((line) => line.includes("archiver.failed")));
});

Deno.test("store --streams-like waits for Kinesis, and stops when told to", async () => {
  await using pipeline = await startStreams();
  await using proxy = startKinesisProxy(pipeline.kinesis.url);
  proxy.refusals.set("ListStreams", "LimitExceededException");
  const env = { ...pipeline.env, AWS_ENDPOINT_URL_KINESIS: proxy.url };
  await using store = startStore({ ...pipeline, env }, "--streams-like", "*");
  await store.until(/"request.retried".*"ListStreams"/, 2);
  equal((await store.stop()).code, 0);
});

Deno.test("store --streams-like ends at once if it may not list streams, and says which permission", async () => {
  await using pipeline = await startStreams();
  await using proxy = startKinesisProxy(pipeline.kinesis.url);
  proxy.refusals.set("ListStreams", "AccessDeniedException");
  const env = { ...pipeline.env, AWS_ENDPOINT_URL_KINESIS: proxy.url };
  await using store = startStore({ ...pipeline, env }, "--streams-like", "*");
  const { code, stderr } = await store.ended;
  equal(code, 1);
  match(stderr, /Cannot list the streams: AccessDeniedException/);
});

Deno.test("doctor --all-streams checks every stream, and names the one that is missing", async () => {
  await using pipeline = await startStreams();
  const path = pipeline.env.TRITON_CONFIG!;
  const run = (...args: string[]) => pipeline.run(["doctor", ...args]);
  const good = await run("--all-streams", "--json");
  equal(good.code, 0, good.stderr);
  const report = JSON.parse(good.stdout);
  deepStrictEqual(report.streams.map(({ name }: { name: string }) => name), [
    ...["clicks", "orders", "test_a"],
  ]);
  deepStrictEqual(report.buckets.map(({ url }: { url: string }) => url), [
    ...[`s3://${BUCKET}`, `s3://${BUCKET}/orders`],
  ]);
  await Deno.writeTextFile(path, `${CONFIG}missing: { name: missing_prod }\n`);
  const bad = await run("--all-streams", "--except", "test_*");
  equal(bad.code, 1);
  match(bad.stdout, /^3 streams: 0 ok, 2 with warnings, 1 not safe to archive$/m);
  match(bad.stdout, /^fail {2}missing {4}stream: Cannot describe stream "missing_prod"/m);
  equal(bad.stderr, "triton: Not safe to run triton store: missing (stream, shards)\n");
});

Deno.test("doctor compares each stream with its own archive and positions", async () => {
  await using pipeline = await startStreams();
  await put(pipeline, "clicks_prod", "a");
  await put(pipeline, "orders_prod", "b");
  const streams = ["--stream", "clicks", "--stream", "orders"];
  await using store = startStore(pipeline, ...streams);
  await store.until(/"file.archived".*clicks_prod-store/);
  await store.until(/"file.archived".*orders_prod-second/);
  equal((await store.stop()).code, 0);
  const { code, stdout } = await pipeline.run(["doctor", ...streams, "--json"]);
  equal(code, 0);
  type Found = { findings: { check: string; message: string }[] };
  const archives = (JSON.parse(stdout).streams as Found[]).map(({ findings }) =>
    findings.find(({ check }) => check === "archive")!.message.replace(/\d{8,10}/g, "N")
  );
  deepStrictEqual(archives, [
    "the newest file is N/clicks_prod-store-N.tri, and the database knows it",
    "the newest file is N/orders_prod-second-N.tri, and the database knows it",
  ]);
});

Deno.test("doctor --streams-like checks the streams of the account", async () => {
  await using pipeline = await startStreams();
  const { stdout } = await pipeline.run(["doctor", "--streams-like", "*_prod"]);
  match(stdout, /^2 streams: /m);
  const none = await pipeline.run(["doctor", "--streams-like", "nothing-*"]);
  deepStrictEqual([none.code, none.stderr], [
    1,
    "triton: Cannot check streams: the account has none like that\n",
  ]);
});
