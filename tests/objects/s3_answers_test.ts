import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ObjectStoreError } from "../../src/errors.ts";
import { type OpenedObjectStore, openObjectStore } from "../../src/objects/mod.ts";
import type { ByteRange } from "../../src/objects/object_store.ts";
import { startS3Server } from "../support/s3_server.ts";

const CONTENT = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

/** A server with an object, and two stores in it: one asks by the SDK, the other the shorter way. */
async function start() {
  const server = await startS3Server({ buckets: ["bucket"] });
  const open = () =>
    openObjectStore("s3://bucket", {
      endpoint: server.url,
      env: {},
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
  const [long, short] = [await open(), await open()];
  await short.put("a", CONTENT);
  await short.head("a");
  return {
    server,
    stores: { long, short },
    async [Symbol.asyncDispose]() {
      for (const store of [long, short]) await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function errorOf(promise: Promise<unknown>): Promise<ObjectStoreError> {
  const error = await promise.then((value) => value, (error) => error);
  ok(error instanceof ObjectStoreError, `${error}`);
  return error;
}

/** An answer with a part of the object. */
function answer(status: number, start: number, end: number): Response {
  const body = CONTENT.slice(start, end);
  const range = `bytes ${start}-${end - 1}/${CONTENT.length}`;
  const headers = status === 206 ? { "content-range": range } : undefined;
  return new Response(body, { status, headers: { ...headers, etag: '"1"' } });
}

Deno.test("S3ObjectStore.get() refuses other bytes than it asked for, as of servers that ignore ranges", async () => {
  await using running = await start();
  const { server, stores } = running;
  const whole = CONTENT.length;
  const cases: [ByteRange | undefined, Response][] = [
    [{ offset: 5 }, answer(200, 0, whole)],
    [{ offset: 5, length: 3 }, answer(200, 0, whole)],
    [{ offset: 0, length: 3 }, answer(200, 0, whole)],
    [{ offset: whole + 5 }, answer(200, 0, whole)],
    [{ suffix: 3 }, answer(200, 0, whole)],
    [{ offset: 5, length: 3 }, answer(206, 6, 9)],
    [{ offset: 5, length: 3 }, answer(206, 5, 7)],
    [{ suffix: 3 }, answer(206, 0, 3)],
    [undefined, answer(206, 0, 3)],
  ];
  for (const [range, wrong] of cases) {
    for (const [way, store] of Object.entries(stores)) {
      server.fault = () => wrong.clone();
      const error = await errorOf(store.get("a", range === undefined ? {} : { range }));
      deepEqual([error.code, error.retryable], ["InvalidAnswer", true], way);
      match(
        error.message,
        /^Cannot get s3:\/\/bucket\/a: the answer holds bytes \d+ to \d+ of 200000, not \d+ to \d+$/,
      );
    }
  }
});

Deno.test("S3ObjectStore.get() takes a whole object where that is what was asked for", async () => {
  await using running = await start();
  const { server, stores } = running;
  server.fault = () => answer(200, 0, CONTENT.length);
  const ranges: ByteRange[] = [
    { offset: 0 },
    { offset: 0, length: CONTENT.length },
    { offset: 0, length: 1_000_000 },
    { suffix: 1_000_000 },
  ];
  for (const range of ranges) {
    for (const store of Object.values(stores)) {
      const body = await store.get("a", { range });
      equal(body.size, CONTENT.length);
      deepEqual(await body.bytes().then(({ length }) => length), CONTENT.length);
    }
  }
});

Deno.test("S3ObjectStore.get() refuses a body without length, whose end nobody can tell", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(8_192));
      await connection.write(
        new TextEncoder().encode('HTTP/1.1 200 OK\r\netag: "1"\r\n\r\nthe first ha'),
      );
      connection.close();
    }
  })();
  await using store = await openObjectStore("s3://bucket", {
    endpoint: `http://127.0.0.1:${listener.addr.port}`,
    env: {},
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  const error = await errorOf(store.get("a"));
  deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
  equal(error.message, "Cannot get s3://bucket/a: the answer does not tell how long it is");
  listener.close();
  await answering;
});

Deno.test("S3ObjectStore never takes something else for an object", async () => {
  await using running = await start();
  const { server, stores } = running;
  server.fault = ({ request }) =>
    new Response(request.method === "HEAD" ? null : "<html>Log in</html>", {
      headers: { "content-length": "19", "content-type": "text/html" },
    });
  for (const [way, store] of Object.entries(stores)) {
    const asked = {
      get: () => store.get("a"),
      "look at": () => store.head("a"),
    };
    for (const [what, ask] of Object.entries(asked)) {
      const error = await errorOf(ask());
      deepEqual([error.code, error.retryable], ["InvalidAnswer", true], way);
      equal(error.message, `Cannot ${what} s3://bucket/a: the answer is no object`);
    }
  }
});

/** A page of a listing. */
function page(parts: string): Response {
  const contents = "<Contents><Key>a+b%</Key><Size>1</Size>" +
    "<LastModified>2015-07-10T00:00:00Z</LastModified></Contents>";
  const xml = `<ListBucketResult><Name>bucket</Name>${parts}${contents}</ListBucketResult>`;
  return new Response(xml, { headers: { "content-type": "application/xml" } });
}

const keysOf = (store: OpenedObjectStore) => Array.fromAsync(store.list(""), ({ key }) => key);

Deno.test("S3ObjectStore.list() never takes something else for a listing without objects", async () => {
  await using running = await start();
  const { server, stores } = running;
  for (const body of ["<html><body>Log in</body></html>", ""]) {
    server.fault = () => new Response(body);
    const error = await errorOf(keysOf(stores.long));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true], error.message);
    equal(error.message, "Cannot list s3://bucket/: the answer is no listing");
  }
});

Deno.test("S3ObjectStore.list() says that a server does not tell how the listing goes on", async () => {
  await using running = await start();
  const { server, stores } = running;
  server.fault = () => page("<IsTruncated>true</IsTruncated>");
  const error = await errorOf(keysOf(stores.long));
  deepEqual([error.code, error.retryable], ["InvalidAnswer", false]);
  equal(
    error.message,
    "Cannot list s3://bucket/: there are more objects, but the server does not tell how to go on",
  );
});

Deno.test("S3ObjectStore.list() decodes the keys that the server has encoded, and no others", async () => {
  await using running = await start();
  const { server, stores } = running;
  server.fault = () => page("<IsTruncated>false</IsTruncated>");
  deepEqual(await keysOf(stores.long), ["a+b%"]);
  server.fault = undefined;
  for (const key of ["a+b%", "a b", "é/%41"]) await stores.long.put(key, new Uint8Array(1));
  deepEqual(await keysOf(stores.long), ["a", "a b", "a+b%", "é/%41"]);
});

Deno.test("S3ObjectStore asks again after a refusal that set the SDK's clock right, of a HEAD too", async () => {
  await using running = await start();
  const { server, stores } = running;
  const ahead = new Date(Date.now() + 3_600_000).toUTCString();
  for (const [way, store] of Object.entries(stores)) {
    server.fault = () =>
      new Response(null, { status: 403, headers: { date: ahead, "x-amz-request-id": "1" } });
    const error = await errorOf(store.head("a"));
    deepEqual([error.code, error.retryable], ["AccessDenied", true], way);
    equal((await errorOf(store.head("a"))).retryable, false, "the clock was right this time");
    server.fault = undefined;
    equal((await store.head("a"))?.size, CONTENT.length);
  }
});
