import process from "node:process";
import type { Kinesis } from "@aws-sdk/client-kinesis";
import { clientSettings, knowingItself } from "../../aws/client_settings.ts";
import { readProfile } from "../../aws/credentials/profile.ts";
import { type EndpointVariant, findEndpoint, findVariant, NO_VARIANT } from "../../aws/endpoint.ts";
import { ConfigError } from "../../base/errors.ts";
import type { KinesisApi } from "../kinesis_api.ts";
import { SdkKinesis } from "./sdk_kinesis.ts";

/** Options for {@linkcode openKinesis}. */
export interface OpenKinesisOptions {
  /**
   * The AWS region. Default: that of the SDK, from `AWS_REGION` or the profile in `~/.aws/config`.
   */
  readonly region?: string | undefined;
  /**
   * URL of the service, for a local server or a VPC endpoint. Default: that of the SDK, from
   * `AWS_ENDPOINT_URL_KINESIS` or `AWS_ENDPOINT_URL`, else that of the region, which
   * `AWS_USE_DUALSTACK_ENDPOINT` and `AWS_USE_FIPS_ENDPOINT` choose.
   */
  readonly endpoint?: string | undefined;
  /** Credentials. Default: those that the SDK finds. */
  readonly credentials?: KinesisCredentials | undefined;
  /**
   * The ARN of a stream: requests then name streams by ARNs, those of its account and region. Default:
   * requests name streams by their names, which are those of the account of the credentials.
   */
  readonly streamArn?: string | undefined;
  /**
   * Longest time without a byte in either direction, in milliseconds: while connecting, before and
   * during the response. Default: 30,000.
   */
  readonly requestTimeoutMs?: number | undefined;
  /** Called with the service's time, in whole seconds, of each response. */
  readonly onServerTime?: ((time: Date) => void) | undefined;
}

/** Keys to sign requests with. */
export interface KinesisCredentials {
  /** The access key ID. */
  readonly accessKeyId: string;
  /** The secret access key. */
  readonly secretAccessKey: string;
  /** The session token of temporary keys. */
  readonly sessionToken?: string;
}

/**
 * Opens Kinesis, and loads the AWS SDK.
 *
 * No request is sent yet: a wrong endpoint or wrong keys show at the first one.
 *
 * @example Usage
 * ```ts
 * import { openKinesis } from "@triton/triton/kinesis";
 * await using kinesis = await openKinesis({
 *   region: "us-east-1",
 *   endpoint: "http://127.0.0.1:4567",
 *   credentials: { accessKeyId: "local", secretAccessKey: "local" },
 * });
 * ```
 * @param options Region, endpoint and credentials.
 * @returns The service; dispose it to close its connections.
 * @throws {ConfigError} If no region is set anywhere, or a variable is neither `true` nor `false`.
 */
export async function openKinesis(
  options: OpenKinesisOptions = {},
): Promise<KinesisApi & AsyncDisposable> {
  const { Kinesis } = await import("@aws-sdk/client-kinesis");
  const { region, endpoint, credentials, requestTimeoutMs = 30_000, onServerTime } = options;
  const { streamArn } = options;
  const client = knowingItself(
    new Kinesis({
      ...await clientSettings({ silenceTimeoutMs: requestTimeoutMs, onServerTime }),
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      ...await variantOf(endpoint),
    }),
  );
  const used = await requireRegion(client);
  return Object.assign(new SdkKinesis(client, { streamArn, region: used }), {
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  });
}

/** Which of AWS's own endpoints is used, if any. */
async function variantOf(endpoint: string | undefined): Promise<EndpointVariant> {
  if (endpoint !== undefined) return NO_VARIANT;
  const { env } = process;
  const files = await readProfile(env);
  return findVariant(findEndpoint("Kinesis", env, files), env, files);
}

/** Checks the region at once: the SDK would do it only at the first request. */
async function requireRegion(client: Kinesis): Promise<string> {
  try {
    return await client.config.region();
  } catch (cause) {
    client.destroy();
    throw new ConfigError(
      "Cannot open Kinesis: no region is set; set one in the configuration, or set AWS_REGION",
      { cause },
    );
  }
}
