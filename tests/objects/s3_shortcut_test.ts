import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import * as sdk from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import fc from "fast-check";
import { S3ObjectStore } from "../../src/objects/mod.ts";
import { takeShortcuts } from "../../src/objects/s3_shortcut.ts";
import { checkSignature } from "../support/check_signature.ts";
import { s3Error, type S3Fault, type S3Request, startS3Server } from "../support/s3_server.ts";

/** Longer than a block of SHA-256, which HMAC treats in another way. */
const SECRET = `a secret/with+signs ${"long ".repeat(20)}`;

/** A server that checks every signature, and a client with shortcuts and one without. */
async function start(config: Partial<sdk.S3ClientConfig> = {}) {
  const server = await startS3Server({ buckets: ["bucket", "other"] });
  const seen: { operation: string; long: boolean; accessKeyId: string; region: string }[] = [];
  let refuse: (request: S3Request) => S3Fault = () => undefined;
  server.fault = (asked) => {
    const { operation, request } = asked;
    const long = request.headers.has("amz-sdk-invocation-id");
    seen.push({ operation, long, ...checkSignature(request, SECRET) });
    return refuse(asked);
  };
  const open = () =>
    new sdk.S3Client({
      endpoint: server.url,
      forcePathStyle: true,
      region: "us-east-1",
      credentials: { accessKeyId: "key", secretAccessKey: SECRET },
      maxAttempts: 1,
      followRegionRedirects: true,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: new NodeHttpHandler(),
      ...config,
    });
  const [long, short] = [open(), open()];
  takeShortcuts(short, sdk, { silenceTimeoutMs: 60_000 });
  return {
    seen,
    short,
    long: new S3ObjectStore(long, { bucket: "bucket", prefix: "a folder" }),
    store: new S3ObjectStore(short, { bucket: "bucket", prefix: "a folder" }),
    refuse: (how: (request: S3Request) => S3Fault) => refuse = how,
    async [Symbol.asyncDispose]() {
      for (const client of [short, long]) client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("takeShortcuts() asks for the first object through the SDK, for the next itself", async () => {
  await using running = await start();
  const { store, seen } = running;
  await store.put("a", Uint8Array.of(1, 2, 3));
  for (let i = 0; i < 3; i++) await (await store.get("a")).bytes();
  equal((await store.head("a"))?.size, 3);
  deepEqual(
    seen.map(({ operation, long }) => [operation, long]),
    [["PutObject", true], ["GetObject", true], ["GetObject", false], ["GetObject", false], [
      "HeadObject",
      false,
    ]],
  );
});

Deno.test("takeShortcuts() gives what the SDK gives, of any object", async () => {
  await using running = await start({
    credentials: { accessKeyId: "key", secretAccessKey: SECRET, sessionToken: "to/ken+of=it" },
  });
  const { store, long, seen } = running;
  const part = fc.string({ minLength: 1, unit: "grapheme" })
    .filter((text) => text !== "." && text !== ".." && !/[/\\\p{Cc}]/u.test(text));
  const size = fc.nat(2_000);
  const range = fc.oneof(
    fc.constant(undefined),
    fc.record({ offset: size, length: size }),
    fc.record({ offset: size }),
    fc.record({ suffix: size }),
  );
  const metadata = fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9-]*$/),
    fc.stringMatching(/^\w+$/),
  );
  await store.put("first", new Uint8Array(1));
  await store.head("first");
  const lookAt = async (from: S3ObjectStore, key: string, range?: { suffix: number }) => {
    const body = await from.get(key, range === undefined ? {} : { range });
    return { head: await from.head(key), size: body.size, bytes: await body.bytes() };
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.uint8Array({ maxLength: 2_000 }),
      range,
      metadata,
      async (parts, body, range, metadata) => {
        const key = parts.join("/");
        await store.put(key, body, { metadata });
        deepEqual(
          await lookAt(store, key, range as { suffix: number }),
          await lookAt(long, key, range as { suffix: number }),
        );
      },
    ),
    { numRuns: 60 },
  );
  ok(seen.filter(({ long }) => !long).length >= 60);
});

Deno.test("takeShortcuts() leaves what went wrong to the SDK, with one request", async () => {
  await using running = await start();
  const { store, long, seen, refuse } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  for (const [status, code] of [[503, "SlowDown"], [403, "AccessDenied"], [400, "Odd"]] as const) {
    refuse((request) => s3Error(status, code, request));
    const expected = await long.get("a").catch(({ code, message }) => ({ code, message }));
    seen.length = 0;
    await rejects(store.get("a"), expected as { code: string; message: string });
    deepEqual(seen.map(({ long }) => long), [false]);
  }
  refuse(() => undefined);
  equal(await store.head("nothing"), undefined);
  await rejects(store.get("nothing"), { code: "NoSuchKey" });
});

Deno.test("takeShortcuts() asks for the head of an object of any size", async () => {
  await using running = await start();
  const { store, long, seen } = running;
  await store.put("small", new Uint8Array(3));
  await store.head("small");
  for (const size of [0, 65_536, 65_537, 1_000_000]) {
    await store.put(`${size}`, new Uint8Array(size));
    seen.length = 0;
    const head = await store.head(`${size}`);
    deepEqual(seen.map(({ long }) => long), [false]);
    deepEqual(head, await long.head(`${size}`));
    equal(head?.size, size);
  }
});

