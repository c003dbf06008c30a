import { deepStrictEqual, equal, match, throws } from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { VirtualClock } from "../../src/base/clock.ts";
import { MonitorServer } from "../../src/monitor/mod.ts";
import { MetricRegistry } from "../../src/telemetry/metric_registry.ts";
import { within } from "../support/within.ts";
import {
  LIMITS,
  MINUTE,
  NOW,
  serve,
  shard,
  startingStatus,
  status,
  store,
} from "./monitor_fixture.ts";

/** The response to a raw request: `fetch` cannot set Host. */
async function ask(server: MonitorServer, request: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(request.replaceAll("\n", "\r\n"));
  let answer = "";
  for await (const part of socket) answer += part;
  return answer;
}

const get = async (server: MonitorServer, path: string) => {
  const response = await fetch(new URL(path, server.url));
  return { status: response.status, body: await response.text() };
};

Deno.test("MonitorServer answers /livez, /readyz and /healthz of a store that works", async () => {
  await using server = serve(() => status());
  deepStrictEqual(await get(server, "/livez"), { status: 200, body: "ok\n" });
  for (const path of ["/readyz", "/healthz"]) {
    const { status, body } = await get(server, path);
    deepStrictEqual([status, JSON.parse(body)], [200, { ok: true, reasons: [] }]);
  }
});

Deno.test("MonitorServer responds with 503 and the reasons if something is wrong", async () => {
  let now = startingStatus();
  await using server = serve(() => now);
  equal((await get(server, "/livez")).status, 200);
  const starting = await get(server, "/readyz");
  equal(starting.status, 503);
  match(starting.body, /The database has not responded yet: Cannot connect: refused/);
  equal((await get(server, "/healthz")).status, 200);
  now = status({ shards: [shard(0, { unarchivedAgeMs: 80 * MINUTE })] });
  equal((await get(server, "/readyz")).status, 200);
  const late = await get(server, "/healthz");
  equal(late.status, 503);
  match(late.body, /shardId-000000000000: records that arrived 1 h 20 min ago are not archived/);
});

Deno.test("MonitorServer serves the complete status as JSON on /status", async () => {
  await using server = serve(() => status());
  const response = await fetch(new URL("/status", server.url));
  equal(response.headers.get("content-type"), "application/json");
  const { ready, healthy, streams, ...rest } = await response.json();
  deepStrictEqual([ready.ok, healthy.ok], [true, true]);
  const expected = JSON.parse(JSON.stringify(store(status())));
  const ok = { ok: true, reasons: [] };
  deepStrictEqual(streams, [{ ready: ok, healthy: ok, ...expected.streams[0] }]);
  deepStrictEqual({ ...rest, streams: expected.streams }, expected);
});

Deno.test("MonitorServer serves metrics on /metrics", async () => {
  const registry = new MetricRegistry();
  registry.createCounter("triton.gaps", { unit: "{gap}", description: "Gaps." }).add(2, {});
  await using server = new MonitorServer({
    address: { hostname: "127.0.0.1", port: 0 },
    status: () => store(status()),
    registry,
    limits: LIMITS,
    clock: new VirtualClock(),
  });
  const response = await fetch(new URL("/metrics", server.url));
  match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  match(await response.text(), /^triton_gaps_total 2$/m);
});

Deno.test("MonitorServer rejects host names that another site could point at it", async () => {
  await using server = serve(() => status(), { allowedHosts: ["store.internal"] });
  const asked = (host: string) =>
    ask(server, `GET /status HTTP/1.1\nHost: ${host}\nConnection: close\n\n`);
  match(await asked("evil.example:9464"), /^HTTP\/1\.1 421 [^]*--allowed-hosts/);
  for (const host of ["localhost:1", "127.0.0.1", "store.internal"]) {
    match(await asked(host), /^HTTP\/1\.1 200 /, host);
  }
});

