/** A bucket of S3 and a folder in it. */
export interface S3Place {
  /** The bucket's name, or the ARN of an access point. */
  readonly bucket: string;
  /** The folder, without slashes around it; empty for the whole bucket. */
  readonly prefix: string;
  /** The region of an access point, which its ARN names. */
  readonly region?: string;
}

/** Bucket names of S3, and of older or other stores, which also allow capitals and `_`. */
const NAMED = /^([A-Za-z0-9][A-Za-z0-9._-]{0,254})(?:\/(.*))?$/s;

/** The ARN of a bucket, which has neither region nor account. */
const BUCKET_ARN = /^arn:aws[a-z-]*:s3:::(.+)$/s;

/** An access point, or one of an Outpost: each part after a slash or a colon, as in the AWS CLI. */
const ACCESS_POINT =
  /^arn:(aws[a-z-]*):(s3|s3-outposts):([a-z0-9-]+):(\d{12}):(?:outpost[/:]([A-Za-z0-9-]{1,63})[/:])?accesspoint[/:]([A-Za-z0-9-]{1,63})(?:\/(.*))?$/s;

const MULTI_REGION = /^arn:aws[a-z-]*:s3::\d{12}:accesspoint[/:]/;
const OBJECT_LAMBDA = /^arn:aws[a-z-]*:s3-object-lambda:/;

/** Whether a text begins as a place in S3 does: with `s3://` or as an ARN. */
export function isS3Url(text: string): boolean {
  return /^(s3:\/\/|arn:)/i.test(text);
}

/**
 * Parses where objects are in S3: `s3://BUCKET/PREFIX`, with or without `s3://`; `BUCKET` may be the
 * ARN of an access point, as in the AWS CLI.
 *
 * @example Usage
 * ```ts
 * import { parseS3Url } from "./bucket_url.ts";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(parseS3Url("s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/logs/events"), {
 *   bucket: "arn:aws:s3:eu-west-1:111122223333:accesspoint/logs",
 *   prefix: "events",
 *   region: "eu-west-1",
 * });
 * ```
 * @returns The bucket and the folder; undefined if the text has no bucket.
 * @throws {RangeError} If it is an ARN that Triton cannot use; the message says what to use.
 */
export function parseS3Url(text: string): S3Place | undefined {
  const path = text.replace(/^s3:\/\//i, "");
  if (path.startsWith("arn:")) return parseArn(path);
  const [, bucket, prefix = ""] = NAMED.exec(path) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix: trimmed(prefix) };
}

function parseArn(arn: string): S3Place {
  const [, name] = BUCKET_ARN.exec(arn) ?? [];
  if (name !== undefined) {
    const place = NAMED.test(name) ? parseS3Url(name) : undefined;
    if (place !== undefined) return place;
  }
  if (MULTI_REGION.test(arn)) {
    throw new RangeError(
      "Use the access point of one region, or the bucket: requests to a multi-region access point " +
        "must be signed with SigV4A, which Triton does not have",
    );
  }
  if (OBJECT_LAMBDA.test(arn)) {
    throw new RangeError(
      "Use the access point behind it, or the bucket: an Object Lambda access point takes no files",
    );
  }
  const [, partition, service, region, account, outpost, point, prefix = ""] =
    ACCESS_POINT.exec(arn) ?? [];
  if (point === undefined || (service === "s3-outposts") !== (outpost !== undefined)) {
    throw new RangeError(
      "Use a bucket, or the ARN of an access point: arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME",
    );
  }
  const within = outpost === undefined ? "" : `outpost/${outpost}/`;
  const bucket = `arn:${partition}:${service}:${region}:${account}:${within}accesspoint/${point}`;
  return { bucket, prefix: trimmed(prefix), region: region! };
}

function trimmed(prefix: string): string {
  return prefix.replace(/^\/+|\/+$/g, "");
}
