import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { openMonitor, StreamReader, StreamWriter } from "../../../mod.ts";
import { systemClock, VirtualClock } from "../../../src/base/clock.ts";
import { KinesisError } from "../../../src/base/errors.ts";
import { MemoryCheckpointer } from "../../../src/exports/checkpoint.ts";
import { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import { Browser } from "../../support/browser.ts";
import { checkLooks } from "../../support/page_looks.ts";
import { ago } from "../monitor_fixture.ts";
import { putEvents } from "../../../src/testing/mod.ts";

const LISTEN = { listen: "127.0.0.1:0" };

async function get(url: string, path: string, init?: RequestInit) {
  const response = await fetch(`${url}${path}`, init);
  const body = await response.text();
  return { status: response.status, body, headers: response.headers };
}

Deno.test("openMonitor() shows readers and writers on a page, in metrics, in health and as JSON", async () => {
  const kinesis = new MemoryKinesis();
  kinesis.createStream("clicks");
  const checkpointer = new MemoryCheckpointer({ client: "billing" });
  await using monitor = openMonitor(LISTEN);
  const { url } = monitor;
  match((await get(url, "")).body, /Nothing is read or put[^]*No reader or writer is open/);
  await using writer = new StreamWriter(kinesis, "clicks", { monitor });
  await writer.put({ partitionKey: "a", data: Uint8Array.of(0x80) });
  await writer.flush();
  {
    const options = { monitor, checkpointer, autoCheckpoint: true, idle: true } as const;
    await using reader = new StreamReader(kinesis, "clicks", options);
    for await (const record of reader) equal(record.partitionKey, "a");
    const page = await get(url, "");
    equal(page.status, 200);
    match(page.body, /Healthy[^]*clicks[^]*writer[^]*reader[^]*billing[^]*shardId-000000000000/);
    equal(page.headers.get("content-security-policy")?.startsWith("default-src 'none'"), true);
    const metrics = await get(url, "metrics");
    const labels = 'stream="clicks",client="billing"';
    match(
      metrics.body,
      new RegExp(`^triton_reader_records_total\\{${labels},shard="[^"]+"\\} 1$`, "m"),
    );
    match(metrics.body, new RegExp(`^triton_reader_lag_seconds\\{${labels}\\} `, "m"));
    match(metrics.body, /^triton_writer_records_total\{stream="clicks",client=""\} 1$/m);
    match(metrics.body, /^triton_build_info\{/m);
    const { parts, healthy, ready } = JSON.parse((await get(url, "status")).body);
    deepEqual(
      parts.map(({ type, client, state }: Record<string, string>) => [type, client, state]),
      [["writer", "", "running"], ["reader", "billing", "running"]],
    );
    deepEqual([healthy, ready], [{ ok: true, reasons: [] }, { ok: true, reasons: [] }]);
    for (const path of ["healthz", "readyz", "livez"]) {
      equal((await get(url, path)).status, 200);
      equal((await get(url, path, { method: "OPTIONS" })).status, 200);
    }
  }
  equal(JSON.parse((await get(url, "status")).body).parts.length, 1, "a reader leaves the page");
  match((await get(url, "metrics")).body, /^triton_reader_records_total\{.*\} 1$/m);
});

Deno.test("openMonitor() answers 503 with the reason once a reader has failed", async () => {
  const kinesis = new MemoryKinesis({
    intercept(operation) {
      if (operation !== "getRecords") return;
      throw new KinesisError("Cannot read: denied", { code: "AccessDenied", retryable: false });
    },
  });
  kinesis.createStream("clicks");
  await using monitor = openMonitor(LISTEN);
  await using reader = new StreamReader(kinesis, "clicks", { monitor });
  await rejects(Array.fromAsync(reader));
  for (const path of ["healthz", "readyz"]) {
    const { status, body } = await get(monitor.url, path);
    equal(status, 503);
    deepEqual(JSON.parse(body).reasons, ["clicks (reader): Reading failed: Cannot read: denied"]);
  }
  const page = await get(monitor.url, "");
  match(page.body, /Failing[^]*Cannot read: denied/);
});

Deno.test("openMonitor() escapes what it shows", async () => {
  const kinesis = new MemoryKinesis();
  kinesis.createStream("clicks");
  const checkpointer = new MemoryCheckpointer({ client: "<b>&'" });
  await using monitor = openMonitor(LISTEN);
  await using reader = new StreamReader(kinesis, "clicks", { monitor, checkpointer, idle: true });
  await Array.fromAsync(reader);
  const { body } = await get(monitor.url, "");
  equal(body.includes("<b>&"), false);
  match(body, /&lt;b&gt;&amp;&#39;/);
});

Deno.test("openMonitor() serves only what it should", async () => {
  await using monitor = openMonitor({ ...LISTEN, allowedHosts: ["metrics.example"] });
  const { url } = monitor;
  equal((await get(url, "other")).status, 404);
  equal((await get(url, "status", { method: "POST" })).status, 405);
  equal((await get(url, "metrics", { method: "OPTIONS" })).status, 405);
  for (const path of ["page.css", "page.js"]) equal((await get(url, path)).status, 200);
  throws(() => openMonitor({ listen: "here" }), /TypeError: Cannot listen at "here"/);
});

Deno.test("openMonitor() draws what was read over the last hours", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks");
  // The server works in real time, the readers in virtual time.
  const mixed = { ...systemClock, now: () => clock.now(), sleep: clock.sleep.bind(clock) };
  await using monitor = openMonitor({ ...LISTEN, clock: mixed });
  const stop = new AbortController();
  await using reader = new StreamReader(kinesis, "clicks", { clock, monitor, signal: stop.signal });
  const reading = Array.fromAsync(reader);
  for (let minute = 0; minute < 10; minute++) {
    await putEvents(kinesis, "clicks", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    await clock.advance(60_000);
  }
  stop.abort();
  await reading;
  match(
    (await get(monitor.url, "")).body,
    /Records read of the last (9|10) min[^"]*at most 0\.1\/s/,
  );
});

Deno.test("the page of openMonitor() fits any width and can be read", async () => {
  await using browser = await Browser.start();
  if (browser === undefined) return;
  const parts = ["reader", "history", "group", "writer"] as const;
  const states = ["starting", "archive", "running", "failed"] as const;
  await using monitor = openMonitor(LISTEN);
  const long = "a-name-that-is-long-and-has-no-space".repeat(5);
  for (const [n, type] of parts.entries()) {
    monitor.add(() => ({
      ...{ type, stream: n === 2 ? long : "clicks_prod", client: type === "writer" ? "" : long },
      ...{ state: states[n]!, startedAt: ago(60_000), totals: { "triton.reader.records": 12_345 } },
      ...{ lagMs: 1_234, bufferedBytes: 5_000_000, savedAt: ago(1_000), waiting: 17 },
      shards: Array.from(
        { length: 3 },
        (_, n) => ({ shardId: `shardId-00000000000${n}`, lagMs: n }),
      ),
      error: `Cannot read: ${long}`,
      recentErrors: [{
        message: `Cannot: ${long}`,
        times: 3,
        firstAt: ago(9_000),
        lastAt: ago(10),
      }],
    }));
  }
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [320, 390, 700, 1280]) {
      await checkLooks(browser, monitor.url, { width, height: 844, scheme });
    }
  }
});
