import { type ArchiveSettings, readArchiveSettings } from "./archive_settings.ts";
import { isArn, parseStreamArn } from "../base/settings/stream_arn.ts";
import { type Entry, isExtensionKey, type YamlText } from "./yaml.ts";

/** The configuration of one stream. */
export interface StreamConfig {
  /** The name that commands and programs use. */
  readonly logicalName: string;
  /** The stream's name in Kinesis. */
  readonly name: string;
  /** The field of an event whose value picks the shard; only needed to put events. */
  readonly partitionKey?: string | undefined;
  /** AWS region. If undefined, the AWS SDK uses `AWS_REGION`, then the profile's. */
  readonly region?: string | undefined;
  /** The stream's ARN, if the configuration names the stream by it: requests then do, too. */
  readonly arn?: string | undefined;
  /**
   * URL of the Kinesis service, for a local one. If undefined, the AWS SDK uses
   * `AWS_ENDPOINT_URL_KINESIS`, then `AWS_ENDPOINT_URL`, then that of the region.
   */
  readonly endpoint?: string | undefined;
  /** How `triton store` archives the stream, where that differs from its flags. */
  readonly archive?: ArchiveSettings | undefined;
}

/** A key of a stream: what its value must be, in words and as a test. */
interface Field {
  readonly property: "name" | "partitionKey" | "region" | "endpoint";
  readonly expected: string;
  readonly accepts: (text: string) => boolean;
}

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["name", {
    property: "name",
    expected: "be a Kinesis stream name: 1 to 128 letters, digits, hyphens, underscores and dots",
    accepts: (text) => isArn(text) || /^[a-zA-Z0-9_.-]{1,128}$/.test(text),
  }],
  ["partition_key", {
    property: "partitionKey",
    expected: "name a field of the events",
    accepts: (text) => text !== "",
  }],
  ["region", {
    property: "region",
    expected: 'be an AWS region, such as "us-east-1"',
    accepts: (text) => /^[a-zA-Z0-9-]{1,63}$/.test(text),
  }],
  ["endpoint", {
    property: "endpoint",
    expected: 'be an http:// or https:// URL without credentials, such as "http://localhost:4567"',
    accepts: isEndpoint,
  }],
]);

const KEYS = [...FIELDS.keys(), "archive"];

/** All keys of a stream. */
export const STREAM_KEYS: readonly string[] = KEYS;

/**
 * Reads one stream; adds mistakes to `yaml.problems` and then returns undefined.
 *
 * @param now The current time, in milliseconds since the Unix epoch.
 */
export function readStream(
  yaml: YamlText,
  logicalName: string,
  { entry, now }: { readonly entry: Entry; readonly now: number },
): StreamConfig | undefined {
  const entries = yaml.entries(entry.value, "key");
  if (entries === undefined) {
    yaml.report(
      `Stream "${logicalName}" must be a map: write "name: <the stream's name in Kinesis>" below it, indented`,
      yaml.placeOf(entry.value, entry.place),
    );
    return undefined;
  }
  const found: { -readonly [P in keyof StreamConfig]?: StreamConfig[P] } = { logicalName };
  for (const [key, setting] of entries) {
    const field = FIELDS.get(key);
    const what = `"${key}" of stream "${logicalName}"`;
    if (key === "archive") found.archive = readArchiveSettings(yaml, logicalName, { setting, now });
    else if (field !== undefined) found[field.property] = readField(yaml, what, field, setting);
    else if (!isExtensionKey(key)) {
      const where = `stream "${logicalName}"`;
      yaml.reportUnknown(key, setting, { where, thing: "a stream", keys: KEYS });
    }
  }
  if (!entries.has("name")) {
    yaml.report(
      `Missing "name" in stream "${logicalName}": add "name: <the stream's name in Kinesis>"`,
      entry.place,
    );
  }
  if (found.name === undefined) return undefined;
  return { ...found, logicalName, name: found.name, ...readArn(yaml, found, entries.get("name")!) };
}

/** What the ARN of a stream says, if it is named by one. */
function readArn(
  yaml: YamlText,
  { name, region }: { readonly name?: string; readonly region?: string | undefined },
  entry: Entry,
): Pick<StreamConfig, "name" | "region" | "arn"> | undefined {
  if (name === undefined || !isArn(name)) return undefined;
  try {
    return parseStreamArn(name, region);
  } catch (error) {
    yaml.report((error as RangeError).message, yaml.value(entry).place);
    return undefined;
  }
}

function readField(yaml: YamlText, what: string, field: Field, entry: Entry): string | undefined {
  const { type, source, place } = yaml.value(entry);
  if (type === "text") {
    if (field.accepts(source)) return source;
    yaml.report(`${what} must ${field.expected}, not ${JSON.stringify(source)}`, place);
  } else if (type === "number" || type === "boolean") {
    yaml.report(`${what} must be text, not a ${type}: write "${source}" in quotes`, place);
  } else {
    yaml.report(`${what} must ${field.expected}${type === "empty" ? "; it is empty" : ""}`, place);
  }
  return undefined;
}

function isEndpoint(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username === "" && url.password === "";
}

/**
 * Reads all streams; adds mistakes to `yaml.problems`. If the syntax is wrong, it reads none: checking
 * the rest would be guesswork.
 *
 * @param now The current time, in milliseconds since the Unix epoch. Default: none, so that `from` may
 * be later.
 */
export function readStreams(yaml: YamlText, now = Infinity): StreamConfig[] {
  if (yaml.problems.length > 0) return [];
  const entries = yaml.entries(yaml.root, "stream");
  const streams = [...entries ?? []].filter(([name, entry]) => !isExtension(yaml, name, entry));
  const example = '"user_activity:", and below it, indented, "name: user_activity_prod"';
  const report = (message: string) => yaml.report(message, yaml.placeOf(yaml.root));
  if (entries === undefined && !isEmpty(yaml.root)) {
    report(`The configuration must be a map of streams, such as ${example}`);
  } else if (streams.length === 0 && yaml.problems.length === 0) {
    report(`The configuration has no streams: add one, such as ${example}`);
  }
  return streams
    .map(([logicalName, entry]) => readStream(yaml, logicalName, { entry, now }))
    .filter((stream) => stream !== undefined);
}

/** Whether an entry is not a stream: its name begins with `x-`, and it has no name in Kinesis. */
function isExtension(yaml: YamlText, name: string, { value }: Entry): boolean {
  return isExtensionKey(name) && !yaml.entries(value, "key")?.has("name");
}

/** Whether the file is empty, or has only comments. */
function isEmpty(node: unknown): boolean {
  return node === null || (node as { value?: unknown }).value === null;
}
