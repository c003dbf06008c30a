import { ConfigError } from "../base/errors.ts";
import { type Environment, type ProfileFiles, readVariable } from "./credentials/profile.ts";

/** A service that Triton calls. */
export type ServiceName = "S3" | "Kinesis";

/**
 * Finds the URL of a server to use instead of AWS's: that of `AWS_ENDPOINT_URL_S3` (or `_KINESIS`) or
 * `AWS_ENDPOINT_URL`, or of `endpoint_url` in the `services` section or in the profile.
 *
 * The SDK would find it, too, but then put the bucket into the host name.
 *
 * @returns The URL; undefined for AWS's own, as with `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`.
 */
export function findEndpoint(
  service: ServiceName,
  env: Environment,
  { profile, sections }: ProfileFiles,
): string | undefined {
  const ignores = readVariable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ||
    profile.ignore_configured_endpoint_urls;
  if (ignores?.toLowerCase() === "true") return undefined;
  const inSection = sections[`services.${profile.services}`]
    ?.[`${service.toLowerCase()}.endpoint_url`];
  return readVariable(env, `AWS_ENDPOINT_URL_${service.toUpperCase()}`) ||
    readVariable(env, "AWS_ENDPOINT_URL") || inSection || profile.endpoint_url;
}

/** Which of AWS's own endpoints of a service is used. */
export interface EndpointVariant {
  /** One that is reached over IPv6, too. */
  readonly useDualstackEndpoint: boolean;
  /** One that is validated for FIPS 140. */
  readonly useFipsEndpoint: boolean;
}

/** None of them: a server by its URL. */
export const NO_VARIANT: EndpointVariant = { useDualstackEndpoint: false, useFipsEndpoint: false };

/**
 * Finds which of AWS's own endpoints to use, by `AWS_USE_DUALSTACK_ENDPOINT` and
 * `AWS_USE_FIPS_ENDPOINT`, else by the profile.
 *
 * @param endpoint A URL that is set instead: it overrides both, by AWS's rules, which the SDK for
 * JavaScript does not follow.
 * @throws {ConfigError} If a value is neither `true` nor `false`.
 */
export function findVariant(
  endpoint: string | undefined,
  env: Environment,
  { profile }: ProfileFiles,
): EndpointVariant {
  if (endpoint) return NO_VARIANT;
  const find = (key: "use_dualstack_endpoint" | "use_fips_endpoint"): boolean => {
    const variable = `AWS_${key.toUpperCase()}`;
    const inEnv = readVariable(env, variable);
    const value = inEnv || profile[key] || "false";
    if (/^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
    const where = inEnv ? variable : `${key} of the profile`;
    throw new ConfigError(`Cannot use ${where} = ${JSON.stringify(value)}: use true or false`);
  };
  return {
    useDualstackEndpoint: find("use_dualstack_endpoint"),
    useFipsEndpoint: find("use_fips_endpoint"),
  };
}
