import { equal, match } from "node:assert/strict";
import type { RequestSettings } from "../../../src/base/settings/bucket_settings.ts";
import { openObjectStore } from "../../../src/objects/mod.ts";
import { startS3Server } from "../../support/s3_server.ts";
import { errorOf } from "./s3_fixture.ts";

/** The error of a put or a get to which S3 responds with this error. */
async function messageOf(
  act: "put" | "get",
  { code, message, more = "" }: { code: string; message: string; more?: string },
  settings: RequestSettings = {},
): Promise<string> {
  await using server = await startS3Server({ buckets: ["bucket"] });
  server.fault = () =>
    new Response(
      `<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`,
      { status: 403, headers: { "x-amz-request-id": "1" } },
    );
  await using store = await openObjectStore("s3://bucket", {
    ...settings,
    ...{ endpoint: server.url, env: {}, credentials: { accessKeyId: "a", secretAccessKey: "b" } },
  });
  const error = await errorOf(act === "put" ? store.put("a", new Uint8Array(9)) : store.get("a"));
  equal(error.code, code);
  return error.message.replace(/^Cannot (put|get) s3:\/\/bucket\/a: /, "");
}

const USER = "User: arn:aws:sts::111122223333:assumed-role/store/1 is not authorized to perform: ";
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

Deno.test("S3ObjectStore says that the KMS key is what access is denied to", async () => {
  const named = `${USER}kms:GenerateDataKey on resource: ${KEY} because no identity-based policy ` +
    "allows the kms:GenerateDataKey action";
  equal(
    await messageOf("put", { code: "AccessDenied", message: named }, { sse: "aws:kms" }),
    `access denied to the KMS key; allow kms:GenerateDataKey on ${KEY} in the policy of these ` +
      "credentials, and in that of the key if it is in another account",
  );
  const unnamed = "The ciphertext refers to a customer master key in KMS that you may not use";
  match(
    await messageOf("get", { code: "AccessDenied", message: unnamed }),
    /^access denied to the KMS key; allow kms:GenerateDataKey and kms:Decrypt on the key in/,
  );
});

Deno.test("S3ObjectStore names the action that S3 misses, and an owner that is not the expected one", async () => {
  const message = `${USER}s3:PutObjectTagging on resource: "arn:aws:s3:::bucket/a" because no ` +
    "identity-based policy allows it";
  equal(
    await messageOf("put", { code: "AccessDenied", message }),
    "access denied; allow s3:PutObjectTagging on arn:aws:s3:::bucket/a in the policy of these " +
      "credentials",
  );
  equal(
    await messageOf("get", { code: "AccessDenied", message: "Access Denied" }, {
      expectedBucketOwner: "111122223333",
    }),
    "access denied; check the policy of these credentials, and whether the bucket belongs to account " +
      "111122223333 (--expected-bucket-owner)",
  );
});

Deno.test("S3ObjectStore says what to do about storage classes and ACLs", async () => {
  const cold = { code: "InvalidObjectState", message: "The operation is not valid" };
  equal(
    await messageOf("get", { ...cold, more: "<StorageClass>DEEP_ARCHIVE</StorageClass>" }),
    "it is in DEEP_ARCHIVE; restore it first, with `aws s3api restore-object --restore-request Days=7`",
  );
  equal(
    await messageOf("get", { ...cold, more: "<StorageClass>INTELLIGENT_TIERING</StorageClass>" }),
    "it is in INTELLIGENT_TIERING; restore it first, with `aws s3api restore-object " +
      "--restore-request {}`",
  );
  const none = { code: "InvalidStorageClass", message: "The storage class is not valid" };
  equal(
    await messageOf("put", none, { storageClass: "COLD" }),
    "the bucket has no storage class COLD; choose another --storage-class",
  );
  const acl = { code: "AccessControlListNotSupported", message: "The bucket does not allow ACLs" };
  match(await messageOf("put", acl), /leave out --acl, or use bucket-owner-full-control$/);
});
