import { deepEqual, doesNotThrow, equal, throws } from "node:assert/strict";
import { BUCKET_SETTINGS, settingOf } from "../../../src/base/settings/bucket_setting_list.ts";
import type { BucketSettings } from "../../../src/base/settings/bucket_settings.ts";
import { addTag } from "../../../src/base/settings/bucket_values.ts";
import {
  bucketSettingsIn,
  checkBucketSettings,
  withDefaults,
} from "../../../src/base/settings/check_bucket_settings.ts";

Deno.test("BUCKET_SETTINGS names each setting alike as flag, key and property", () => {
  for (const { property, key, flag } of BUCKET_SETTINGS) {
    equal(key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), property);
    // Each tag has a flag of its own.
    equal(flag, `--${key.replaceAll("_", "-").replace("object-tags", "object-tag")}`);
  }
});

Deno.test("each setting of a bucket takes what S3 takes, and says what to use", () => {
  const accepted: [keyof BucketSettings, string, unknown][] = [
    ["storageClass", "STANDARD_IA", "STANDARD_IA"],
    ["storageClass", "GLACIER_IR", "GLACIER_IR"],
    ["objectTags", "team=data=1", { team: "data=1" }],
    ["objectTags", "Größe=", { Größe: "" }],
    ["sse", "aws:kms:dsse", "aws:kms:dsse"],
    ["sseKmsKeyId", "alias/archive", "alias/archive"],
    ["bucketKeyEnabled", "false", false],
    ["acl", "bucket-owner-full-control", "bucket-owner-full-control"],
    ["expectedBucketOwner", "111122223333", "111122223333"],
    ["requestPayer", "requester", "requester"],
    ["useFipsEndpoint", "true", true],
  ];
  for (const [property, text, value] of accepted) {
    deepEqual(settingOf(property).parse(text), value);
  }
  const refused: [keyof BucketSettings, string, RegExp][] = [
    [
      "storageClass",
      "GLACIER",
      /^Use GLACIER_IR, or a lifecycle rule .* in GLACIER cannot be read/,
    ],
    ["storageClass", "DEEP_ARCHIVE", /until it is restored$/],
    ["storageClass", "standard", /^Use a storage class, such as STANDARD_IA/],
    ["objectTags", "team", /^Use KEY=VALUE, such as team=data$/],
    ["objectTags", "=data", /^Use KEY=VALUE/],
    ["objectTags", "aws:team=data", /"aws:" are reserved/],
    ["objectTags", "a=b&c", /in tags$/],
    ["objectTags", `a=${"b".repeat(257)}`, /256 for its value$/],
    ["sse", "aes256", /^Use AES256, aws:kms or aws:kms:dsse$/],
    ["sseKmsKeyId", "a key", /^Use the ID, the ARN or the alias/],
    ["bucketKeyEnabled", "yes", /^Use true or false$/],
    ["acl", "bucket-owner", /^Use bucket-owner-full-control, /],
    ["expectedBucketOwner", "1111", /12 digits/],
    ["requestPayer", "owner", /^Use requester$/],
  ];
  for (const [property, text, message] of refused) {
    throws(() => settingOf(property).parse(text), { name: "RangeError", message });
  }
});

Deno.test("addTag() has each key once, and at most ten", () => {
  deepEqual(addTag({ a: "1" }, { b: "2" }), { b: "2", a: "1" });
  deepEqual(addTag({ a: "1" }, { a: "1" }), { a: "1" });
  throws(() => addTag({ a: "1" }, { a: "2" }), /there is a=2/);
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, ""]));
  throws(() => addTag({ a: "1" }, ten), /at most 10 tags/);
});

Deno.test("checkBucketSettings() refuses what does not go together, and names both", () => {
  const refused: [BucketSettings, RegExp][] = [
    [{ sseKmsKeyId: "k" }, /^Cannot use --sse-kms-key-id without --sse aws:kms or aws:kms:dsse$/],
    [{ sse: "AES256", sseKmsKeyId: "k" }, /--sse-kms-key-id without --sse aws:kms/],
    [{ bucketKeyEnabled: true }, /^Cannot use --bucket-key-enabled without --sse aws:kms$/],
    [{ sse: "aws:kms:dsse", bucketKeyEnabled: true }, /--bucket-key-enabled without/],
    [
      { useAccelerateEndpoint: true, useFipsEndpoint: true },
      /^Cannot use --use-accelerate-endpoint with --use-fips-endpoint/,
    ],
  ];
  for (const [settings, message] of refused) {
    throws(() => checkBucketSettings(settings, ({ flag }) => flag), {
      name: "RangeError",
      message,
    });
  }
  const accepted: BucketSettings[] = [
    {},
    { sse: "aws:kms", sseKmsKeyId: "k", bucketKeyEnabled: true },
    { sse: "aws:kms:dsse", sseKmsKeyId: "k" },
    { useAccelerateEndpoint: true, useFipsEndpoint: false, useDualstackEndpoint: true },
  ];
  for (const settings of accepted) {
    doesNotThrow(() => checkBucketSettings(settings, ({ flag }) => flag));
  }
});

Deno.test("withDefaults() adds what is not set, but no key to another encryption", () => {
  const kms = { sse: "aws:kms", sseKmsKeyId: "k", bucketKeyEnabled: true } as const;
  deepEqual(withDefaults({ acl: "private" }, kms), { acl: "private", ...kms });
  deepEqual(withDefaults({ sse: "AES256" }, { ...kms, acl: "private" }), {
    sse: "AES256",
    acl: "private",
  });
  deepEqual(withDefaults({ storageClass: undefined }, { storageClass: "ONEZONE_IA" }), {
    storageClass: "ONEZONE_IA",
  });
  const more = { bucket: "b", acl: "private" };
  deepEqual(bucketSettingsIn(more), { acl: "private" });
});
