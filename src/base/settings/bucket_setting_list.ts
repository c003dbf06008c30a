/**
 * The settings of buckets, each named and described once: as a flag, as a key of the configuration and
 * as an option of the library.
 *
 * @module
 */

import type { BucketSettings } from "./bucket_settings.ts";
import {
  oneOf,
  parseAccount,
  parseKmsKey,
  parseStorageClass,
  parseTag,
  parseYesOrNo,
} from "./bucket_values.ts";

/** One of {@linkcode BucketSettings}: its names, and what its value may be. */
export interface BucketSetting {
  readonly property: keyof BucketSettings;
  /** The key in `archive:` of the configuration. */
  readonly key: string;
  /** The flag; tags are set by a flag each. */
  readonly flag: string;
  /** What the value of the flag is called; undefined if it has none, and sets `true`. */
  readonly value?: string;
  /** The value of the flag without one. */
  readonly preset?: string;
  readonly description: string;
  /** The values, if there are only a few. */
  readonly choices?: readonly string[];
  /** Whether it is about what is written; if not, commands that only read have it, too. */
  readonly isForWriting: boolean;
  /**
   * Parses the value of the flag or of the key; of `object_tags`, one `KEY=VALUE`.
   *
   * @throws {RangeError} If it is none; the message says what to use.
   */
  readonly parse: (text: string) => unknown;
}

/** All settings, in the order in which they are documented. */
export const BUCKET_SETTINGS: readonly BucketSetting[] = [
  {
    property: "storageClass",
    key: "storage_class",
    flag: "--storage-class",
    value: "class",
    description: "storage class of files that are written, such as STANDARD_IA or GLACIER_IR",
    isForWriting: true,
    parse: parseStorageClass,
  },
  {
    property: "objectTags",
    key: "object_tags",
    flag: "--object-tag",
    value: "key=value",
    description: "tag of files that are written (repeatable)",
    isForWriting: true,
    parse: parseTag,
  },
  chosen(["AES256", "aws:kms", "aws:kms:dsse"], {
    property: "sse",
    key: "sse",
    flag: "--sse",
    value: "encryption",
    description: "encryption of files that are written",
    isForWriting: true,
  }),
  {
    property: "sseKmsKeyId",
    key: "sse_kms_key_id",
    flag: "--sse-kms-key-id",
    value: "key",
    description: "with --sse aws:kms: ID, ARN or alias of the key",
    isForWriting: true,
    parse: parseKmsKey,
  },
  {
    property: "bucketKeyEnabled",
    key: "bucket_key_enabled",
    flag: "--bucket-key-enabled",
    description: "with --sse aws:kms: use an S3 Bucket Key, which saves requests to KMS",
    isForWriting: true,
    parse: parseYesOrNo,
  },
  chosen(
    [
      "bucket-owner-full-control",
      "bucket-owner-read",
      "private",
      "authenticated-read",
      "aws-exec-read",
      "public-read",
      "public-read-write",
    ],
    {
      property: "acl",
      key: "acl",
      flag: "--acl",
      value: "acl",
      description: "canned ACL of files that are written",
      isForWriting: true,
    },
  ),
  {
    property: "expectedBucketOwner",
    key: "expected_bucket_owner",
    flag: "--expected-bucket-owner",
    value: "account",
    description: "account that must own the bucket, else S3 refuses each request",
    isForWriting: false,
    parse: parseAccount,
  },
  chosen(["requester"], {
    property: "requestPayer",
    key: "request_payer",
    flag: "--request-payer",
    value: "who",
    preset: "requester",
    description: "who pays for requests to a Requester Pays bucket",
    isForWriting: false,
  }),
  {
    property: "useDualstackEndpoint",
    key: "use_dualstack_endpoint",
    flag: "--use-dualstack-endpoint",
    description: "reach the bucket over IPv6, too (Kinesis, too: $AWS_USE_DUALSTACK_ENDPOINT)",
    isForWriting: false,
    parse: parseYesOrNo,
  },
  {
    property: "useFipsEndpoint",
    key: "use_fips_endpoint",
    flag: "--use-fips-endpoint",
    description: "reach the bucket by its FIPS endpoint (Kinesis, too: $AWS_USE_FIPS_ENDPOINT)",
    isForWriting: false,
    parse: parseYesOrNo,
  },
  {
    property: "useAccelerateEndpoint",
    key: "use_accelerate_endpoint",
    flag: "--use-accelerate-endpoint",
    description: "reach the bucket by Transfer Acceleration",
    isForWriting: false,
    parse: parseYesOrNo,
  },
];

/** The setting of a property. */
export function settingOf(property: keyof BucketSettings): BucketSetting {
  return BUCKET_SETTINGS.find((setting) => setting.property === property)!;
}

/** Adds the parser to a setting that has only a few values. */
function chosen(
  choices: readonly string[],
  setting: Omit<BucketSetting, "choices" | "parse">,
): BucketSetting {
  return { ...setting, choices, parse: oneOf(choices) };
}
