import { isS3Url, parseS3Url } from "../base/settings/bucket_url.ts";

/** The place of an object store, from its identity. */
export interface StorePlace {
  /** URL of the store, as `openObjectStore` takes it. */
  readonly url: string;
  /** URL of the server, if it is not AWS's. */
  readonly endpoint: string | undefined;
}

/** AWS's own servers: bucket names are unique among them, so they need no endpoint. */
const AWS_HOST = /\.(amazonaws\.com(\.cn)?|api\.aws)$/;
const AT = " at ";

/**
 * Makes the identity of a bucket, or of a folder in it.
 *
 * @param url URL of the bucket and folder, such as `s3://bucket/prefix`.
 * @param endpoint URL of the server, if given. The spelling matters: `localhost` is not `127.0.0.1`.
 * @returns The URL, followed by the normalised endpoint if that is not AWS's.
 */
export function s3Identity(url: string, endpoint: string | undefined): string {
  const server = endpoint && normalize(endpoint);
  return server ? `${url}${AT}${server}` : url;
}

/**
 * Parses an identity.
 *
 * @param identity What {@linkcode s3Identity} returned, or the URL of another store.
 */
export function parseIdentity(identity: string): StorePlace {
  const index = identity.lastIndexOf(`${AT}http`);
  if (index < 0) return { url: identity, endpoint: undefined };
  return { url: identity.slice(0, index), endpoint: identity.slice(index + AT.length) };
}

/**
 * The bucket of a store, for comparison: the folders of a bucket fail together.
 *
 * @param identity What {@linkcode s3Identity} returned, or the URL of another store.
 */
export function bucketOfIdentity(identity: string): string {
  const { url, endpoint } = parseIdentity(identity);
  const place = isS3Url(url) ? parseS3Url(url) : undefined;
  return s3Identity(place === undefined ? url : `s3://${place.bucket}`, endpoint);
}

/** Whether an endpoint is one of AWS's own, such as a VPC endpoint. */
export function isAwsEndpoint(endpoint: string): boolean {
  return URL.canParse(endpoint) && AWS_HOST.test(new URL(endpoint).hostname);
}

/** The normalised endpoint; undefined for AWS's own. */
function normalize(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return endpoint;
  const { protocol, host, pathname } = new URL(endpoint);
  return isAwsEndpoint(endpoint)
    ? undefined
    : `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
}
