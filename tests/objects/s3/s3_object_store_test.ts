import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { concatBytes } from "../../../src/base/bytes.ts";
import { openObjectStore, S3ObjectStore } from "../../../src/objects/mod.ts";
import fc from "fast-check";
import { checkSignature } from "../../support/check_signature.ts";
import { s3Error, type S3Fault, type S3Request, startS3Server } from "../../support/s3_server.ts";
import { errorOf, OPERATIONS, startS3 } from "./s3_fixture.ts";

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

Deno.test("S3ObjectStore says of each error of S3 whether asking again can help", async () => {
  await using running = await startS3();
  const { server, store } = running;
  const errors: [number, string, boolean][] = [
    [503, "SlowDown", true],
    [503, "ServiceUnavailable", true],
    [500, "InternalError", true],
    [400, "RequestTimeout", true],
    [409, "ConditionalRequestConflict", true],
    [429, "TooManyRequests", true],
    [403, "AccessDenied", false],
    [403, "InvalidAccessKeyId", false],
    [400, "InvalidRequest", false],
    [501, "NotImplemented", false],
  ];
  for (const [status, code, retryable] of errors) {
    server.fault = (request) => s3Error(status, code, request);
    for (const [name, run] of Object.entries(OPERATIONS)) {
      const error = await errorOf(run(store));
      // HEAD has no body to name the error in: there the status has to do.
      const passes = name === "head" ? [429, 500, 503].includes(status) : retryable;
      equal(error.retryable, passes, `${name} ${code}`);
      if (name !== "head") equal(error.code, code);
      ok(error.message.includes("s3://bucket"), error.message);
    }
  }
});

Deno.test("S3ObjectStore says where, and what to do", async () => {
  await using running = await startS3();
  const { server, store } = running;
  server.fault = (request) => s3Error(403, "AccessDenied", request);
  const advice = "access denied; check the policy of these credentials";
  await rejects(store.get("a"), { message: `Cannot get s3://bucket/a: ${advice}` });
  await rejects(store.head("a"), { message: `Cannot look at s3://bucket/a: ${advice}` });
  server.fault = (request) => s3Error(503, "SlowDown", request);
  await rejects(store.put("a", new Uint8Array()), {
    message: "Cannot put s3://bucket/a: Please reduce your request rate.",
  });
});

Deno.test("S3ObjectStore takes a lost connection for an error that may pass", async () => {
  await using running = await startS3();
  const { server, store } = running;
  await store.put("a", new Uint8Array(9));
  for (const fault of ["drop", "drop-after"] as const) {
    server.fault = () => fault;
    for (const [name, run] of Object.entries(OPERATIONS)) {
      const error = await errorOf(run(store));
      deepStrictEqual([error.code, error.retryable], ["ECONNRESET", true], name);
    }
  }
});

Deno.test("S3ObjectStore takes a server that is not there for an error that may pass", async () => {
  const running = await startS3();
  await running.server[Symbol.asyncDispose]();
  const error = await errorOf(running.store.head("a"));
  deepStrictEqual([error.code, error.retryable], ["ECONNREFUSED", true]);
  await running.store[Symbol.asyncDispose]();
});

Deno.test("S3ObjectStore never takes a body that ends early for a whole one", async () => {
  await using running = await startS3();
  const { server, store } = running;
  await store.put("a", new Uint8Array(200_000));
  for (const truncateAfter of [0, 1, 65_536, 199_999]) {
    server.fault = () => ({ truncateAfter });
    const error = await errorOf(OPERATIONS.get(store));
    equal(error.retryable, true);
  }
});

Deno.test("S3ObjectStore takes back the memory of chunks that are released, and of no others", async () => {
  await using running = await startS3();
  const { store } = running;
  const content = Uint8Array.from({ length: 400_000 }, (_, i) => i % 251);
  await store.put("a", content);
  const body = await store.get("a");
  const kept: { readonly chunk: Uint8Array; readonly at: number }[] = [];
  const released: Uint8Array[] = [];
  let at = 0;
  for await (const chunk of body) {
    deepStrictEqual([...chunk], [...content.subarray(at, at + chunk.length)]);
    const from = at;
    at += chunk.length;
    if (kept.length <= released.length) kept.push({ chunk, at: from });
    else {
      released.push(chunk);
      body.release!(chunk);
    }
  }
  equal(at, content.length);
  equal(released.length > 0 && released.every(({ length }) => length === 0), true);
  for (const { chunk, at } of kept) {
    ok(chunk.length > 0);
    deepStrictEqual([...chunk], [...content.subarray(at, at + chunk.length)]);
  }
});

