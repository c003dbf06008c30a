import { DirectoryObjectStore } from "./directory/directory_object_store.ts";
import { isS3Url, parseS3Url, type S3Place } from "../base/settings/bucket_url.ts";
import { pathOfFileUrl } from "../base/settings/values.ts";
import { MemoryObjectStore } from "./memory/memory_object_store.ts";
import type { ObjectStore } from "./object_store.ts";
import { openS3ObjectStore } from "./s3/open_s3.ts";
import type { S3Options } from "./s3/s3_client.ts";

/** Options for {@linkcode openObjectStore}; all but `cwd` are for S3. */
export interface OpenObjectStoreOptions extends S3Options {
  /** The directory for `file:` URLs without a leading slash. Default: that of the process. */
  readonly cwd?: string;
}

/** An object store that holds connections until it is disposed. */
export type OpenedObjectStore = ObjectStore & AsyncDisposable;

/**
 * Opens an object store by its URL.
 *
 * | URL | store |
 * |---|---|
 * | `s3://bucket`, `s3://bucket/prefix` | a bucket, or a folder in it |
 * | `bucket`, `bucket/prefix` | the same |
 * | `s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/prefix` | a bucket by an access point |
 * | `file:///path` | a directory |
 * | `file:path` | a directory, relative to `cwd` |
 * | `memory:` | a new store in memory |
 *
 * Credentials for S3 are found as the AWS CLI finds them. No request is sent yet: a missing bucket
 * shows at the first request.
 *
 * @example Usage
 * ```ts
 * import { openObjectStore } from "@triton/triton/archive";
 * import { equal } from "node:assert/strict";
 * await using store = await openObjectStore("memory:");
 * await store.put("20150710/a", new Uint8Array(3));
 * equal((await store.head("20150710/a"))?.size, 3);
 * ```
 * @param url Where the objects are, as in the table.
 * @param options Region, endpoint and working directory.
 * @returns The store; dispose it when done.
 * @throws {TypeError} If `url` is none of these.
 * @throws {RangeError} If options contradict each other.
 * @throws {ConfigError} If the bucket cannot be reached as the options say.
 */
export async function openObjectStore(
  url: string,
  options: OpenObjectStoreOptions = {},
): Promise<OpenedObjectStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || isS3Url(url)) {
    return await openS3ObjectStore(s3Place(url), options);
  }
  if (scheme === "file") {
    return holdingNothing(new DirectoryObjectStore(pathOfFileUrl(url, options.cwd)));
  }
  if (url === "memory:") return holdingNothing(new MemoryObjectStore());
  throw new TypeError(`Cannot open object store ${JSON.stringify(url)}: ${ACCEPTED}`);
}

const ACCEPTED = "give s3://bucket/prefix, bucket/prefix, file:///path or memory:";

function s3Place(url: string): S3Place {
  const refuse = (why: string) => {
    throw new TypeError(`Cannot open object store ${JSON.stringify(url)}: ${why}`);
  };
  try {
    return parseS3Url(url) ?? refuse(`it has no bucket name; ${ACCEPTED}`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse(`${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`);
  }
}

/** Adds the method for `await using` to a store that has nothing to release. */
function holdingNothing<T extends ObjectStore>(store: T): T & AsyncDisposable {
  return Object.assign(store, { [Symbol.asyncDispose]: () => Promise.resolve() });
}
