/** How `triton store` ends. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { encodeEvent } from "@triton/triton/codec";
import { TritonProcess } from "../support/triton_process.ts";
import { untilTrue, within } from "../support/within.ts";
import { EventCounter } from "./audit.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";

const UNREADY = new URL("../support/unready_output.py", import.meta.url).pathname;

const EVENTS = 50;

/** The numbers of all events, each once. */
const ALL = Array.from({ length: EVENTS }, (_, n) => n);

/** The numbers of the events that are archived. */
async function archived({ s3 }: Pipeline): Promise<number[]> {
  return await new EventCounter(s3.buckets.get(BUCKET)!).numbers();
}

/** Small enough that one answer of Kinesis makes several files. */
const SMALL_FILES = ["--rotate", "1h", "--max-size", "4KiB"];

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`triton store archives everything it has read at ${signal}, and exits with 0`, async () => {
    await using pipeline = await startPipeline({ shards: 1 });
    await putEvents(pipeline);
    using archives = holdArchives(pipeline);
    const store = pipeline.store(...SMALL_FILES);
    await within(archives.held, "the first archive to be put");
    const ended = store.stop(signal);
    archives.release();
    equal((await ended).code, 0);
    deepStrictEqual(await archived(pipeline), ALL);
  });
}

Deno.test("triton store treats the two SIGTERMs of timeout as one, and archives everything it has read", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  await putEvents(pipeline);
  using archives = holdArchives(pipeline);
  const store = pipeline.store(...SMALL_FILES);
  await within(archives.held, "the first archive to be put");
  store.signal("SIGTERM");
  await store.until(/Stopping within 110000 ms; a second signal after 5000 ms ends the process/);
  // The child has its signal before its group does.
  store.signal("SIGTERM");
  const ended = store.stop("SIGHUP");
  archives.release();
  equal((await ended).code, 0);
  deepStrictEqual(await archived(pipeline), ALL);
});

Deno.test("triton store under timeout archives everything it has read", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  await putEvents(pipeline);
  const args = ["store", "--stream", "clicks", ...SMALL_FILES];
  const under = ["timeout", "--preserve-status", "1000"];
  await using store = new TritonProcess(args, { env: pipeline.env, under });
  await store.until(/Archived \d+\//);
  equal((await store.stop("SIGTERM")).code, 0); // which timeout passes on: to its child, then to its group
  deepStrictEqual(await archived(pipeline), ALL);
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  Deno.test(`triton store exits immediately with ${code} at a ${signal} five seconds after the first`, async () => {
    await using pipeline = await startPipeline({ shards: 1 });
    await putEvents(pipeline);
    using archives = holdArchives(pipeline);
    const store = pipeline.store(...SMALL_FILES);
    await within(archives.held, "the first archive to be put");
    let over = false;
    store.ended.then(() => over = true);
    // Two signals may arrive as one, so it is sent until it is noticed twice.
    await untilTrue(() => {
      store.signal(signal);
      return over;
    }, "store to end");
    equal((await store.ended).code, code);
  });
}

Deno.test("triton store ends within --stop-timeout while S3 hangs, reports what is left, and loses nothing", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  await putEvents(pipeline);
  using archives = holdArchives(pipeline);
  const first = pipeline.storeWith({ TRITON_STOP_TIMEOUT: "3s" }, ...SMALL_FILES, "--lease", "2s");
  await within(archives.held, "the first archive to be put");
  const startedAt = Date.now();
  const { code, stderr } = await first.stop();
  ok(Date.now() - startedAt < 30_000);
  equal(code, 1);
  match(
    stderr,
    /"event":"command\.failed","message":"Cannot archive \d+ events in \d+ files within 3 s of the signal \(--stop-timeout\); the next reader of the shards reads them again/,
  );
  archives.release();
  const second = pipeline.store(...SMALL_FILES);
  await second.until(/Archived \d+\//); // it has read all: Kinesis gives them in one answer
  equal((await second.stop()).code, 0);
  deepStrictEqual(await archived(pipeline), ALL);
});

Deno.test("triton store ends within --stop-timeout if its database never responds", async () => {
  const connections: Deno.Conn[] = [];
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of silent) connections.push(connection);
  })();
  const { port } = silent.addr as Deno.NetAddr;
  const database = `postgres://triton@127.0.0.1:${port}/triton`;
  await using pipeline = await startPipeline({ shards: 1, database });
  const store = pipeline.store("--stop-timeout", "3s");
  await untilTrue(() => connections.length > 0, "a connection to the database");
  const { code } = await store.stop();
  equal(code, 0); // nothing was read that would have to be archived
  silent.close();
  for (const connection of connections) connection.close();
  await accepting;
});

Deno.test("triton store ends if nobody reads its standard error, and archives everything before", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  await putEvents(pipeline);
  const args = ["--log-level", "debug", "store", "--stream", "clicks", ...SMALL_FILES];
  const under = ["python3", UNREADY, "stderr", "unread"];
  await using store = new TritonProcess(args, { env: pipeline.env, under });
  await untilTrue(async () => (await archived(pipeline)).length > 0, "something to be archived");
  equal((await store.stop()).code, 0);
  deepStrictEqual(await archived(pipeline), ALL);
});

Deno.test("triton store ends if its OpenTelemetry collector never responds", async () => {
  const connections: Deno.Conn[] = [];
  const collector = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of collector) connections.push(connection);
  })();
  await using pipeline = await startPipeline({ shards: 1 });
  await putEvents(pipeline);
  const store = pipeline.storeWith({
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.addr as Deno.NetAddr).port}`,
    OTEL_METRIC_EXPORT_INTERVAL: "200",
  }, ...SMALL_FILES);
  await untilTrue(() => connections.length > 0, "something to be exported");
  await store.until(/Archived \d+\//);
  const startedAt = Date.now();
  const { code, stderr } = await store.stop();
  ok(Date.now() - startedAt < 30_000);
  match(stderr, /Stopped: all that was read of clicks_prod is archived/);
  equal(code, 137); // Deno itself waits for the collector, and is killed
  deepStrictEqual(await archived(pipeline), ALL);
  collector.close();
  for (const connection of connections) connection.close();
  await accepting;
});

/** Puts events that hardly compress, all of them before anybody reads. */
async function putEvents({ kinesis }: Pipeline): Promise<void> {
  const entries = Array.from({ length: EVENTS }, (_, n) => {
    const noise = crypto.getRandomValues(new Uint8Array(500));
    return { partitionKey: "one", data: encodeEvent({ n, noise }) };
  });
  const results = await kinesis.kinesis.putRecords(STREAM, entries);
  deepStrictEqual(results.filter(({ ok }) => !ok), []);
}

/** Archives that wait at the door of S3, which does not stop while there are any. */
interface HeldArchives extends Disposable {
  /** Waits for the first. */
  readonly held: Promise<void>;
  /** Lets all of them in. */
  release(): void;
}

/** Lets archives wait. */
function holdArchives({ s3 }: Pipeline): HeldArchives {
  const first = Promise.withResolvers<void>();
  const released = Promise.withResolvers<undefined>();
  s3.fault = ({ operation, key }) => {
    if (operation !== "PutObject" || !key.endsWith(".tri")) return undefined;
    first.resolve();
    return released.promise;
  };
  const release = () => released.resolve(undefined);
  return { held: first.promise, release, [Symbol.dispose]: release };
}
