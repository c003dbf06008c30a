import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { ResponseBody } from "../../../src/aws/http/response_body.ts";
import {
  FetchHandler,
  type FetchHandlerOptions,
  type WireRequest,
} from "../../../src/aws/http/fetch_handler.ts";
import { PartsBlob } from "../../../src/aws/http/parts_blob.ts";

/** A server that answers as it is told, and a handler. */
function start(
  answer: (request: Request) => Response | Promise<Response>,
  options: Partial<FetchHandlerOptions> = {},
) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const handler = new FetchHandler({ silenceTimeoutMs: 60_000, ...options });
  const request: WireRequest = {
    method: "GET",
    protocol: "http:",
    hostname: "127.0.0.1",
    port: server.addr.port,
    path: "/",
    headers: {},
  };
  return {
    handler,
    request,
    async [Symbol.asyncDispose]() {
      handler.destroy();
      await server.shutdown();
    },
  };
}

/** A body whose first part comes, and then nothing until it is cancelled. */
function stalling(onCancel?: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    ...(onCancel && { cancel: onCancel }),
  });
}

const STREAMED = { streamsBody: true };

Deno.test("FetchHandler gives status, headers and body as they are", async () => {
  const content = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7);
  await using running = start((request) => {
    const size = Number(new URL(request.url).searchParams.get("size"));
    const headers = { "X-Amz-Meta-A": "b", a: request.headers.get("a")! };
    return new Response(content.subarray(0, size), { status: 206, headers });
  });
  const { handler, request } = running;
  for (const size of [0, 7, 1000, 65_536, 65_537, 262_144, 300_000, 1_000_000]) {
    const asked = { ...request, query: { size: `${size}` }, headers: { a: "x" } };
    const { response } = await handler.handle(asked);
    const { statusCode, headers } = response;
    deepEqual([statusCode, headers["x-amz-meta-a"], headers.a], [206, "b", "x"]);
    deepEqual(response.body, content.subarray(0, size));
    const { body } = (await handler.handle(asked, STREAMED)).response as { body: ResponseBody };
    let at = 0;
    for await (const chunk of body) {
      deepEqual(chunk, content.subarray(at, at += chunk.length));
      body.release(chunk);
    }
    equal(at, size);
  }
});

Deno.test("FetchHandler requests what was signed, and refuses what URLs cannot say", async () => {
  const seen: string[] = [];
  await using running = start((request) => (seen.push(request.url), new Response()));
  const { handler, request } = running;
  const origin = `http://127.0.0.1:${request.port}`;
  const query = { b: "x y+'(ü", a: ["2", "1"], c: null, d: "" };
  await handler.handle({ ...request, path: "/a%20b/%C3%BC", query });
  equal(seen[0], `${origin}/a%20b/%C3%BC?a=2&a=1&b=x%20y%2B%27%28%C3%BC&c&d=`);
  for (const path of ["/a/../b", "/./b", "/a/%2E%2E/b"]) {
    await rejects(handler.handle({ ...request, path }), {
      name: "TypeError",
      message: `the path "${path}" cannot be requested over HTTP`,
    });
  }
  equal(seen.length, 1);
});

Deno.test("FetchHandler leaves the encoding of an object as it is", async () => {
  const zipped = new Uint8Array(gzipSync(new Uint8Array(1000)));
  await using running = start((request) => {
    equal(request.headers.get("accept-encoding"), "identity");
    return new Response(zipped, { headers: { "content-encoding": "gzip" } });
  });
  const { response } = await running.handler.handle(running.request);
  const { body } = response;
  // Deno before 2.9 decodes it all the same, and then does not say how long it is.
  const isDecoded = response.headers["content-length"] === undefined;
  deepEqual(body, isDecoded ? new Uint8Array(1000) : zipped);
});

Deno.test("FetchHandler tells the time of each answer", async () => {
  const times: number[] = [];
  const dates = ["Thu, 01 Jan 1970 00:00:01 GMT", "nonsense", "Thu, 01 Jan 1970 00:00:03 GMT"];
  await using running = start(
    () => new Response(null, { status: 500, headers: { date: dates.shift()! } }),
    { onServerTime: (time) => times.push(time.getTime()) },
  );
  for (let i = 0; i < 3; i++) await running.handler.handle(running.request);
  deepEqual(times, [1000, 3000]);
});

