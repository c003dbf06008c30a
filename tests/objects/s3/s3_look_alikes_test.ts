import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import { readLog } from "../../support/read_log.ts";
import { s3Error, type S3Fault, type S3Request } from "../../support/s3_server.ts";
import { OPERATIONS, startS3 } from "./s3_fixture.ts";

const CONTENT = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);

Deno.test("S3ObjectStore.put() does without a checksum that is refused, and says so once", async () => {
  const refusals: ((request: S3Request) => Response)[] = [
    (request) => s3Error(501, "NotImplemented", request),
    (request) => s3Error(400, "InvalidArgument", request),
    (request) => s3Error(400, "UnsupportedChecksum", request),
  ];
  for (const refusal of refusals) {
    await using running = await startS3();
    const { server, store } = running;
    let puts = 0;
    server.fault = (asked): S3Fault => {
      puts++;
      return asked.request.headers.has("x-amz-checksum-sha256") ? refusal(asked) : undefined;
    };
    const records = await readLog(async () => {
      for (const key of ["a", "b"]) {
        equal(await store.put(key, [CONTENT], { ifAbsent: true }), "created");
      }
      equal(await store.put("a", [CONTENT], { ifAbsent: true }), "exists");
    });
    equal(puts, 4);
    deepEqual(records.map(({ event }) => event), ["bucket.checksum_refused"]);
  }
});

Deno.test("S3ObjectStore.put() gives the checksum up only where that was what was refused", async () => {
  await using running = await startS3();
  const { server, store } = running;
  let checksums = 0;
  for (const code of ["InvalidRequest", "BadDigest", "ExpiredToken"]) {
    server.fault = (asked): S3Fault => s3Error(400, code, asked);
    const error = await store.put("a", CONTENT).catch((error) => error);
    deepEqual([error.code, error.retryable], [code, false]);
  }
  server.fault = ({ request }): S3Fault =>
    void (checksums += Number(request.headers.has("x-amz-checksum-sha256")));
  equal(await store.put("a", CONTENT), "created");
  equal(checksums, 1);
});

Deno.test("S3ObjectStore never announces a body that waits for 100 Continue", async () => {
  await using running = await startS3();
  const { server, store } = running;
  server.fault = ({ request }): S3Fault =>
    request.headers.has("expect") ? new Response(null, { status: 417 }) : undefined;
  equal(await store.put("a", Array.from({ length: 50 }, () => CONTENT)), "created");
});

Deno.test("S3ObjectStore goes straight to a bucket's region once it was sent there", async () => {
  for (const status of [301, 307]) {
    await using running = await startS3({ region: "us-east-1" });
    const { server, store } = running;
    const regions: string[] = [];
    server.fault = ({ request }): S3Fault => {
      const region = /\/([^/]+)\/s3\//.exec(request.headers.get("authorization")!)![1]!;
      regions.push(region);
      if (region === "eu-west-1") return undefined;
      const headers = {
        "x-amz-bucket-region": "eu-west-1",
        location: "https://elsewhere.example/",
      };
      const code = status === 301 ? "PermanentRedirect" : "TemporaryRedirect";
      const body = request.method === "HEAD" ? null : `<Error><Code>${code}</Code></Error>`;
      return new Response(body, { status, headers });
    };
    equal(await store.head("a"), undefined);
    for (const name of ["put", "get", "head", "list"] as const) await OPERATIONS[name](store);
    equal(regions.shift(), "us-east-1");
    deepEqual([...new Set(regions)], ["eu-west-1"], `${status}`);
  }
});

Deno.test("S3ObjectStore.get() finds out how long an object is that comes without a length", async () => {
  await using running = await startS3();
  const { server, store } = running;
  await store.put("a", CONTENT);
  const chunked = (bytes: Uint8Array, headers: Record<string, string> = {}, status = 200) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(bytes);
          controller.close();
        },
      }),
      { status, headers: { etag: '"1"', "last-modified": new Date(0).toUTCString(), ...headers } },
    );
  server.fault = ({ operation }): S3Fault =>
    operation === "GetObject" ? chunked(CONTENT) : undefined;
  const body = await store.get("a");
  equal(body.size, CONTENT.length);
  deepEqual(await body.bytes(), CONTENT);
  server.fault = ({ operation }): S3Fault =>
    operation === "GetObject" ? chunked(CONTENT.subarray(0, 5)) : undefined;
  await rejects((await store.get("a")).bytes(), { code: "IncompleteBody", retryable: true });
  const range = { "content-range": `bytes 7-9/${CONTENT.length}` };
  server.fault = ({ operation }): S3Fault =>
    operation === "GetObject" ? chunked(CONTENT.subarray(7, 10), range, 206) : "drop";
  const part = await store.get("a", { range: { offset: 7, length: 3 } });
  deepEqual([part.size, [...await part.bytes()]], [CONTENT.length, [7, 8, 9]]);
});

Deno.test("S3ObjectStore says the status and the first words of a page, whatever it was doing", async () => {
  await using running = await startS3();
  const { server, store } = running;
  const html = "<html><head><title>Corporate\n  proxy</title></head><body>No way</body></html>";
  for (const status of [200, 302, 403, 407, 502]) {
    server.fault = ({ request }): S3Fault =>
      new Response(request.method === "HEAD" ? null : html, {
        status,
        headers: { "content-type": "text/html" },
      });
    for (const [what, run] of Object.entries(OPERATIONS)) {
      const error = await run(store).catch((error) => error);
      ok(error instanceof ObjectStoreError);
      const words = what === "head" ? "" : "Corporate proxy";
      const verb = what === "head" ? "look at" : what;
      equal(
        error.message.replace(/^Cannot (\S+|look at) s3:\/\/bucket\/a?: /, `${verb}: `),
        `${verb}: a response with status ${status} that is not from AWS: "${words}"`,
      );
      equal(error.retryable, status !== 407);
    }
  }
});

Deno.test("S3ObjectStore says how to get at an object in cold storage", async () => {
  await using running = await startS3();
  running.server.fault = (request) => s3Error(403, "InvalidObjectState", request);
  await rejects(running.store.get("a"), {
    code: "InvalidObjectState",
    retryable: false,
    message: "Cannot get s3://bucket/a: it is in cold storage (Glacier); restore it first, with " +
      "`aws s3api restore-object --restore-request Days=7`",
  });
});
