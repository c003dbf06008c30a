import { TritonError } from "../../base/errors.ts";
import type { Config, StreamConfig } from "../../config/mod.ts";
import { quotedList } from "../../base/suggest.ts";
import type { BucketSettings } from "../../base/settings/bucket_settings.ts";
import { type BucketFlags, settingsOfMany } from "./bucket_flags.ts";
import { matchesAny } from "./name_pattern.ts";
import { bucketOf } from "./options.ts";
import type { Selection } from "./stream_selection.ts";
import { UsageError } from "./usage_error.ts";

/** A stream to archive: for whom, and where its archives go. */
export interface StreamJob {
  readonly config: StreamConfig;
  /** By the configuration, else by `--client-name`. */
  readonly client: string;
  /** By the configuration, else by `--bucket`. */
  readonly bucket: string;
  /** How the bucket is used: by the configuration, else by the flags. */
  readonly settings: BucketSettings;
}

/** The flags that are for all streams. */
export interface JobFlags extends BucketFlags {
  readonly clientName: string;
  readonly bucket?: string;
}

/** Identifies a job as the database does: a client archives a stream once. */
export function keyOfJob({ config, client }: StreamJob): string {
  return JSON.stringify([client, config.name]);
}

/**
 * Selects streams of the configuration.
 *
 * @throws {ConfigError} If there is none of that name.
 * @throws {UsageError} If a stream is named that is not to be archived.
 */
export function configuredStreams(
  config: Config,
  selection: Exclude<Selection, { readonly type: "account" }>,
): StreamConfig[] {
  if (selection.type === "all") {
    return config.streams.filter((stream) =>
      isEnabled(stream) && !matchesAny(selection.except, stream.logicalName)
    );
  }
  const streams = selection.names.map((name) => config.stream(name));
  const disabled = streams.find((stream) => !isEnabled(stream));
  if (disabled === undefined) return streams;
  const { logicalName: name } = disabled;
  throw new UsageError(
    `Stream "${name}" is not archived: the configuration has "enabled: false" in its "archive"`,
  );
}

/**
 * Adds to the names of streams of the account what the configuration says of them, if there is one.
 *
 * @param names Names in Kinesis.
 * @param place Region and endpoint where they were found, if they are set.
 */
export function accountStreams(
  names: readonly string[],
  config: Config | undefined,
  place: Pick<StreamConfig, "region" | "endpoint">,
): StreamConfig[] {
  const known = new Map(
    config?.streams.filter((stream) => isThere(stream, place)).map((one) => [one.name, one]),
  );
  return names
    .map((name) => ({ ...known.get(name) ?? { logicalName: name, name }, ...place }))
    .filter(isEnabled);
}

/** Whether a stream is in a region and behind an endpoint, as far as both are set. */
function isThere(
  stream: StreamConfig,
  place: Pick<StreamConfig, "region" | "endpoint">,
): boolean {
  const { region = place.region, endpoint = place.endpoint } = stream;
  return (place.region === undefined || region === place.region) && endpoint === place.endpoint;
}

function isEnabled({ archive }: StreamConfig): boolean {
  return archive?.enabled !== false;
}

/**
 * Decides for whom and where each stream is archived.
 *
 * @throws {UsageError} If a stream has no bucket, or settings of it do not go together.
 * @throws {TritonError} If the same client would archive a stream twice.
 */
export function jobsOf(streams: readonly StreamConfig[], flags: JobFlags): StreamJob[] {
  checkBuckets(streams, flags);
  const jobs = new Map<string, StreamJob>();
  for (const config of streams) {
    const { client = flags.clientName, bucket = bucketOf(flags) } = config.archive ?? {};
    const job = { config, client, bucket, settings: settingsOfMany(flags, config.archive) };
    const key = keyOfJob(job);
    const other = jobs.get(key);
    if (other !== undefined) throw duplicate(other, job);
    jobs.set(key, job);
  }
  return [...jobs.values()];
}

function checkBuckets(streams: readonly StreamConfig[], flags: JobFlags): void {
  if (flags.bucket !== undefined) return;
  const without = streams.filter(({ archive }) => archive?.bucket === undefined);
  if (without.length === 0) return;
  if (streams.length === 1) bucketOf(flags);
  throw new UsageError(
    `No bucket for ${
      quotedList(without.map(({ logicalName }) => logicalName))
    }: pass --bucket or ` +
      'set TRITON_BUCKET for all streams, or add "bucket" to "archive" in the configuration',
  );
}

function duplicate({ config: one, client }: StreamJob, { config: two }: StreamJob): TritonError {
  return new TritonError(
    `Cannot archive both "${one.logicalName}" and "${two.logicalName}": both are stream ` +
      `"${one.name}" with client "${client}"; leave one out, or add another "client" to its ` +
      '"archive" in the configuration',
  );
}