Deno.test("S3ObjectStore finds its own object after a put whose answer was lost", async () => {
  await using running = await startS3();
  const { server, store } = running;
  server.fault = () => "drop-after";
  await errorOf(OPERATIONS.put(store));
  server.fault = undefined;
  equal(await OPERATIONS.put(store), "exists");
});

Deno.test("S3ObjectStore makes one request a call, and puts without framing", async () => {
  await using running = await startS3();
  const { server, store } = running;
  const seen: S3Request[] = [];
  server.fault = (request): S3Fault => void seen.push(request);
  await store.put("a b/ü", Uint8Array.of(1, 2, 3), { ifAbsent: true, metadata: { x: "y" } });
  equal((await store.head("a b/ü"))?.size, 3);
  await (await store.get("a b/ü")).bytes();
  deepStrictEqual(seen.map(({ operation }) => operation), ["PutObject", "HeadObject", "GetObject"]);
  const { headers } = seen[0]!.request;
  equal(headers.get("if-none-match"), "*");
  equal(headers.get("content-length"), "3");
  equal(headers.get("content-encoding"), null);
  deepStrictEqual([...server.buckets.get("bucket")!.get("a b/ü")!.body], [1, 2, 3]);
});

Deno.test("S3ObjectStore.put() sends parts with their hash and length, and without framing", async () => {
  await using running = await startS3();
  const { server, store } = running;
  const seen: S3Request[] = [];
  server.fault = (request): S3Fault => void seen.push(request);
  const parts = [3, 1_000_000, 0, 5].map((size, i) => new Uint8Array(size).fill(i));
  const whole = concatBytes(parts);
  const options = { ifAbsent: true, metadata: { x: "y" } };
  equal(await store.put("parts", parts, options), "created");
  equal(await store.put("whole", whole, options), "created");
  const [first, second] = seen.map(({ request: { headers } }) => {
    return ["content-length", "x-amz-content-sha256", "content-encoding", "if-none-match"]
      .map((name) => headers.get(name));
  });
  equal(first![1], createHash("sha256").update(whole).digest("hex"));
  deepStrictEqual(first, second);
  ok(equalBytes(server.buckets.get("bucket")!.get("parts")!.body, whole));
});

Deno.test("S3ObjectStore.put() sends the checksum that a bucket with Object Lock wants", async () => {
  await using running = await startS3();
  const { server, store } = running;
  server.buckets.get("bucket")!.locks = true;
  for (const body of [new Uint8Array(0), Uint8Array.of(1), [Uint8Array.of(1), Uint8Array.of(2)]]) {
    await store.put("locked", body);
    deepStrictEqual(await (await store.get("locked")).bytes(), concatBytes([body].flat()));
  }
});

