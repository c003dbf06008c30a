import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { RequestSettings } from "../../base/settings/bucket_settings.ts";

/** What is sent with the requests for a bucket, as the SDK names it. */
export interface RequestFields {
  /** The bucket, and its owner: with each request. */
  readonly bucket: Pick<PutObjectCommandInput, "Bucket" | "ExpectedBucketOwner">;
  /** With each request but HeadBucket, which has no payer. */
  readonly all: RequestFields["bucket"] & Pick<PutObjectCommandInput, "RequestPayer">;
  /** With PutObject. */
  readonly put: RequestFields["all"] & PutFields;
}

type PutFields = Pick<
  PutObjectCommandInput,
  "StorageClass" | "Tagging" | "ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled" | "ACL"
>;

/** Decides what is sent with the requests for a bucket. */
export function requestFields(bucketName: string, settings: RequestSettings): RequestFields {
  const { expectedBucketOwner, requestPayer, objectTags } = settings;
  const bucket = { Bucket: bucketName, ExpectedBucketOwner: expectedBucketOwner };
  const all = { ...bucket, RequestPayer: requestPayer };
  const put: PutFields = {
    StorageClass: settings.storageClass as PutFields["StorageClass"],
    Tagging: objectTags && tagging(objectTags),
    ServerSideEncryption: settings.sse,
    SSEKMSKeyId: settings.sseKmsKeyId,
    BucketKeyEnabled: settings.bucketKeyEnabled,
    ACL: settings.acl as PutFields["ACL"],
  };
  return { bucket, all, put: { ...all, ...put } };
}

/** Tags in the form of a query; undefined if there are none. */
function tagging(tags: Readonly<Record<string, string>>): string | undefined {
  const pairs = Object.entries(tags)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? undefined : pairs.join("&");
}
