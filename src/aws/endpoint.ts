import { type Environment, type ProfileFiles, readVariable } from "./credentials/profile.ts";

/**
 * Finds the URL of a server to use instead of S3: that of `AWS_ENDPOINT_URL_S3` or
 * `AWS_ENDPOINT_URL`, or of `endpoint_url` in the `services` section or in the profile.
 *
 * The SDK would find it, too, but then put the bucket into the host name.
 *
 * @returns The URL; undefined for AWS's own, as with `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`.
 */
export function findS3Endpoint(
  env: Environment,
  { profile, sections }: ProfileFiles,
): string | undefined {
  const ignores = readVariable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ||
    profile.ignore_configured_endpoint_urls;
  if (ignores?.toLowerCase() === "true") return undefined;
  return readVariable(env, "AWS_ENDPOINT_URL_S3") || readVariable(env, "AWS_ENDPOINT_URL") ||
    sections[`services.${profile.services}`]?.["s3.endpoint_url"] || profile.endpoint_url;
}
