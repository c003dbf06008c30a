import { BUCKET_SETTINGS, type BucketSetting, settingOf } from "./bucket_setting_list.ts";
import type { BucketSettings } from "./bucket_settings.ts";

/** How a setting is called where it was set. */
export type SettingName = (setting: BucketSetting) => string;

/** The settings among the properties of an object that may have more. */
export function bucketSettingsIn(from: BucketSettings): BucketSettings {
  const found = BUCKET_SETTINGS.map(({ property }) => [property, from[property]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/**
 * Adds to settings those that others have and they have not. The key of one encryption is not used
 * for another one.
 */
export function withDefaults(settings: BucketSettings, others: BucketSettings): BucketSettings {
  const merged = { ...bucketSettingsIn(others), ...bucketSettingsIn(settings) };
  if (settings.sse === undefined) return merged;
  const { sseKmsKeyId, bucketKeyEnabled } = settings;
  return bucketSettingsIn({ ...merged, sseKmsKeyId, bucketKeyEnabled });
}

/**
 * Checks that settings go together.
 *
 * @param nameOf How a setting is called where it was set.
 * @throws {RangeError} If they do not; the message names them.
 */
export function checkBucketSettings(
  { sse, sseKmsKeyId, bucketKeyEnabled, useFipsEndpoint, useAccelerateEndpoint }: BucketSettings,
  nameOf: SettingName,
): void {
  const name = (property: keyof BucketSettings) => nameOf(settingOf(property));
  const refuse = (what: keyof BucketSettings, why: string) => {
    throw new RangeError(`Cannot use ${name(what)} ${why}`);
  };
  const isKms = sse === "aws:kms" || sse === "aws:kms:dsse";
  if (sseKmsKeyId !== undefined && !isKms) {
    refuse("sseKmsKeyId", `without ${name("sse")} aws:kms or aws:kms:dsse`);
  }
  if (bucketKeyEnabled !== undefined && sse !== "aws:kms") {
    refuse("bucketKeyEnabled", `without ${name("sse")} aws:kms`);
  }
  if (useAccelerateEndpoint && useFipsEndpoint) {
    refuse(
      "useAccelerateEndpoint",
      `with ${name("useFipsEndpoint")}: Transfer Acceleration has no FIPS endpoint`,
    );
  }
}
