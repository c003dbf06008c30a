import { type Command, Option } from "commander";
import { BUCKET_SETTINGS, type BucketSetting } from "../../base/settings/bucket_setting_list.ts";
import type { BucketSettings } from "../../base/settings/bucket_settings.ts";
import { addTag } from "../../base/settings/bucket_values.ts";
import {
  bucketSettingsIn,
  checkBucketSettings,
  withDefaults,
} from "../../base/settings/check_bucket_settings.ts";
import { argument } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** The values of the flags, as a command gets them. */
export interface BucketFlags extends Omit<BucketSettings, "objectTags"> {
  readonly objectTag?: BucketSettings["objectTags"];
}

/** The heading of the flags in the help of a command. */
const HEADING = "Options for buckets in S3:";

/**
 * Adds the flags that say how a bucket is reached and, to a command that writes, how its objects are
 * written.
 */
export function addBucketFlags(command: Command, use: "read" | "write"): Command {
  for (const setting of BUCKET_SETTINGS) {
    if (use === "write" || !setting.isForWriting) command.addOption(optionOf(setting));
  }
  return command;
}

function optionOf(setting: BucketSetting): Option {
  const { flag, value, preset, description, choices, property, parse } = setting;
  const form = preset === undefined ? `<${value}>` : `[${value}]`;
  const option = new Option(value === undefined ? flag : `${flag} ${form}`, description);
  option.helpGroup(HEADING);
  if (preset !== undefined) option.preset(preset);
  if (choices !== undefined) return option.choices(choices);
  if (property === "objectTags") {
    type Tags = NonNullable<BucketSettings["objectTags"]>;
    return option.argParser((text: string, before?: Tags) =>
      argument(() => addTag(parse(text) as Tags, before))(text)
    );
  }
  return value === undefined ? option : option.argParser(argument(parse));
}

/** The settings that flags are for. */
function settingsOf({ objectTag, ...flags }: BucketFlags): BucketSettings {
  return bucketSettingsIn({ ...flags, objectTags: objectTag });
}

/**
 * How the bucket of a stream is used by a command that is about that stream: by the flags, else by the
 * configuration.
 *
 * @throws {UsageError} If settings do not go together.
 */
export function settingsOfStream(flags: BucketFlags, archive: BucketSettings = {}): BucketSettings {
  return checked(withDefaults(settingsOf(flags), archive));
}

/**
 * How the bucket of a stream is used where flags are for several buckets: by the configuration, else by
 * the flags.
 *
 * @throws {UsageError} If settings do not go together.
 */
export function settingsOfMany(flags: BucketFlags, archive: BucketSettings = {}): BucketSettings {
  return checked(withDefaults(archive, settingsOf(flags)));
}

function checked(settings: BucketSettings): BucketSettings {
  try {
    checkBucketSettings(settings, ({ flag }) => flag);
    return settings;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message);
  }
}
