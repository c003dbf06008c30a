import { deepEqual, equal, rejects } from "node:assert/strict";
import { fetchObject } from "../../src/objects/fetch_object.ts";

/** A server that answers as it is told. */
function serve(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A body whose first part comes, and then nothing until it is cancelled. */
function stalling(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
}

const GET = { method: "GET", headers: {} } as const;

Deno.test("fetchObject() gives status, headers and body as they are", async () => {
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  const seen: Record<string, string>[] = [];
  await using server = serve((request) => {
    seen.push(Object.fromEntries(request.headers));
    const size = Number(new URL(request.url).searchParams.get("size"));
    const headers = { "X-Amz-Meta-A": "b", location: "/elsewhere" };
    return new Response(content.subarray(0, size), { status: size === 7 ? 307 : 206, headers });
  });
  for (const size of [0, 7, 1000, 65_536, 65_537, 300_000]) {
    const url = `${server.url}?size=${size}`;
    const { statusCode, headers, body } = await fetchObject(
      { ...GET, url, headers: { range: "bytes=0-" } },
      { silenceTimeoutMs: 10_000 },
    );
    equal(statusCode, size === 7 ? 307 : 206);
    equal(headers["x-amz-meta-a"], "b");
    const chunks = await Array.fromAsync(body);
    deepEqual(chunks.flatMap((chunk) => [...chunk]), [...content.subarray(0, size)]);
  }
  equal(seen.every((headers) => headers["accept-encoding"] === "identity"), true);
  equal(seen.every((headers) => headers["range"] === "bytes=0-"), true);
});

Deno.test("fetchObject() gives up on a server that is silent, before the answer or in it", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using server = serve(({ url }) =>
    url.endsWith("body") ? new Response(stalling()) : promise
  );
  const options = { silenceTimeoutMs: 50 };
  await rejects(fetchObject({ ...GET, url: server.url }, options), { code: "ETIMEDOUT" });
  const { body } = await fetchObject({ ...GET, url: `${server.url}body` }, options);
  await rejects(Array.fromAsync(body), { code: "ETIMEDOUT" });
  resolve(new Response());
});

Deno.test("fetchObject() stops with the signal's reason, before the answer or in it", async () => {
  const reason = new Error("enough");
  await using server = serve(() => new Response(stalling()));
  const silenceTimeoutMs = 60_000;
  const aborted = AbortSignal.abort(reason);
  await rejects(fetchObject({ ...GET, url: server.url }, { silenceTimeoutMs, signal: aborted }), {
    message: "enough",
  });
  const controller = new AbortController();
  const { signal } = controller;
  const { body } = await fetchObject({ ...GET, url: server.url }, { silenceTimeoutMs, signal });
  const read = async () => {
    for await (const _ of body) controller.abort(reason);
  };
  await rejects(read(), { message: "enough" });
});

Deno.test("fetchObject() asks for the head of an object of any size, and leaves no listener", async () => {
  await using server = serve(() => new Response(null, { headers: { "content-length": "300000" } }));
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const { headers, body } = await fetchObject(
    { method: "HEAD", url: server.url, headers: {} },
    { silenceTimeoutMs: 10_000, signal },
  );
  equal(headers["content-length"], "300000");
  equal(listeners, 0);
  deepEqual(await Array.fromAsync(body), []);
});

Deno.test("fetchObject() lets go of a body that is not read to its end", async () => {
  let cancelled: () => void;
  const isCancelled = new Promise<void>((resolve) => cancelled = resolve);
  await using server = serve(() => {
    const source = {
      pull: (controller: ReadableStreamDefaultController) =>
        controller.enqueue(new Uint8Array(50_000)),
      cancel: () => cancelled(),
    };
    return new Response(new ReadableStream(source));
  });
  const { body } = await fetchObject({ ...GET, url: server.url }, { silenceTimeoutMs: 60_000 });
  for await (const _ of body) break;
  await isCancelled;
});

Deno.test("fetchObject() says that a connection was refused or lost", async () => {
  const server = serve(() => new Response());
  await server[Symbol.asyncDispose]();
  await rejects(fetchObject({ ...GET, url: server.url }, { silenceTimeoutMs: 60_000 }), {
    code: "ECONNRESET",
  });
});
