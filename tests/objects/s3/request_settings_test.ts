import { deepEqual, equal } from "node:assert/strict";
import type { BucketSettings } from "../../../src/base/settings/bucket_settings.ts";
import { openObjectStore } from "../../../src/objects/mod.ts";
import { checkSignature } from "../../support/check_signature.ts";
import { type S3Operation, startS3Server } from "../../support/s3_server.ts";

/** Each setting, and the headers by which S3 knows it. */
const SETTINGS: readonly [BucketSettings, Readonly<Record<string, string>>][] = [
  [{ storageClass: "ONEZONE_IA" }, { "x-amz-storage-class": "ONEZONE_IA" }],
  [{ objectTags: { team: "data & co", "a/b": "=" } }, {
    "x-amz-tagging": "team=data%20%26%20co&a%2Fb=%3D",
  }],
  [{ sse: "AES256" }, { "x-amz-server-side-encryption": "AES256" }],
  [{ sse: "aws:kms", sseKmsKeyId: "alias/a", bucketKeyEnabled: true }, {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "alias/a",
    "x-amz-server-side-encryption-bucket-key-enabled": "true",
  }],
  [{ sse: "aws:kms:dsse" }, { "x-amz-server-side-encryption": "aws:kms:dsse" }],
  [{ acl: "bucket-owner-full-control" }, { "x-amz-acl": "bucket-owner-full-control" }],
  [{ expectedBucketOwner: "111122223333" }, { "x-amz-expected-bucket-owner": "111122223333" }],
  [{ requestPayer: "requester" }, { "x-amz-request-payer": "requester" }],
];

/** Which operations have a header. */
function belongsTo(header: string, operation: S3Operation): boolean {
  if (header === "x-amz-expected-bucket-owner") return true;
  if (header === "x-amz-request-payer") return operation !== "HeadBucket";
  return operation === "PutObject";
}

const SECRET = "secret";
const HEADERS = new Set(SETTINGS.flatMap(([, headers]) => Object.keys(headers)));

/** Does everything that a store can do, with these settings. */
async function requestsWith(settings: BucketSettings) {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const seen: { operation: S3Operation; bySdk: boolean; headers: Record<string, string> }[] = [];
  server.fault = ({ operation, request }) => {
    checkSignature(request, SECRET);
    const headers = [...request.headers].filter(([name]) => HEADERS.has(name));
    const bySdk = request.headers.has("amz-sdk-invocation-id");
    seen.push({ operation, bySdk, headers: Object.fromEntries(headers) });
    return undefined;
  };
  await using store = await openObjectStore("s3://bucket/folder", {
    ...settings,
    ...{
      endpoint: server.url,
      env: {},
      credentials: { accessKeyId: "a", secretAccessKey: SECRET },
    },
  });
  await store.put("a/b", new Uint8Array(9), { ifAbsent: true, metadata: { x: "y" } });
  await store.put("a/c", new Uint8Array(9));
  await Array.fromAsync(store.list("a"));
  await Array.fromAsync(store.folders(""));
  await store.head("a/b");
  await store.head("nothing"); // and of the bucket
  for (const _ of [1, 2, 3]) await (await store.get("a/b", { range: { suffix: 3 } })).bytes();
  await (await store.get("a/b", { range: { offset: 1, length: 0 } })).bytes();
  return seen;
}

Deno.test("each setting of a bucket is sent with all requests that it is for, and no other", async () => {
  const all = Object.assign({}, ...SETTINGS.map(([settings]) => settings)) as BucketSettings;
  const allHeaders = Object.assign({}, ...SETTINGS.map(([, headers]) => headers));
  const everything: typeof SETTINGS[number] = [{ ...all, sse: "aws:kms" }, {
    ...allHeaders,
    "x-amz-server-side-encryption": "aws:kms",
  }];
  for (const [settings, headers] of [[{}, {}] as const, ...SETTINGS, everything]) {
    const seen = await requestsWith(settings);
    deepEqual(
      new Set(seen.map(({ operation }) => operation)),
      new Set(["PutObject", "ListObjectsV2", "HeadObject", "HeadBucket", "GetObject"]),
    );
    for (const { operation, headers: sent } of seen) {
      const expected = Object.entries(headers).filter(([name]) => belongsTo(name, operation));
      deepEqual(sent, Object.fromEntries(expected), operation);
    }
    // GetObject stays without the SDK.
    equal(seen.some(({ operation, bySdk }) => operation === "GetObject" && bySdk), false);
  }
});
