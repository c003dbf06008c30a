import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type OpenedObjectStore, openObjectStore } from "../../../src/objects/mod.ts";
import type { ByteRange } from "../../../src/objects/object_store.ts";
import { startS3Server } from "../../support/s3_server.ts";
import { errorOf, type RunningS3, startS3 } from "./s3_fixture.ts";

const CONTENT = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

/** A server with an object, and a store in it. */
async function start(): Promise<RunningS3> {
  const running = await startS3();
  await running.store.put("a", CONTENT);
  return running;
}

/** What each answer about an object has. */
const TAGGED = { etag: '"1"', "last-modified": "Fri, 10 Jul 2015 00:00:00 GMT" };

/** An answer with a part of the object. */
function answer(status: number, start: number, end: number): Response {
  const body = CONTENT.slice(start, end);
  const range = `bytes ${start}-${end - 1}/${CONTENT.length}`;
  const headers = status === 206 ? { "content-range": range } : undefined;
  return new Response(body, { status, headers: { ...headers, ...TAGGED } });
}

Deno.test("S3ObjectStore.get() refuses other bytes than it asked for, as of servers that ignore ranges", async () => {
  await using running = await start();
  const { server, store } = running;
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
    server.fault = () => wrong.clone();
    const error = await errorOf(store.get("a", range === undefined ? {} : { range }));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
    match(
      error.message,
      /^Cannot get s3:\/\/bucket\/a: the response holds bytes \d+ to \d+ of 200000, not \d+ to \d+$/,
    );
  }
});

Deno.test("S3ObjectStore.get() takes a whole object where that is what was asked for", async () => {
  await using running = await start();
  const { server, store } = running;
  server.fault = () => answer(200, 0, CONTENT.length);
  const ranges: ByteRange[] = [
    { offset: 0 },
    { offset: 0, length: CONTENT.length },
    { offset: 0, length: 1_000_000 },
    { suffix: 1_000_000 },
  ];
  for (const range of ranges) {
    const body = await store.get("a", { range });
    equal(body.size, CONTENT.length);
    deepEqual(await body.bytes().then(({ length }) => length), CONTENT.length);
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
  equal(error.message, "Cannot get s3://bucket/a: the response has no length");
  listener.close();
  await answering;
});

Deno.test("S3ObjectStore never takes something else for an object", async () => {
  await using running = await start();
  const { server, store } = running;
  const html = { "content-type": "text/html", ...TAGGED };
  const asked = {
    get: () => store.get("a"),
    "look at": () => store.head("a"),
  };
  for (
    const [headers, why] of [[{}, "the response is not an object"], [
      html,
      'a response with status 200 that is not from AWS: "Log in"',
    ]] as const
  ) {
    server.fault = ({ request }) =>
      new Response(request.method === "HEAD" ? null : "Log in", {
        headers: { "content-length": "6", ...headers },
      });
    for (const [what, ask] of Object.entries(asked)) {
      const error = await errorOf(ask());
      deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
      equal(
        error.message,
        `Cannot ${what} s3://bucket/a: ${what === "get" ? why : why.replace("Log in", "")}`,
      );
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
  const { server, store } = running;
  const answers = {
    "<html><body>Log in</body></html>": 'a response with status 200 that is not from AWS: "Log in"',
    "<ListBucketResult><Name>": "the response with status 200 cannot be read",
    "no XML": "the response with status 200 cannot be read",
    "": "the response is not a listing",
  };
  for (const [body, why] of Object.entries(answers)) {
    server.fault = () => new Response(body);
    const error = await errorOf(keysOf(store));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true], error.message);
    equal(error.message, `Cannot list s3://bucket/: ${why}`);
  }
});

Deno.test("S3ObjectStore.list() ends where the listing does not move on, and says of which bucket", async () => {
  await using running = await start();
  const { server, store } = running;
  const token = (text: string) => `<NextContinuationToken>${text}</NextContinuationToken>`;
  const truncated = "<IsTruncated>true</IsTruncated>";
  let pages = 0;
  const cases: [string, () => string][] = [
    [
      "the server says that there are more pages, but returns no continuation token",
      () => truncated,
    ],
    [
      "the server says that there are more pages, but returns no continuation token",
      () => truncated + token(""),
    ],
    ["the server returns the same page again", () => truncated + token(`${pages}`)],
    ["the server returns the same page again", () => token(`${pages}`)],
  ];
  for (const [why, parts] of cases) {
    pages = 0;
    server.fault = () => (pages++, page(parts()));
    const error = await errorOf(keysOf(store));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", false]);
    equal(error.message, `Cannot list s3://bucket/: ${why}`);
    ok(pages <= 2);
  }
  const folders = "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>";
  server.fault = () =>
    new Response(
      `<ListBucketResult>${truncated}${token(`${pages++}`)}${folders}</ListBucketResult>`,
    );
  match((await errorOf(Array.fromAsync(store.folders("")))).message, /the same page again$/);
});

Deno.test("S3ObjectStore.list() ends where the server says so, whatever else it says", async () => {
  await using running = await start();
  const { server, store } = running;
  const token = "<NextContinuationToken>1</NextContinuationToken>";
  server.fault = () => page(`<IsTruncated>false</IsTruncated>${token}`);
  deepEqual(await keysOf(store), ["a+b%"]);
  server.fault = () => page("");
  deepEqual(await keysOf(store), ["a+b%"]);
  const contents = "<Contents><Size>1</Size></Contents>";
  server.fault = () => page(contents);
  deepEqual((await errorOf(keysOf(store))).code, "InvalidAnswer");
});

Deno.test("S3ObjectStore.list() decodes the keys that the server has encoded, and no others", async () => {
  await using running = await start();
  const { server, store } = running;
  server.fault = () => page("<IsTruncated>false</IsTruncated>");
  deepEqual(await keysOf(store), ["a+b%"]);
  server.fault = undefined;
  for (const key of ["a+b%", "a b", "é/%41"]) await store.put(key, new Uint8Array(1));
  deepEqual(await keysOf(store), ["a", "a b", "a+b%", "é/%41"]);
});

Deno.test("S3ObjectStore asks again after a refusal that set the SDK's clock right, of a HEAD too", async () => {
  await using running = await start();
  const { server, store } = running;
  const ahead = new Date(Date.now() + 3_600_000).toUTCString();
  server.fault = () =>
    new Response(null, { status: 403, headers: { date: ahead, "x-amz-request-id": "1" } });
  const error = await errorOf(store.head("a"));
  deepEqual([error.code, error.retryable], ["AccessDenied", true]);
  equal((await errorOf(store.head("a"))).retryable, false, "the clock was right this time");
  server.fault = undefined;
  equal((await store.head("a"))?.size, CONTENT.length);
});

Deno.test("S3ObjectStore.put() fails if a server ignores the encryption", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const said = { put: "", head: "" };
  server.fault = ({ operation }) => {
    const is = operation === "PutObject" ? said.put : said.head;
    const headers: Record<string, string> = {
      ...{ etag: '"1"', "last-modified": "Fri, 10 Jul 2015 00:00:00 GMT" },
      ...is === "" ? {} : { "x-amz-server-side-encryption": is },
    };
    return new Response(null, { headers });
  };
  await using store = await openObjectStore("s3://bucket", {
    ...{ sse: "aws:kms", endpoint: server.url, env: {} },
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  const put = () => store.put("a", new Uint8Array());
  const why =
    "Cannot put s3://bucket/a: the server ignores --sse aws:kms, and the object, which is " +
    "stored, ";
  for (const [head, is] of [["", "is not encrypted"], ["AES256", "has AES256"]] as const) {
    said.head = head;
    await rejects(put(), {
      ...{ code: "NotEncrypted", retryable: false },
      message: `${why}${is}; leave out --sse, or use another server`,
    });
  }
  said.head = "aws:kms";
  equal(await put(), "created");
  Object.assign(said, { put: "aws:kms", head: "" });
  equal(await put(), "created");
  equal(server.counts.HeadObject, 3);
});

Deno.test("S3ObjectStore.put() takes an object for stored only when S3 says so", async () => {
  await using running = await start();
  const { server, store } = running;
  const page = { "content-type": "text/html" };
  const answers = [
    () => new Response(null, { status: 200 }),
    () => new Response(null, { status: 202, headers: { etag: '"1"' } }),
    () => new Response(null, { status: 204 }),
    () => new Response(null, { status: 200, headers: { etag: "" } }),
    () => new Response("<html>Log in</html>", { headers: page }),
    () => new Response("<html>Log in</html>", { headers: { ...page, etag: '"1"' } }),
    () =>
      new Response(null, {
        status: 200,
        headers: { etag: '"1"', "x-amz-checksum-sha256": "AAAA" },
      }),
  ];
  const parts = [Uint8Array.of(1), Uint8Array.of(2)];
  for (const [i, answer] of answers.entries()) {
    server.fault = ({ operation }) => operation === "PutObject" ? answer() : undefined;
    const error = await errorOf(store.put(`${i}`, parts, { ifAbsent: true }));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true], `${i}: ${error.message}`);
    match(error.message, /^Cannot put s3:\/\/bucket\/\d: /);
    server.fault = undefined;
    equal(await store.head(`${i}`), undefined);
    equal(await store.put(`${i}`, parts, { ifAbsent: true }), "created");
  }
});

