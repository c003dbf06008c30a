import { type FirstPosition, parseStartPosition } from "../base/settings/start_position.ts";
import { parseBucket, parseClientName, parseDuration, parseSize } from "../base/settings/values.ts";
import { BUCKET_SETTINGS } from "../base/settings/bucket_setting_list.ts";
import type { BucketSettings } from "../base/settings/bucket_settings.ts";
import { addTag, parseYesOrNo, tagOf } from "../base/settings/bucket_values.ts";
import { checkBucketSettings } from "../base/settings/check_bucket_settings.ts";
import { type Entry, isExtensionKey, type Value, type YamlText } from "./yaml.ts";

/** How one stream is archived: what differs from the flags of `triton store`. */
export interface ArchiveSettings extends BucketSettings {
  /** Location of the archive: `s3://BUCKET/PREFIX`, `BUCKET` or `file:///DIR`. */
  readonly bucket?: string | undefined;
  /** Name of the client, part of the archives' keys and of the stream's positions. */
  readonly client?: string | undefined;
  /** A new file is started at every multiple of this duration, in milliseconds. */
  readonly rotateMs?: number | undefined;
  /** A new file is started at this compressed size, in bytes. */
  readonly maxSize?: number | undefined;
  /** Where to start shards without a position. */
  readonly from?: FirstPosition | undefined;
  /** Whether the stream is archived. Default: true. */
  readonly enabled?: boolean | undefined;
}

/** A key of `archive:`. */
interface Field {
  readonly property: keyof ArchiveSettings;
  /** The types that its value may have. */
  readonly types: readonly Value["type"][];
  /** Throws a `RangeError` that says what would be right. */
  readonly parse: (text: string, now: number) => unknown;
}

const [TEXT, MEASURE] = [["text"], ["text", "number"]] as const;

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["bucket", { property: "bucket", types: TEXT, parse: parseBucket }],
  ["client", { property: "client", types: TEXT, parse: parseClientName }],
  ["rotate", { property: "rotateMs", types: MEASURE, parse: parseDuration }],
  ["max_size", { property: "maxSize", types: MEASURE, parse: parseSize }],
  ["from", { property: "from", types: MEASURE, parse: parseStartPosition }],
  ["enabled", { property: "enabled", types: ["boolean", ...MEASURE], parse: parseYesOrNo }],
  // The account that owns a bucket looks like a number.
  ...BUCKET_SETTINGS.map(({ property, key, value, parse }): [string, Field] => [
    key,
    { property, types: value === undefined ? ["boolean", "text"] : MEASURE, parse },
  ]),
]);

const KEYS = [...FIELDS.keys()];

/** All keys of `archive:`. */
export const ARCHIVE_KEYS: readonly string[] = KEYS;

/**
 * Reads `archive:` of a stream; adds mistakes to `yaml.problems`.
 *
 * @param now The current time, in milliseconds since the Unix epoch: `from` may not be later.
 */
export function readArchiveSettings(
  yaml: YamlText,
  logicalName: string,
  { setting, now }: { readonly setting: Entry; readonly now: number },
): ArchiveSettings {
  const where = `"archive" of stream "${logicalName}"`;
  const entries = yaml.entries(setting.value, "key");
  if (entries === undefined) {
    const { place } = yaml.value(setting);
    yaml.report(`${where} must be a map: write "rotate: 1h", say, below it, indented`, place);
  }
  const found: { -readonly [P in keyof ArchiveSettings]?: unknown } = {};
  for (const [key, entry] of entries ?? []) {
    const field = FIELDS.get(key);
    if (isExtensionKey(key)) continue;
    const what = `"${key}" in ${where}`;
    if (field === undefined) {
      yaml.reportUnknown(key, entry, { where, thing: '"archive"', keys: KEYS });
    } else if (field.property === "objectTags") found.objectTags = readTags(yaml, what, entry);
    else found[field.property] = readField(yaml, what, { field, entry, now });
  }
  checkTogether(yaml, where, { found: found as ArchiveSettings, setting });
  return Object.freeze(found) as ArchiveSettings;
}

/** Reads the tags of objects: a map of texts. */
function readTags(yaml: YamlText, what: string, entry: Entry): ArchiveSettings["objectTags"] {
  const entries = yaml.entries(entry.value, "tag");
  if (entries === undefined) {
    const { place } = yaml.value(entry);
    yaml.report(`${what} must be a map: write "team: data", say, below it, indented`, place);
  }
  let tags: NonNullable<ArchiveSettings["objectTags"]> = {};
  for (const [key, value] of entries ?? []) {
    const parse = (text: string) => tags = addTag(tagOf(key, text), tags);
    const field: Field = { property: "objectTags", types: [...MEASURE, "boolean"], parse };
    readField(yaml, `"${key}" in ${what}`, { field, entry: value, now: 0 });
  }
  return Object.freeze(tags);
}

/** Reports settings that do not go together. */
function checkTogether(
  yaml: YamlText,
  where: string,
  { found, setting }: { readonly found: ArchiveSettings; readonly setting: Entry },
): void {
  // What is wrong by itself would seem to be missing.
  if (Object.values(found).includes(undefined)) return;
  try {
    checkBucketSettings(found, ({ key }) => `"${key}"`);
  } catch (error) {
    yaml.report(`${(error as RangeError).message}, in ${where}`, setting.place);
  }
}

function readField(
  yaml: YamlText,
  what: string,
  { field, entry, now }: { readonly field: Field; readonly entry: Entry; readonly now: number },
): unknown {
  const { type, source, place } = yaml.value(entry);
  try {
    if (field.types.includes(type)) return field.parse(source, now);
  } catch (error) {
    const { message } = error as RangeError;
    const is = message.includes(`"${source}"`) ? "" : ` is ${JSON.stringify(source)}`;
    yaml.report(`${what}${is}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`, place);
    return undefined;
  }
  yaml.report(
    type === "number" || type === "boolean"
      ? `${what} must be text, not a ${type}: write "${source}" in quotes`
      : `${what} must be a single value${type === "empty" ? "; it is empty" : ""}`,
    place,
  );
  return undefined;
}
