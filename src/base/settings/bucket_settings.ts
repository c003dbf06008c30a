/**
 * How the objects of a bucket are written, and how the bucket is reached, as the library has it.
 *
 * @module
 */

/** What is sent with the requests for objects in S3. */
export interface RequestSettings {
  /**
   * Storage class of what is written, such as `"STANDARD_IA"` or `"GLACIER_IR"`; not `"GLACIER"` or
   * `"DEEP_ARCHIVE"`, which cannot be read at once. Default: that of the bucket.
   */
  readonly storageClass?: string | undefined;
  /** Tags of what is written: at most ten. Default: none. */
  readonly objectTags?: Readonly<Record<string, string>> | undefined;
  /** Encryption of what is written. Default: that of the bucket. */
  readonly sse?: ServerSideEncryption | undefined;
  /** With KMS: the key's ID, ARN or alias. Default: the key `aws/s3` of the account. */
  readonly sseKmsKeyId?: string | undefined;
  /** With `"aws:kms"`: whether S3 asks KMS less often, by a key for the bucket. */
  readonly bucketKeyEnabled?: boolean | undefined;
  /** Canned ACL of what is written, such as `"bucket-owner-full-control"`. Default: none. */
  readonly acl?: string | undefined;
  /** The account that must own the bucket: S3 refuses requests if another one does. */
  readonly expectedBucketOwner?: string | undefined;
  /** Whether the requester pays for requests and transfer, in a bucket that demands it. */
  readonly requestPayer?: "requester" | undefined;
}

/** How S3 encrypts objects: with its own keys, or with those of KMS, once or twice. */
export type ServerSideEncryption = "AES256" | "aws:kms" | "aws:kms:dsse";

/** Which of AWS's own endpoints of S3 is used. */
export interface EndpointSettings {
  /**
   * Whether the bucket is reached over IPv6, too. Default: `AWS_USE_DUALSTACK_ENDPOINT`, then
   * `use_dualstack_endpoint` of the profile.
   */
  readonly useDualstackEndpoint?: boolean | undefined;
  /**
   * Whether the bucket is reached at an endpoint that is validated for FIPS 140. Default:
   * `AWS_USE_FIPS_ENDPOINT`, then `use_fips_endpoint` of the profile.
   */
  readonly useFipsEndpoint?: boolean | undefined;
  /** Whether the bucket is reached by Transfer Acceleration. Default: false. */
  readonly useAccelerateEndpoint?: boolean | undefined;
}

/** How the objects of a bucket are written, and how the bucket is reached. */
export interface BucketSettings extends RequestSettings, EndpointSettings {}
