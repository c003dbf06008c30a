/** What a real S3 server keeps of an object's settings, if there is one. */

import { deepEqual, equal } from "node:assert/strict";
import {
  CreateBucketCommand,
  GetObjectAclCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { BucketSettings } from "../../../src/base/settings/bucket_settings.ts";
import { openObjectStore } from "../../../src/objects/mod.ts";
import { errorOf } from "./s3_fixture.ts";

const ENDPOINT = Deno.env.get("TRITON_TEST_S3");
const BUCKET = Deno.env.get("TRITON_TEST_S3_BUCKET") ?? "triton-contract";
/** A key that the server's KMS for tests has; see tests/support/radosgw.sh. */
const KEY = "triton-key";

/** Puts an object with settings, reads it, and returns what the server says of it. */
async function kept(client: S3Client, endpoint: string, settings: BucketSettings) {
  const folder = crypto.randomUUID();
  await using store = await openObjectStore(`${BUCKET}/${folder}`, { endpoint, ...settings });
  const body = new TextEncoder().encode("an archive");
  equal(await store.put("a", body, { ifAbsent: true }), "created");
  equal(await store.put("a", body, { ifAbsent: true }), "exists");
  deepEqual(await (await store.get("a")).bytes(), body);
  const [listed] = await Array.fromAsync(store.list(""));
  const object = { Bucket: BUCKET, Key: `${folder}/a` };
  const [head, { TagSet = [] }, { Grants = [] }] = await Promise.all([
    client.send(new HeadObjectCommand(object)),
    client.send(new GetObjectTaggingCommand(object)),
    client.send(new GetObjectAclCommand(object)),
  ]);
  const storageClass = (await store.head("a"))?.storageClass;
  equal(listed!.storageClass, storageClass);
  return {
    storageClass,
    sse: head.ServerSideEncryption,
    key: head.SSEKMSKeyId,
    tags: Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value])),
    isPublic: Grants.some(({ Grantee }) => Grantee?.URI?.endsWith("/AllUsers")),
  };
}

if (ENDPOINT === undefined) {
  console.warn(
    "\n!!! TRITON_TEST_S3 is not set: whether an S3 server keeps storage class, tags, encryption and " +
      "ACL was not tried; see tests/support/radosgw.sh\n",
  );
} else {
  Deno.test(`${ENDPOINT} keeps storage class, tags, encryption and ACL of what is put`, async () => {
    const client = new S3Client({ endpoint: ENDPOINT, forcePathStyle: true, region: "us-east-1" });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: Error) => {
      if (error.name !== "BucketAlreadyOwnedByYou") throw error;
    });
    const nothing = {
      ...{ storageClass: undefined, sse: undefined, key: undefined, tags: {}, isPublic: false },
    };
    const tags = { team: "data & co", "cost center": "ö" };
    const cases: [BucketSettings, Partial<Awaited<ReturnType<typeof kept>>>][] = [
      [{}, {}],
      [{ storageClass: "STANDARD_IA" }, { storageClass: "STANDARD_IA" }],
      [{ objectTags: tags }, { tags }],
      [{ sse: "aws:kms", sseKmsKeyId: KEY }, { sse: "aws:kms", key: KEY }],
      [{ sse: "aws:kms", sseKmsKeyId: KEY, bucketKeyEnabled: true }, { sse: "aws:kms", key: KEY }],
      [{ acl: "public-read" }, { isPublic: true }],
      [{ acl: "bucket-owner-full-control" }, {}],
      [{ expectedBucketOwner: "111122223333", requestPayer: "requester" }, {}],
    ];
    for (const [settings, expected] of cases) {
      const found = await kept(client, ENDPOINT, settings);
      deepEqual(found, { ...nothing, ...expected }, JSON.stringify(settings));
    }
    client.destroy();
  });

  Deno.test(`${ENDPOINT} encrypts an object, or its put fails`, async () => {
    const client = new S3Client({ endpoint: ENDPOINT, forcePathStyle: true, region: "us-east-1" });
    const options = { endpoint: ENDPOINT, sse: "AES256" } as const;
    await using store = await openObjectStore(`${BUCKET}/x`, options);
    const key = crypto.randomUUID();
    const result = await store.put(key, new Uint8Array(1)).catch(({ code }) => code);
    const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: `x/${key}` }));
    // Older radosgw ignores the header.
    equal(result, head.ServerSideEncryption === "AES256" ? "created" : "NotEncrypted");
    client.destroy();
  });

  Deno.test(`${ENDPOINT} refuses what it does not have`, async () => {
    for (const settings of [{ storageClass: "NOWHERE" }, { sse: "aws:kms:dsse" }] as const) {
      await using store = await openObjectStore(`${BUCKET}/x`, { endpoint: ENDPOINT, ...settings });
      const error = await errorOf(store.put(crypto.randomUUID(), new Uint8Array(1)));
      equal(error.retryable, false);
    }
  });
}
