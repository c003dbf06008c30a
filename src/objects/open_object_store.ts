import { DirectoryObjectStore } from "./directory/directory_object_store.ts";
import { pathOfFileUrl } from "../base/settings/values.ts";
import { MemoryObjectStore } from "./memory/memory_object_store.ts";
import type { ObjectStore } from "./object_store.ts";
import { openS3ObjectStore, type S3Options } from "./s3/open_s3.ts";

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
 */
export async function openObjectStore(
  url: string,
  options: OpenObjectStoreOptions = {},
): Promise<OpenedObjectStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === "s3") {
    return await openS3ObjectStore(parseS3Url(url), options);
  }
  if (scheme === "file") {
    return holdingNothing(new DirectoryObjectStore(pathOfFileUrl(url, options.cwd)));
  }
  if (url === "memory:") return holdingNothing(new MemoryObjectStore());
  throw new TypeError(`Cannot open object store ${JSON.stringify(url)}: ${ACCEPTED}`);
}

const ACCEPTED = "give s3://bucket/prefix, bucket/prefix, file:///path or memory:";

/** Bucket names of S3, and of older or other stores, which also allow capitals and `_`. */
const S3_URL = /^(?:s3:\/\/)?([A-Za-z0-9][A-Za-z0-9._-]{0,254})(?:\/(.*))?$/is;

function parseS3Url(url: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket, prefix = ""] = S3_URL.exec(url) ?? [];
  if (bucket === undefined) {
    throw new TypeError(
      `Cannot open object store ${JSON.stringify(url)}: it has no bucket name; ${ACCEPTED}`,
    );
  }
  return { bucket, prefix };
}

/** Adds the method for `await using` to a store that has nothing to release. */
function holdingNothing<T extends ObjectStore>(store: T): T & AsyncDisposable {
  return Object.assign(store, { [Symbol.asyncDispose]: () => Promise.resolve() });
}
