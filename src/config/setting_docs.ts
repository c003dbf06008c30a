/**
 * The settings of the configuration, each described once: for `triton help config`, and for the JSON
 * Schema that editors use.
 *
 * @module
 */

import { BUCKET_SETTINGS } from "../base/settings/bucket_setting_list.ts";
import type { BucketSetting } from "../base/settings/bucket_setting_list.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What one setting is for, and what its value may be. */
export interface SettingDoc {
  /** The key in the configuration. */
  readonly key: string;
  /** What it is for, in one or two sentences. */
  readonly description: string;
  /** A value, as one writes it in YAML. */
  readonly example: string;
  /** What stands beside the example: a few words. */
  readonly note: string;
  /** What the value may be, as far as JSON Schema can say it. */
  readonly value: JsonSchema;
}

/** The settings of a stream. */
export const STREAM_DOCS: readonly SettingDoc[] = [
  {
    key: "name",
    description: "Name of the stream in Kinesis, or its ARN, which also says the region.",
    example: "user_activity_prod",
    note: "the stream in Kinesis",
    value: {
      type: "string",
      pattern: "^(arn:aws[a-z-]*:kinesis:[a-z0-9-]+:\\d{12}:stream/)?[a-zA-Z0-9_.-]{1,128}$",
    },
  },
  {
    key: "partition_key",
    description: "The field of an event whose value picks its shard. Only needed to put events.",
    example: "user_id",
    note: 'the field of an event that picks its shard; only for "put"',
    value: { type: "string", minLength: 1 },
  },
  {
    key: "region",
    description: "AWS region of the stream. Default: AWS_REGION, then that of the AWS profile.",
    example: "us-west-1",
    note: "default: AWS_REGION, then the profile's",
    value: { type: "string", pattern: "^[a-zA-Z0-9-]{1,63}$" },
  },
  {
    key: "endpoint",
    description:
      "URL of the Kinesis service, for a local one. Default: AWS_ENDPOINT_URL_KINESIS, " +
      "then AWS_ENDPOINT_URL, then that of the region.",
    example: "http://localhost:4567",
    note: "default: AWS_ENDPOINT_URL_KINESIS",
    value: { type: "string", pattern: "^[hH][tT][tT][pP][sS]?://." },
  },
];

/** The settings of `archive:` that are not those of its bucket. */
const OWN_ARCHIVE_DOCS: readonly SettingDoc[] = [
  {
    key: "bucket",
    description: "Location of the archive: s3://BUCKET/PREFIX, BUCKET or file:///DIR. Default: " +
      "--bucket.",
    example: "s3://triton-prod/activity",
    note: "default: --bucket",
    value: { type: "string", minLength: 1 },
  },
  {
    key: "client",
    description: "Name of the client, which is part of the keys of archives and of the stream's " +
      "positions. Default: --client-name.",
    example: "store",
    note: "default: --client-name",
    value: { type: "string", pattern: "^[A-Za-z0-9_.]{1,128}$" },
  },
  {
    key: "rotate",
    description: "A new file is started at every multiple of this duration, from 1s to 24h. " +
      "Default: --rotate.",
    example: "15m",
    note: "default: --rotate",
    value: { type: "string", pattern: "^\\d+(\\.\\d+)?[smh]$" },
  },
  {
    key: "max_size",
    description: "A new file is started at this compressed size. Default: --max-size.",
    example: "64MiB",
    note: "default: --max-size",
    value: {
      anyOf: [
        { type: "number", minimum: 0.5 },
        { type: "string", pattern: "^\\d+(\\.\\d+)? ?([kKMG]?B|[KMG]|[KMG]iB)?$" },
      ],
    },
  },
  {
    key: "from",
    description: "Where to start shards that have no position: latest, trim-horizon, a day or a " +
      "time with its zone. Default: --from.",
    example: "2026-09-01",
    note: "default: --from",
    value: {
      anyOf: [{ enum: ["latest", "trim-horizon"] }, {
        type: "string",
        pattern: "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])" +
          "([Tt]([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?([Zz]|[+-]\\d\\d:\\d\\d))?$",
      }],
    },
  },
  {
    key: "enabled",
    description: "Whether --all-streams archives the stream. Default: true.",
    example: "true",
    note: "false: --all-streams leaves the stream out",
    value: { enum: [true, false, "true", "false"] },
  },
];

const BUCKET_EXAMPLES: Readonly<Record<string, readonly [example: string, note: string]>> = {
  storage_class: ["STANDARD_IA", "of what is written (--storage-class)"],
  object_tags: ["{ team: data }", "of what is written (--object-tag)"],
  sse: ["aws:kms", "or AES256, aws:kms:dsse (--sse)"],
  sse_kms_key_id: ["alias/archive", "with sse: aws:kms (--sse-kms-key-id)"],
  bucket_key_enabled: ["true", "with sse: aws:kms (--bucket-key-enabled)"],
  acl: ["bucket-owner-full-control", "of what is written (--acl)"],
  expected_bucket_owner: ["111122223333", "else S3 refuses requests (--expected-bucket-owner)"],
  request_payer: ["requester", "of a Requester Pays bucket (--request-payer)"],
  use_dualstack_endpoint: ["true", "default: AWS_USE_DUALSTACK_ENDPOINT"],
  use_fips_endpoint: ["false", "default: AWS_USE_FIPS_ENDPOINT"],
  use_accelerate_endpoint: ["false", "Transfer Acceleration (--use-accelerate-endpoint)"],
};

const SCALAR = { type: ["string", "number", "boolean"] };

const PATTERNS: Readonly<Record<string, string>> = {
  storage_class: "^(?!(GLACIER|DEEP_ARCHIVE)$)[A-Z][A-Z0-9_-]{0,63}$",
  sse_kms_key_id: "^[A-Za-z0-9:/_-]{1,2048}$",
};

/** The settings of `archive:`, in the order in which they are documented. */
export const ARCHIVE_DOCS: readonly SettingDoc[] = [
  ...OWN_ARCHIVE_DOCS,
  ...BUCKET_SETTINGS.map(bucketDoc),
];

/** Whether a setting is one of the bucket's, which are flags, too. */
export function isOfBucket({ key }: SettingDoc): boolean {
  return BUCKET_SETTINGS.some((setting) => setting.key === key);
}

/** A setting of buckets, which is described where it is a flag, too. */
function bucketDoc(setting: BucketSetting): SettingDoc {
  const { key, flag, description } = setting;
  const sentence = `${description.charAt(0).toUpperCase()}${
    description.slice(1)
  }. Default: ${flag}.`;
  const [example, note] = BUCKET_EXAMPLES[key] ?? [];
  if (example === undefined) throw new RangeError(`Cannot describe "${key}": add an example`);
  return { key, description: sentence, example, note: note!, value: valueOf(setting) };
}

/** What the value of a setting of buckets may be. */
function valueOf({ key, property, choices, value }: BucketSetting): JsonSchema {
  if (property === "objectTags") {
    return { type: "object", maxProperties: 10, additionalProperties: SCALAR };
  }
  if (choices !== undefined) return { enum: choices };
  if (value === undefined) return { enum: [true, false, "true", "false"] };
  const pattern = PATTERNS[key];
  if (pattern !== undefined) return { type: "string", pattern };
  if (property === "expectedBucketOwner") {
    return { anyOf: [{ type: "string", pattern: "^\\d{12}$" }, { type: "integer", minimum: 0 }] };
  }
  throw new RangeError(`Cannot describe "${key}": add what its value may be`);
}