Deno.test("FetchHandler sends parts with their length, and again", async () => {
  const bodies: [string | null, number][] = [];
  await using running = start(async (request) => {
    const { headers } = request;
    bodies.push([headers.get("content-length"), (await request.bytes()).length]);
    equal(headers.get("transfer-encoding"), null);
    equal(headers.get("expect"), null);
    return new Response();
  });
  const parts = [3, 0, 500_000, 65_536].map((size) => new Uint8Array(size));
  const body = new PartsBlob(parts);
  const headers = { "content-length": "565539", expect: "100-continue", host: "elsewhere" };
  const request = { ...running.request, method: "PUT", headers, body };
  for (let i = 0; i < 2; i++) await running.handler.handle(request);
  deepEqual(bodies, [["565539", 565_539], ["565539", 565_539]]);
  equal(body.size, 565_539);
});

Deno.test("FetchHandler gives up on a silent server, before the answer or within it", async () => {
  const held = Promise.withResolvers<Response>();
  await using running = start(
    ({ url }) => url.endsWith("body") ? new Response(stalling()) : held.promise,
    { silenceTimeoutMs: 50 },
  );
  const { handler, request } = running;
  const inBody = { ...request, path: "/body" };
  const silent = { code: "ETIMEDOUT", message: "the server has been silent for 0.05 s" };
  await rejects(handler.handle(request), silent);
  await rejects(handler.handle(inBody), silent);
  const { body } = (await handler.handle(inBody, STREAMED)).response as { body: ResponseBody };
  await rejects(Array.fromAsync(body), silent);
  held.resolve(new Response());
});

Deno.test("FetchHandler does not count the time that a reader takes as silence", async () => {
  await using running = start(
    ({ url }) => new Response(url.endsWith("stalls") ? stalling() : new Uint8Array(900_000)),
    { silenceTimeoutMs: 200 },
  );
  const { handler, request } = running;
  const { body } = (await handler.handle(request, STREAMED)).response as { body: ResponseBody };
  let size = 0;
  for await (const chunk of body) {
    if (size === 0) await rejects(handler.handle({ ...request, path: "/stalls" }));
    size += chunk.length;
  }
  equal(size, 900_000);
});

Deno.test("FetchHandler stops with the signal's reason, before the answer or within it", async () => {
  const reason = new Error("enough");
  const isCancelled = Promise.withResolvers<void>();
  await using running = start(() => new Response(stalling(isCancelled.resolve)));
  const { handler, request } = running;
  await rejects(handler.handle(request, { abortSignal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const options = { ...STREAMED, abortSignal: controller.signal };
  const { body } = (await handler.handle(request, options)).response as { body: ResponseBody };
  const read = Array.fromAsync(body);
  controller.abort(reason);
  await rejects(read, reason);
  await isCancelled.promise;
});

Deno.test("FetchHandler leaves no listener at the signal, whether there is a body or not", async () => {
  await using running = start(({ method }) =>
    new Response(method === "HEAD" ? null : new Uint8Array(300_000), {
      headers: { "content-length": "300000" },
    })
  );
  const { handler, request } = running;
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  for (const method of ["HEAD", "GET"]) {
    const asked = { ...request, method };
    const { response } = await handler.handle(asked, { abortSignal: signal });
    equal(response.headers["content-length"], "300000");
    equal((response.body as Uint8Array).length, method === "HEAD" ? 0 : 300_000);
    equal(listeners.size, 0);
  }
});

Deno.test("FetchHandler lets go of a body that is not read to its end", async () => {
  const isCancelled = Promise.withResolvers<void>();
  await using running = start(() => {
    const pull = (controller: ReadableStreamDefaultController) =>
      controller.enqueue(new Uint8Array(50_000));
    return new Response(new ReadableStream({ pull, cancel: isCancelled.resolve }));
  });
  const { handler, request } = running;
  const { body } = (await handler.handle(request, STREAMED)).response as { body: ResponseBody };
  for await (const _ of body) break;
  await isCancelled.promise;
});

Deno.test("FetchHandler takes no more than 8 MiB into memory of a body that has no end", async () => {
  const isCancelled = Promise.withResolvers<void>();
  let sent = 0;
  await using running = start(({ url }) => {
    const status = url.endsWith("error") ? 403 : 200;
    const pull = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(new Uint8Array(65_536).fill(32));
      sent += 65_536;
    };
    return new Response(new ReadableStream({ pull, cancel: isCancelled.resolve }), { status });
  });
  const { handler, request } = running;
  for (const path of ["/error", "/"]) {
    await rejects(handler.handle({ ...request, path }), {
      name: "InvalidAnswer",
      message: `the response of 127.0.0.1:${request.port} is longer than 8 MiB`,
    });
  }
  await isCancelled.promise;
  ok(sent < 2 * 16 * 1024 * 1024);
});

Deno.test("FetchHandler names lost connections as Node does", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const host = `127.0.0.1:${port}`;
  const handler = new FetchHandler({ silenceTimeoutMs: 60_000 });
  const [hostname, protocol] = ["127.0.0.1", "http:"];
  const ask = (other: Partial<WireRequest> = {}) =>
    handler.handle({ method: "GET", protocol, hostname, port, path: "/", headers: {}, ...other });
  const answers = [false, true, false];
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      const head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
      if (answers.shift()) await connection.write(new TextEncoder().encode(head));
      connection.close();
    }
  })();
  await rejects(ask(), { code: "ECONNRESET" });
  await rejects(ask(), { code: "ECONNRESET" });
  await rejects(ask({ protocol: "https:" }), { code: "ECONNRESET" });
  listener.close();
  await serving;
  await rejects(ask(), {
    code: "ECONNREFUSED",
    message:
      `connect ECONNREFUSED ${host}: nothing listens there; start the local server, or change the endpoint`,
  });
  // Deno before 2.9 does connect there.
  await rejects(ask({ port: 1 }), { code: /BlockedPort|ECONNREFUSED/ });
  await rejects(ask({ hostname: "nothing.invalid" }), { code: "ENOTFOUND" });
  await rejects(ask({ headers: { a: "\u0100" } }), { name: "TypeError" });
  handler.destroy();
});

