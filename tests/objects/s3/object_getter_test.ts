import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { S3Client } from "@aws-sdk/client-s3";
import { clientSettings } from "../../../src/aws/client_settings.ts";
import { type OpenedObjectStore, openObjectStore } from "../../../src/objects/mod.ts";
import type { ByteRange } from "../../../src/objects/object_store.ts";
import { S3ObjectStore } from "../../../src/objects/s3/s3_object_store.ts";
import { checkSignature } from "../../support/check_signature.ts";
import { s3Error, type S3Fault, type S3Request, startS3Server } from "../../support/s3_server.ts";
import { errorOf } from "./s3_fixture.ts";

/** Longer than a block of SHA-256, which HMAC treats in another way. */
const SECRET = `a secret/with+signs ${"long ".repeat(20)}`;
const CONTENT = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

/** What the server saw of a request, and whether the SDK made it. */
interface Seen {
  readonly operation: string;
  readonly bySdk: boolean;
  readonly region: string;
}

/** A server that checks every signature and has object "a", and stores of its bucket. */
async function start() {
  const server = await startS3Server({ buckets: ["bucket"] });
  const seen: Seen[] = [];
  let refuse: (request: S3Request) => S3Fault = () => undefined;
  server.fault = (asked) => {
    const { operation, request } = asked;
    const bySdk = request.headers.has("amz-sdk-invocation-id");
    const { region } = checkSignature(request, SECRET);
    seen.push({ operation, bySdk, region });
    return refuse(asked);
  };
  const open = (): Promise<OpenedObjectStore> =>
    openObjectStore("s3://bucket/a folder", {
      endpoint: server.url,
      env: {},
      credentials: { accessKeyId: "key", secretAccessKey: SECRET, sessionToken: "to/ken+of=it" },
    });
  const store = await open();
  await store.put("a", CONTENT);
  return {
    seen,
    url: server.url,
    store,
    open,
    refuse: (how: (request: S3Request) => S3Fault) => refuse = how,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What each response about an object has. */
const TAGGED = { etag: '"1"', "last-modified": "Fri, 10 Jul 2015 00:00:00 GMT" };

const RANGES: readonly (ByteRange | undefined)[] = [
  undefined,
  { offset: 0 },
  { offset: 7, length: 100_000 },
  { suffix: 3 },
  { offset: CONTENT.length },
];

/** Gets a part of object "a". */
async function get(store: OpenedObjectStore, range?: ByteRange): Promise<unknown> {
  const body = await store.get("a", range === undefined ? {} : { range });
  return { size: body.size, bytes: await body.bytes() };
}

Deno.test("ObjectGetter sends the first request by the SDK, be it a listing, and the next ones itself", async () => {
  await using running = await start();
  const { store, seen, open } = running;
  for (let i = 0; i < 3; i++) await get(store);
  await using listed = await open();
  await Array.fromAsync(listed.list(""));
  await get(listed);
  deepEqual(
    seen.slice(1).map(({ operation, bySdk }) => [operation, bySdk]),
    [
      ["GetObject", true],
      ["GetObject", false],
      ["GetObject", false],
      ["ListObjectsV2", true],
      ["GetObject", false],
    ],
  );
});

Deno.test("ObjectGetter gets what the SDK gets, of every range", async () => {
  await using running = await start();
  const { store, seen, open } = running;
  await get(store);
  for (const range of RANGES) {
    await using sdkStore = await open();
    const expected = await get(sdkStore, range);
    deepEqual(await get(store, range), expected);
    deepEqual(
      seen.slice(-2).map(({ bySdk }) => bySdk),
      range !== undefined && "offset" in range && range.offset === CONTENT.length
        ? [false, true] // a refused range, then a HEAD
        : [true, false],
    );
    await get(store);
  }
});

Deno.test("ObjectGetter leaves failures to the SDK, without a second request", async () => {
  await using running = await start();
  const { store, seen, open, refuse } = running;
  for (const [status, code] of [[503, "SlowDown"], [403, "AccessDenied"], [400, "Odd"]] as const) {
    refuse(() => undefined);
    await get(store); // by the SDK
    refuse((request) => s3Error(status, code, request));
    await using sdkStore = await open();
    const expected = await errorOf(sdkStore.get("a"));
    seen.length = 0;
    const error = await errorOf(store.get("a"));
    deepEqual([error.code, error.message], [expected.code, expected.message]);
    equal(error.retryable, expected.retryable);
    deepEqual(seen.map(({ bySdk }) => bySdk), [false]);
  }
  refuse(() => undefined);
  await get(store);
  await rejects(store.get("nothing"), { code: "NoSuchKey" });
});

Deno.test("ObjectGetter follows a bucket to its region, and then goes there at once", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  await get(store);
  seen.length = 0;
  refuse(({ request }) => {
    if (request.headers.get("authorization")?.includes("/eu-west-1/s3/")) return undefined;
    const headers = { "x-amz-bucket-region": "eu-west-1" };
    return new Response("<Error><Code>PermanentRedirect</Code></Error>", { status: 301, headers });
  });
  for (let i = 0; i < 3; i++) await get(store);
  deepEqual(
    seen.map(({ region, bySdk }) => [region, bySdk]),
    [["us-east-1", false], ["eu-west-1", true], ["eu-west-1", false], ["eu-west-1", false]],
  );
});

Deno.test("ObjectGetter signs with the clock that the SDK has corrected", async () => {
  await using running = await start();
  const { store, refuse } = running;
  await get(store);
  const ahead = 3_600_000;
  const offsets: number[] = [];
  refuse((asked) => {
    const [, y, m, d, ...time] = /^(....)(..)(..)T(..)(..)(..)Z$/
      .exec(asked.request.headers.get("x-amz-date")!)!;
    offsets.push(Date.parse(`${y}-${m}-${d}T${time.join(":")}Z`) - Date.now());
    const response = offsets.at(-1)! > ahead / 2
      ? new Response(CONTENT.slice(), { headers: { ...TAGGED, "content-length": "200000" } })
      : s3Error(403, "RequestTimeTooSkewed", asked);
    response.headers.set("date", new Date(Date.now() + ahead).toUTCString());
    return response;
  });
  await rejects(store.get("a"), { code: "RequestTimeTooSkewed", retryable: true });
  for (let i = 0; i < 2; i++) await get(store);
  equal(offsets.length, 3);
  ok(offsets.slice(1).every((offset) => Math.abs(offset - ahead) < 10_000), `${offsets}`);
});

Deno.test("ObjectGetter keeps the Content-Encoding of an object", async () => {
  await using running = await start();
  const { store, seen, refuse } = running;
  await get(store);
  const zipped = new Uint8Array(gzipSync(new Uint8Array(1000)));
  const headers = {
    "content-encoding": "gzip",
    "content-length": String(zipped.length),
    ...TAGGED,
  };
  refuse(() => new Response(zipped, { headers }));
  deepEqual(await get(store), { size: zipped.length, bytes: new Uint8Array(zipped) });
  equal(seen.at(-1)?.bySdk, false);
});

Deno.test("ObjectGetter leaves requests with further headers to the SDK", async () => {
  await using running = await start();
  const { seen, url } = running;
  const client = new S3Client({
    ...await clientSettings({ env: {}, silenceTimeoutMs: 60_000 }),
    endpoint: url,
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: SECRET },
  });
  client.middlewareStack.add((next) => (args) => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers["x-amz-request-payer"] = "requester";
    return next(args);
  }, { step: "build", name: "payer" });
  const store = new S3ObjectStore(client, { bucket: "bucket", prefix: "a folder" });
  for (let i = 0; i < 3; i++) await (await store.get("a")).bytes();
  deepEqual(seen.slice(1).map(({ bySdk }) => bySdk), [true, true, true]);
  client.destroy();
});