Deno.test("S3ObjectStore.put() sends parts without framing by a client that adds checksums", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const client = new S3Client({
    endpoint: server.url,
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
  const store = new S3ObjectStore(client, { bucket: "bucket" });
  let encoding: string | null | undefined;
  server.fault = ({ request }): S3Fault =>
    void (encoding = request.headers.get("content-encoding"));
  await store.put("a", [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  equal(encoding, null);
  deepStrictEqual([...server.buckets.get("bucket")!.get("a")!.body], [1, 2, 3]);
  client.destroy();
});

Deno.test("S3ObjectStore.put() sends parts again after a lost connection", async () => {
  await using running = await startS3();
  const { server, store } = running;
  const parts = [new Uint8Array(400_000).fill(1), new Uint8Array(400_000).fill(2)];
  for (const fault of ["drop", "drop-after"] as const) {
    server.fault = () => fault;
    ok((await errorOf(store.put(fault, parts, { ifAbsent: true }))).retryable);
    server.fault = undefined;
    const again = await store.put(fault, parts, { ifAbsent: true });
    equal(again, fault === "drop-after" ? "exists" : "created");
    ok(equalBytes(server.buckets.get("bucket")!.get(fault)!.body, concatBytes(parts)));
  }
});

Deno.test("S3ObjectStore uses a connection again, also after a body was read to its end", async () => {
  await using running = await startS3();
  const { server, store } = running;
  await store.put("a", new Uint8Array(300_000));
  for (let i = 0; i < 20; i++) {
    for (const run of Object.values(OPERATIONS)) await run(store);
    await Array.fromAsync(await store.get("a"));
  }
  // `fetch` returns a connection to its pool in a task of its own, after the last read of a long body
  // has returned: a request that follows at once opens a second one, and the next ones alternate.
  ok(server.connections <= 2, `${server.connections} connections`);
});

Deno.test("S3ObjectStore keeps to its folder", async () => {
  await using running = await startS3();
  const { server, store } = running;
  await using folder = await openObjectStore("bucket//a/b//", {
    endpoint: server.url,
    env: {},
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  equal(folder.url, "s3://bucket/a/b");
  await folder.put("c", new Uint8Array(1));
  await store.put("a/bc", new Uint8Array(1));
  await store.put("a/c", new Uint8Array(1));
  deepStrictEqual(await Array.fromAsync(folder.list(""), ({ key }) => key), ["c"]);
  deepStrictEqual(
    await Array.fromAsync(store.list(""), ({ key }) => key),
    ["a/b/c", "a/bc", "a/c"],
  );
});

Deno.test("openObjectStore() follows a bucket to its region", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  await using store = await openObjectStore("s3://bucket", {
    region: "us-east-1",
    endpoint: server.url,
    env: {},
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  server.fault = (request): S3Fault => {
    const authorization = request.request.headers.get("authorization") ?? "";
    if (authorization.includes("/eu-west-1/s3/")) return undefined;
    const refusal = s3Error(301, "PermanentRedirect", request);
    refusal.headers.set("x-amz-bucket-region", "eu-west-1");
    return refusal;
  };
  equal(await store.put("a", [new Uint8Array(1), new Uint8Array(2)]), "created");
  equal((await store.head("a"))?.size, 3);
  server.fault = (request) => s3Error(301, "PermanentRedirect", request);
  await rejects(store.get("a"), {
    code: "PermanentRedirect",
    retryable: false,
    message: "Cannot get s3://bucket/a: the bucket is in another region; set AWS_REGION to it",
  });
});

Deno.test("openObjectStore() signs what it asks, whatever the keys, ranges and metadata", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const secretAccessKey = `a secret/with+signs ${"long ".repeat(20)}`;
  server.fault = ({ request }) => void checkSignature(request, secretAccessKey);
  await using store = await openObjectStore("s3://bucket/a folder", {
    endpoint: server.url,
    env: {},
    credentials: { accessKeyId: "key", secretAccessKey, sessionToken: "to/ken+of=it" },
  });
  const part = fc.string({ minLength: 1, unit: "grapheme" })
    .filter((text) => text !== "." && text !== ".." && !/[/\\\p{Cc}]/u.test(text));
  const metadata = fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9-]*$/),
    fc.stringMatching(/^\w+$/),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
      fc.nat(2_000),
      metadata,
      async (parts, body, offset, metadata) => {
        const key = parts.join("/");
        await store.put(key, body, { metadata });
        const part = await store.get(key, { range: { offset } });
        deepStrictEqual([...await part.bytes()], [...body.subarray(offset)]);
        deepStrictEqual({ ...(await store.head(key))?.metadata }, { ...metadata });
        const listed = await Array.fromAsync(store.list(key), (info) => info.key);
        ok(listed.includes(key));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("openObjectStore() minds a clock that the SDK has set right", async () => {
  await using running = await startS3();
  const { server, store } = running;
  await store.put("a", new Uint8Array(3));
  const ahead = 3_600_000;
  const offsets: number[] = [];
  server.fault = (asked) => {
    const [, y, m, d, ...time] = /^(....)(..)(..)T(..)(..)(..)Z$/
      .exec(asked.request.headers.get("x-amz-date")!)!;
    offsets.push(Date.parse(`${y}-${m}-${d}T${time.join(":")}Z`) - Date.now());
    if (offsets.at(-1)! > ahead / 2) return undefined;
    const refusal = s3Error(403, "RequestTimeTooSkewed", asked);
    refusal.headers.set("date", new Date(Date.now() + ahead).toUTCString());
    return refusal;
  };
  await rejects(store.get("a"), { code: "RequestTimeTooSkewed", retryable: true });
  equal((await (await store.get("a")).bytes()).length, 3);
  equal(offsets.length, 2);
});

Deno.test("openObjectStore() says of a key that URLs cannot have that it cannot be requested", async () => {
  await using running = await startS3();
  await rejects(running.store.get("a/../b"), {
    message:
      'Cannot get s3://bucket/a/../b: the path "/bucket/a/../b" cannot be requested over HTTP',
    retryable: false,
  });
});