Deno.test("takeShortcuts() signs with new keys once the old ones expire", async () => {
  let now = 0;
  const credentials = () =>
    Promise.resolve({
      accessKeyId: `key${now}`,
      secretAccessKey: SECRET,
      expiration: new Date(Date.now() + (now++ === 0 ? 0 : 3_600_000)),
    });
  await using running = await start({ credentials });
  const { store, seen } = running;
  await store.put("a", new Uint8Array(3));
  for (let i = 0; i < 4; i++) await (await store.get("a")).bytes();
  equal(seen.at(-1)?.long, false);
  ok(Number(seen.at(-1)?.accessKeyId.slice(3)) > 0);
});

Deno.test("takeShortcuts() goes straight to a bucket's region once it was sent there", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  refuse(({ request }) => {
    if (request.headers.get("authorization")?.includes("/eu-west-1/s3/")) return undefined;
    const headers = { "x-amz-bucket-region": "eu-west-1" };
    return new Response("<Error><Code>PermanentRedirect</Code></Error>", { status: 301, headers });
  });
  await store.put("a", new Uint8Array(3));
  for (let i = 0; i < 3; i++) await (await store.get("a")).bytes();
  deepEqual(
    seen.slice(2).map(({ region, long }) => [region, long]),
    [["us-east-1", true], ["eu-west-1", true], ["eu-west-1", false], ["eu-west-1", false]],
  );
});

Deno.test("takeShortcuts() leaves buckets and inputs that it does not know to the SDK", async () => {
  await using running = await start();
  const { store, short, seen } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  seen.length = 0;
  const inputs = [
    { Bucket: "other", Key: "a" },
    { Bucket: "bucket", Key: "a folder/a", IfNoneMatch: "x" },
    { Bucket: "bucket", Key: "a folder/a", RequestPayer: "requester" as const },
    { Bucket: "bucket", Key: "a folder/./a" },
    { Bucket: "bucket", Key: "../a" },
  ];
  for (const input of inputs) {
    await short.send(new sdk.HeadObjectCommand(input)).catch(() => {});
  }
  deepEqual(seen.filter(({ long }) => !long), []);
  ok(seen.length >= 3);
});

Deno.test("takeShortcuts() minds a clock that the SDK has set right", async () => {
  await using running = await start();
  const { store, short, refuse } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  const ahead = 3_600_000;
  const dates: number[] = [];
  refuse((asked) => {
    const [, y, m, d, ...time] = /^(....)(..)(..)T(..)(..)(..)Z$/
      .exec(asked.request.headers.get("x-amz-date")!)!;
    dates.push(Date.parse(`${y}-${m}-${d}T${time.join(":")}Z`) - Date.now());
    if (dates.at(-1)! > ahead / 2) return undefined;
    const refusal = s3Error(403, "RequestTimeTooSkewed", asked);
    refusal.headers.set("date", new Date(Date.now() + ahead).toUTCString());
    return refusal;
  });
  await rejects(store.get("a"), { code: "RequestTimeTooSkewed", retryable: true });
  equal((await (await store.get("a")).bytes()).length, 3);
  ok(Math.abs(short.config.systemClockOffset - ahead) < 10_000);
  equal(dates.length, 2);
});

Deno.test("takeShortcuts() asks through the SDK where no answer comes, and then for good", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  seen.length = 0;
  // As where only the SDK trusts the server, or finds the way to it.
  refuse(({ request }) => request.headers.has("amz-sdk-invocation-id") ? undefined : "drop");
  for (let i = 0; i < 5; i++) equal((await (await store.get("a")).bytes()).length, 3);
  const ways = seen.map(({ long }) => long ? "long" : "short");
  equal(ways.filter((way) => way === "long").length, 5);
  equal(ways.at(-2), "long", "the last two did not try");
  equal(ways[0], "short");
});

Deno.test("takeShortcuts() counts requests that fail at the same time once", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  // As where a server closes all of its connections.
  refuse(({ request }) => request.headers.has("amz-sdk-invocation-id") ? undefined : "drop");
  await Promise.all(Array.from({ length: 5 }, async () => (await store.get("a")).bytes()));
  refuse(() => undefined);
  await (await store.get("a")).bytes();
  equal(seen.at(-1)?.long, false);
});

Deno.test("takeShortcuts() leaves objects with a Content-Encoding to the SDK, which does not undo it", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  seen.length = 0;
  const zipped = new Uint8Array(gzipSync(new Uint8Array(1000)));
  refuse(() => new Response(zipped, { headers: { "content-encoding": "gzip", etag: '"1"' } }));
  deepEqual([...await (await store.get("a")).bytes()], [...zipped]);
  deepEqual(seen.map(({ long }) => long), [false, true]);
});

Deno.test("takeShortcuts() does not take what a proxy says for what S3 says", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  await store.put("a", new Uint8Array(3));
  await store.head("a");
  for (const status of [403, 200]) {
    seen.length = 0;
    refuse(({ request }) =>
      request.headers.has("amz-sdk-invocation-id")
        ? undefined
        : new Response(request.method === "HEAD" ? null : "No", {
          status,
          headers: { "content-length": "2" },
        })
    );
    equal((await (await store.get("a")).bytes()).length, 3);
    deepEqual(seen.map(({ long }) => long), [false, true]);
  }
  equal((await store.head("a"))?.size, 3);
});
