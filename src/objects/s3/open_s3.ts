import { checkBucketSettings } from "../../base/settings/check_bucket_settings.ts";
import type { S3Place } from "../../base/settings/bucket_url.ts";
import type { ObjectStore } from "../object_store.ts";
import { makeS3Client, type S3Options } from "./s3_client.ts";
import { S3ObjectStore } from "./s3_object_store.ts";

/**
 * Opens a bucket, with a client that is destroyed with the store.
 *
 * @throws {RangeError} If settings contradict each other.
 * @throws {ConfigError} If the bucket cannot be reached as the options and the environment say.
 */
export async function openS3ObjectStore(
  place: S3Place,
  options: S3Options,
): Promise<ObjectStore & AsyncDisposable> {
  checkBucketSettings(options, ({ property }) => property);
  const { client, reach: { endpoint } } = await makeS3Client(place, options);
  return Object.assign(new S3ObjectStore(client, { ...options, ...place, endpoint }), {
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  });
}
