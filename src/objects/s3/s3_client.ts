import process from "node:process";
import type { S3Client } from "@aws-sdk/client-s3";
import { clientSettings, knowingItself } from "../../aws/client_settings.ts";
import {
  type Environment,
  type ProfileFiles,
  readProfile,
  readVariable,
} from "../../aws/credentials/profile.ts";
import { findEndpoint, findVariant } from "../../aws/endpoint.ts";
import type { BucketSettings } from "../../base/settings/bucket_settings.ts";
import type { S3Place } from "../../base/settings/bucket_url.ts";
import { checkReach, type Reach } from "./check_reach.ts";

/** Longest time without a byte in either direction, in milliseconds. */
const SILENCE_TIMEOUT_MS = 60_000;

/** The region if none is configured: it redirects to the region of a bucket. */
const DEFAULT_REGION = "us-east-1";

/** Options for S3: how the bucket is reached, and how its objects are written. */
export interface S3Options extends BucketSettings {
  /**
   * The region of the bucket; a redirect to another region is followed. Default: that of `AWS_REGION`
   * or of the profile, else `us-east-1`.
   */
  readonly region?: string | undefined;
  /**
   * URL of a server that speaks S3's protocol, with the bucket in the path. Default: that of
   * `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, or `endpoint_url` of the profile, else AWS's own.
   */
  readonly endpoint?: string | undefined;
  /** Environment variables. Default: those of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Credentials. Default: those that the AWS CLI would find. */
  readonly credentials?: {
    /** The access key's id. */
    readonly accessKeyId: string;
    /** The access key's secret. */
    readonly secretAccessKey: string;
    /** The session token of temporary keys. */
    readonly sessionToken?: string;
  };
  /** Called with the service's time, in whole seconds, of each response. */
  readonly onServerTime?: ((time: Date) => void) | undefined;
}

/** A client for one bucket, and how it reaches that. */
export interface ReachingClient {
  readonly client: S3Client;
  readonly reach: Reach;
}

/**
 * Makes a client for a bucket.
 *
 * @throws {ConfigError} If the bucket cannot be reached as the options and the environment say.
 */
export async function makeS3Client(place: S3Place, options: S3Options): Promise<ReachingClient> {
  const env = options.env ?? process.env;
  const reach = reachOf(place, options, { env, files: await readProfile(env) });
  checkReach(place, reach);
  const { S3Client } = await import("@aws-sdk/client-s3");
  const { credentials, onServerTime } = options;
  const { endpoint, useDualstackEndpoint, useFipsEndpoint, useAccelerateEndpoint } = reach;
  let { region } = reach;
  const client = new S3Client({
    ...await clientSettings({
      env: options.env,
      silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      onServerTime,
      onBucketRegion: (found) => region = found,
    }),
    // AWS's servers, such as VPC endpoints, know an access point by the host name.
    ...endpoint ? { endpoint, forcePathStyle: place.region === undefined } : {},
    ...credentials ? { credentials } : {},
    ...{ useDualstackEndpoint, useFipsEndpoint, useAccelerateEndpoint, useArnRegion: true },
    // The SDK repeats a request to the wrong region; the next ones go to the right region at once.
    region: () => Promise.resolve(region),
    followRegionRedirects: true,
    // The signature covers the body's SHA-256, and not every server supports other checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  return { client: knowingItself(client), reach };
}

/** Decides how a bucket is reached: by the options, else by the environment. */
function reachOf(
  place: S3Place,
  options: S3Options,
  { env, files }: { readonly env: Environment; readonly files: ProfileFiles },
): Reach {
  const endpoint = options.endpoint || findEndpoint("S3", env, files);
  const variant = findVariant(endpoint, env, files);
  const region = place.region || options.region || readVariable(env, "AWS_REGION") ||
    readVariable(env, "AWS_DEFAULT_REGION") || files.profile.region || DEFAULT_REGION;
  return {
    ...{ endpoint, region },
    useDualstackEndpoint: options.useDualstackEndpoint ?? variant.useDualstackEndpoint,
    useFipsEndpoint: options.useFipsEndpoint ?? variant.useFipsEndpoint,
    useAccelerateEndpoint: options.useAccelerateEndpoint,
  };
}
