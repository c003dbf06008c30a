import { deepEqual, equal, match, rejects } from "node:assert/strict";
import {
  DirectoryObjectStore,
  MemoryObjectStore,
  openObjectStore,
  S3ObjectStore,
} from "../../src/objects/mod.ts";
import { findEndpoint } from "../../src/aws/endpoint.ts";
import { readProfile } from "../../src/aws/credentials/profile.ts";
import { startS3Server } from "../support/s3_server.ts";

/** An environment in which the SDK finds nothing. */
const NOTHING = { env: {}, region: "us-east-1" };

Deno.test("openObjectStore() opens what its table says", async () => {
  const urls: [string, new (...args: never[]) => unknown, string][] = [
    ["s3://bucket", S3ObjectStore, "s3://bucket"],
    ["s3://bucket/", S3ObjectStore, "s3://bucket"],
    ["s3://bucket/a/b/", S3ObjectStore, "s3://bucket/a/b"],
    ["S3://my.bucket-1/a", S3ObjectStore, "s3://my.bucket-1/a"],
    ["bucket", S3ObjectStore, "s3://bucket"],
    ["bucket/a", S3ObjectStore, "s3://bucket/a"],
    ["file:///tmp/a%20b", DirectoryObjectStore, "file:///tmp/a%20b"],
    ["file:///tmp/a/", DirectoryObjectStore, "file:///tmp/a"],
    ["file:logs/x", DirectoryObjectStore, "file:///home/triton/logs/x"],
    ["file:.", DirectoryObjectStore, "file:///home/triton"],
    ["memory:", MemoryObjectStore, "memory:"],
  ];
  for (const [url, kind, opened] of urls) {
    await using store = await openObjectStore(url, { ...NOTHING, cwd: "/home/triton" });
    equal(store instanceof kind, true, url);
    equal(store.url, opened);
  }
});

Deno.test("openObjectStore() says what it takes", async () => {
  const message =
    /; give s3:|: give s3:\/\/bucket\/prefix, bucket\/prefix, file:\/\/\/path or memory:$/;
  for (
    const url of ["gs://bucket", "http://bucket", "memory:x", "", "s3://", "./a", "/tmp/a", "s3:/b"]
  ) {
    await rejects(openObjectStore(url), (error: Error) => {
      equal(error.name, "TypeError", url);
      match(error.message, message);
      return true;
    });
  }
  await rejects(openObjectStore("file:"), TypeError);
  await rejects(openObjectStore("file://host/a"), TypeError);
});

Deno.test("openObjectStore() finds the endpoint in the environment, the one of S3 first", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const nowhere = "http://127.0.0.1:2";
  const environments: [string | undefined, Record<string, string>][] = [
    [undefined, { AWS_ENDPOINT_URL: server.url }],
    [undefined, { AWS_ENDPOINT_URL: nowhere, AWS_ENDPOINT_URL_S3: server.url }],
    [server.url, { AWS_ENDPOINT_URL: nowhere, AWS_ENDPOINT_URL_S3: nowhere }],
  ];
  for (const [endpoint, env] of environments) {
    await using store = await openObjectStore("bucket", { endpoint, env, credentials });
    equal(await store.head("a"), undefined);
  }
  equal(server.counts.HeadObject, 3);
});

Deno.test("openObjectStore() finds endpoint and region in the profile, with the bucket in the path", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const nowhere = "http://127.0.0.1:2";
  const regions: string[] = [];
  server.fault = ({ request }) =>
    void regions.push(/\/([^/]+)\/s3\//.exec(request.headers.get("authorization")!)![1]!);
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(
    file,
    `[default]\nregion = eu-west-1\nendpoint_url = ${server.url}\n` +
      `[profile s]\nregion = eu-north-1\nservices = local\nendpoint_url = ${nowhere}\n` +
      `[services local]\ns3 =\n  endpoint_url = ${server.url}\n` +
      `[profile i]\nignore_configured_endpoint_urls = true\nendpoint_url = ${nowhere}\n`,
  );
  const ignore = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" };
  const environments: [string | undefined, Record<string, string>][] = [
    [undefined, {}],
    [undefined, { AWS_PROFILE: "s" }],
    [undefined, { AWS_PROFILE: "s", AWS_ENDPOINT_URL: server.url }],
    [server.url, { AWS_PROFILE: "i", AWS_ENDPOINT_URL_S3: nowhere }],
    [server.url, { ...ignore, AWS_ENDPOINT_URL_S3: nowhere }],
  ];
  for (const [endpoint, env] of environments) {
    const options = { endpoint, env: { AWS_CONFIG_FILE: file, ...env }, credentials };
    await using store = await openObjectStore("bucket", options);
    equal(await store.head("a"), undefined);
  }
  equal(server.counts.HeadObject, environments.length);
  const [first, second] = [...new Set(regions)];
  deepEqual([first, second], ["eu-west-1", "eu-north-1"]);
  const files = await readProfile({ AWS_CONFIG_FILE: file });
  equal(findEndpoint("S3", {}, files), server.url);
  equal(findEndpoint("S3", { ...ignore, AWS_ENDPOINT_URL: nowhere }, files), undefined);
  const ignoring = await readProfile({ AWS_CONFIG_FILE: file, AWS_PROFILE: "i" });
  equal(findEndpoint("S3", { AWS_ENDPOINT_URL: nowhere }, ignoring), undefined);
  await Deno.remove(file);
});

Deno.test("openObjectStore() signs for the region it is given, or us-east-1", async () => {
  const regions: string[] = [];
  await using server = await startS3Server({
    buckets: ["bucket"],
    fault({ request }) {
      regions.push(/\/([^/]+)\/s3\//.exec(request.headers.get("authorization")!)![1]!);
      return undefined;
    },
  });
  const options = { endpoint: server.url, credentials: { accessKeyId: "a", secretAccessKey: "b" } };
  for (
    const place of [
      { region: "eu-west-1", env: { AWS_REGION: "eu-north-1" } },
      { env: { AWS_REGION: "eu-north-1" } },
      { env: { AWS_DEFAULT_REGION: "sa-east-1" } },
    ]
  ) {
    await using store = await openObjectStore("bucket", { ...options, ...place });
    await Array.fromAsync(store.list(""));
  }
  equal(regions.join(), "eu-west-1,eu-north-1,sa-east-1");
});
