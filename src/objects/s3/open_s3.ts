import process from "node:process";
import type { S3Client } from "@aws-sdk/client-s3";
import { clientSettings, knowingItself } from "../../aws/client_settings.ts";
import { findS3Endpoint } from "../../aws/endpoint.ts";
import { readProfile, readVariable } from "../../aws/credentials/profile.ts";
import type { ObjectStore } from "../object_store.ts";
import { S3ObjectStore, type S3ObjectStoreOptions } from "./s3_object_store.ts";

/** Options for S3. */
export interface S3Options {
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

/** Longest time without a byte in either direction, in milliseconds. */
const SILENCE_TIMEOUT_MS = 60_000;

/** The region if none is configured: it redirects to the region of a bucket. */
const DEFAULT_REGION = "us-east-1";

/** Opens a bucket, with a client that is destroyed with the store. */
export async function openS3ObjectStore(
  place: S3ObjectStoreOptions,
  options: S3Options,
): Promise<ObjectStore & AsyncDisposable> {
  const env = options.env ?? process.env;
  const files = await readProfile(env);
  const endpoint = options.endpoint || findS3Endpoint(env, files);
  const region = options.region || readVariable(env, "AWS_REGION") ||
    readVariable(env, "AWS_DEFAULT_REGION") || files.profile.region || DEFAULT_REGION;
  const client = await makeClient({ ...options, endpoint, region });
  return Object.assign(new S3ObjectStore(client, { ...place, endpoint }), {
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  });
}

async function makeClient(options: S3Options): Promise<S3Client> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  const { env, endpoint, credentials, onServerTime } = options;
  let region = options.region!;
  return knowingItself(
    new S3Client({
      ...await clientSettings({
        env,
        silenceTimeoutMs: SILENCE_TIMEOUT_MS,
        onServerTime,
        onBucketRegion: (found) => region = found,
      }),
      ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
      ...(credentials ? { credentials } : {}),
      // The SDK repeats a request to the wrong region; the next ones go to the right region at once.
      region: () => Promise.resolve(region),
      followRegionRedirects: true,
      // The signature covers the body's SHA-256, and not every server supports other checksums.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    }),
  );
}