Deno.test("FetchHandler says the status and the first words of what is not of AWS", async () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  const login = "<!DOCTYPE html><head><title>Log\u001b[31m in\n to  Wi-Fi</title></head><p>Hello";
  const answers: [Response, string, string][] = [
    [
      new Response(login, { headers: html }),
      "InvalidAnswer",
      '200 that is not from AWS: "Log [31m in to Wi-Fi"',
    ],
    [
      new Response("<html><style>p {}</style><p>Gone &c", { status: 403 }),
      "InvalidAnswer",
      '403 that is not from AWS: "Gone &c"',
    ],
    [
      new Response("no upstream", { status: 502 }),
      "InvalidAnswer",
      '502 that is not from AWS: "no upstream"',
    ],
    [
      new Response("x".repeat(99), { status: 400 }),
      "InvalidAnswer",
      `400 that is not from AWS: "${"x".repeat(80)}…"`,
    ],
    [
      new Response("Who?", { status: 407 }),
      "ProxyAuthenticationRequired",
      '407 that is not from AWS: "Who?"',
    ],
    [
      new Response(null, {
        status: 302,
        headers: { location: "https://login.example/?token=secret" },
      }),
      "InvalidAnswer",
      "302 that is not from AWS: a redirection to https://login.example",
    ],
  ];
  await using running = start(() => answers[0]![0].clone());
  const { handler, request } = running;
  while (answers.length > 0) {
    const [, name, end] = answers[0]!;
    for (const options of [{}, STREAMED]) {
      await rejects(handler.handle(request, options), {
        name,
        message: `a response with status ${end}`,
      });
      if (end.startsWith("200")) continue;
    }
    answers.shift();
  }
  answers.push([new Response("<Error/>", { status: 403 }), "", ""]);
  equal((await handler.handle(request)).response.statusCode, 403);
});

Deno.test("FetchHandler tells the region of a bucket that is elsewhere, in the one way that the SDK knows", async () => {
  const statuses = [301, 307, 200];
  const regions: string[] = [];
  await using running = start(
    () => {
      const headers = { "x-amz-bucket-region": "eu-west-1", location: "https://elsewhere.example" };
      return new Response(null, { status: statuses.shift()!, headers });
    },
    { onBucketRegion: (region) => regions.push(region) },
  );
  for (const status of [301, 301, 200]) {
    equal((await running.handler.handle(running.request)).response.statusCode, status);
  }
  deepEqual(regions, ["eu-west-1", "eu-west-1"]);
});

Deno.test("FetchHandler sends a body without parts, or of empty ones, with its length of 0", async () => {
  await using running = start((request) =>
    Response.json([
      request.headers.get("content-length"),
      request.headers.get("transfer-encoding"),
    ])
  );
  const { handler, request } = running;
  for (const parts of [[], [new Uint8Array(0)]]) {
    const put = { ...request, method: "PUT", body: new PartsBlob(parts) };
    const { response } = await handler.handle(put);
    deepEqual(JSON.parse(new TextDecoder().decode(response.body as Uint8Array)), ["0", null]);
  }
});