Deno.test("S3ObjectStore.put() looks for its object where the answer does not say that it is stored", async () => {
  await using running = await start();
  const { server, store } = running;
  const body = new Uint8Array(9);
  const metadata = { "triton-intent": "1" };
  const stored = { body, etag: '"1"', modifiedAt: new Date(0), metadata };
  const others = [{ ...stored, body: new Uint8Array(8) }, { ...stored, metadata: {} }];
  const bucket = server.buckets.get("bucket")!;
  const put = async (object: typeof stored | (typeof others)[0]) => {
    server.fault = ({ operation, key }) => {
      if (operation !== "PutObject") return undefined;
      bucket.set(key, object);
      return new Response(null, { status: 204 });
    };
    return await store.put("b", body, { metadata });
  };
  equal(await put(stored), "created");
  for (const other of others) {
    equal(
      (await errorOf(put(other))).message,
      "Cannot put s3://bucket/b: the response with status 204 " +
        "does not confirm that the object is stored, and it does not exist",
    );
  }
});

Deno.test("S3ObjectStore never takes an answer for an object that lacks its tag or its time", async () => {
  await using running = await start();
  const { server, store } = running;
  for (const name of ["etag", "last-modified"] as const) {
    const headers = { ...TAGGED, [name]: undefined };
    server.fault = () =>
      new Response(null, {
        headers: Object.entries(headers).filter((entry) => entry[1] !== undefined) as [
          string,
          string,
        ][],
      });
    for (const ask of [() => store.get("a"), () => store.head("a")]) {
      const error = await errorOf(ask());
      deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
    }
  }
});