Deno.test("MonitorServer rejects invalid Host headers", async () => {
  await using server = serve(() => status());
  for (const host of ["999.1.1.1", "127.0.0.1:99999"]) {
    const answer = await ask(server, `GET /livez HTTP/1.1\nHost: ${host}\nConnection: close\n\n`);
    match(answer, /^HTTP\/1\.1 421 /, host);
  }
});

Deno.test("MonitorServer is read-only, and other pages cannot frame it", async () => {
  await using server = serve(() => status());
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const response = await fetch(new URL("/status", server.url), { method });
    await response.body?.cancel();
    deepStrictEqual([response.status, response.headers.get("allow")], [405, "GET, HEAD"]);
  }
  const post = await fetch(new URL("/livez", server.url), { method: "POST", body: "x" });
  await post.body?.cancel();
  deepStrictEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  const head = await fetch(new URL("/status", server.url), { method: "HEAD" });
  deepStrictEqual([head.status, await head.text()], [200, ""]);
  equal((await get(server, "/etc/passwd")).status, 404);
  match(
    head.headers.get("content-security-policy")!,
    /default-src 'none'; .*frame-ancestors 'none'/,
  );
  equal(head.headers.get("x-content-type-options"), "nosniff");
  equal(head.headers.get("access-control-allow-origin"), null);
});

Deno.test("MonitorServer answers the checks of load balancers: HEAD, and OPTIONS with Allow", async () => {
  let now = status();
  await using server = serve(() => now);
  const ask = async (method: string, path: string) => {
    const response = await fetch(new URL(path, server.url), { method });
    await response.body?.cancel();
    return [response.status, response.headers.get("allow")];
  };
  for (const path of ["/", "/livez", "/readyz", "/healthz"]) {
    deepStrictEqual(await ask("OPTIONS", path), [200, "GET, HEAD, OPTIONS"], path);
    deepStrictEqual(await ask("HEAD", path), [200, null], path);
  }
  now = startingStatus();
  deepStrictEqual(await ask("OPTIONS", "/readyz"), [503, "GET, HEAD, OPTIONS"]);
  deepStrictEqual(await ask("HEAD", "/readyz"), [503, null]);
});

Deno.test("MonitorServer answers the default check of HAProxy", async () => {
  await using server = serve(() => status());
  match(await ask(server, "OPTIONS / HTTP/1.0\n\n"), /^HTTP\/1\.1 200 OK\r\n/);
});

Deno.test("MonitorServer reports at the start that the port is in use", async () => {
  await using server = serve(() => status());
  const port = Number(new URL(server.url).port);
  throws(
    () =>
      new MonitorServer({
        address: { hostname: "127.0.0.1", port },
        status: () => store(status()),
        registry: new MetricRegistry(),
        limits: LIMITS,
        clock: new VirtualClock(),
      }),
    {
      name: "TritonError",
      message: `Cannot listen on 127.0.0.1:${port}: another program uses this port; choose ` +
        "another one",
    },
  );
});

Deno.test("MonitorServer stops while a client stays connected", async () => {
  const server = serve(() => status());
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "data");
  const closed = once(socket, "close");
  await within(server[Symbol.asyncDispose](), "the server to stop");
  await closed;
});

Deno.test("MonitorServer stops while a client does not read responses", async () => {
  const clock = new VirtualClock();
  const asked = Promise.withResolvers<void>();
  // More than fits into the socket buffers, so that the response cannot be sent completely.
  const recentErrors = [{ message: "x".repeat(2 ** 26), times: 1, firstAt: NOW, lastAt: NOW }];
  const server = serve(() => status({ recentErrors }), { clock });
  const socket = connect({ port: Number(new URL(server.url).port), host: "127.0.0.1" });
  socket.on("data", () => {
    socket.pause();
    asked.resolve();
  });
  const closed = once(socket, "close");
  socket.write("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await within(asked.promise, "an answer to begin");
  const stopped = server[Symbol.asyncDispose]();
  await clock.advance(5_000);
  await within(stopped, "the server to stop");
  socket.destroy();
  await closed;
});
