import { ConfigError } from "../../base/errors.ts";
import { settingOf } from "../../base/settings/bucket_setting_list.ts";
import type { EndpointSettings } from "../../base/settings/bucket_settings.ts";
import type { S3Place } from "../../base/settings/bucket_url.ts";
import { isAwsEndpoint } from "../store_identity.ts";

/** How a bucket is reached. */
export interface Reach extends EndpointSettings {
  /** URL of the server; undefined for AWS's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
}

/**
 * Checks that a bucket can be reached in a way. The SDK would do it only at the first request.
 *
 * @throws {ConfigError} If it cannot; the message names the settings.
 */
export function checkReach(place: S3Place, reach: Reach): void {
  const why = faultOf(place, reach);
  if (why !== undefined) throw new ConfigError(`Cannot open s3://${place.bucket}: ${why}`);
}

function faultOf({ bucket, region: isAccessPoint }: S3Place, reach: Reach): string | undefined {
  const { endpoint, region, useDualstackEndpoint, useFipsEndpoint, useAccelerateEndpoint } = reach;
  const chosen = (Object.keys(ENDPOINTS) as (keyof EndpointSettings)[])
    .find((name) => reach[name] === true);
  if (endpoint && chosen !== undefined) {
    return `${
      nameOf(chosen)
    } is for AWS's own endpoints, and the endpoint is set to ${endpoint}; ` +
      "remove one of them (the endpoint may come from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the " +
      "profile)";
  }
  if (endpoint && isAccessPoint && !isAwsEndpoint(endpoint)) {
    return `only AWS has access points, and the endpoint is set to ${endpoint}`;
  }
  if (useAccelerateEndpoint) {
    const accelerate = nameOf("useAccelerateEndpoint");
    if (useFipsEndpoint) {
      return `${accelerate} cannot be used with ${nameOf("useFipsEndpoint")} or ` +
        "AWS_USE_FIPS_ENDPOINT: Transfer Acceleration has no FIPS endpoint";
    }
    if (isAccessPoint) return `${accelerate} cannot be used with access points`;
    if (bucket.includes(".")) {
      return `${accelerate} cannot be used with a bucket that has a "." in its name`;
    }
    if (isInChina(region)) return `${accelerate} cannot be used in ${region}`;
  }
  if (useFipsEndpoint && isInChina(region)) {
    return `${nameOf("useFipsEndpoint")} cannot be used in ${region}, which has no FIPS endpoints`;
  }
  if (useDualstackEndpoint && bucket.includes(":s3-outposts:")) {
    return `${nameOf("useDualstackEndpoint")} cannot be used with access points of Outposts`;
  }
  return undefined;
}

const ENDPOINTS: Readonly<Record<keyof EndpointSettings, true>> = {
  useAccelerateEndpoint: true,
  useFipsEndpoint: true,
  useDualstackEndpoint: true,
};

/** The flag and the option of the library. */
function nameOf(name: keyof EndpointSettings): string {
  return `${settingOf(name).flag} (${name})`;
}

function isInChina(region: string): boolean {
  return region.startsWith("cn-");
}
